"""Hyperspherical latent spaces: distributions on the sphere, and the variational auto-encoders built on them.

The public names below load on first use, so that `import svae_lib` and `svae --help` stay quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOME_OF = {
    "HypersphericalUniform": "distributions",
    "VonMisesFisher": "distributions",
    "PowerSpherical": "distributions",
    "ProductDistribution": "distributions",
    "Euclidean": "latent_spaces",
    "Sphere": "latent_spaces",
    "ProductSpace": "latent_spaces",
    "parse_latent_space": "latent_spaces",
    "VAE": "models",
    "ProductSpaceVAE": "models",
    "build_vae": "models",
    "load_dataset": "datasets",
    "fit": "training",
    "Schedule": "training",
    "evaluate": "evaluation",
    "Experiment": "experiment",
    "load_model": "experiment",
    "run_experiment": "experiment",
}
__all__ = sorted(_HOME_OF)

if TYPE_CHECKING:  # for editors and type checkers, which do not run __getattr__
    # ruff: noqa: F401
    from svae_lib.datasets import load_dataset
    from svae_lib.distributions import HypersphericalUniform, PowerSpherical, ProductDistribution, VonMisesFisher
    from svae_lib.evaluation import evaluate
    from svae_lib.experiment import Experiment, load_model, run_experiment
    from svae_lib.latent_spaces import Euclidean, ProductSpace, Sphere, parse_latent_space
    from svae_lib.models import VAE, ProductSpaceVAE, build_vae
    from svae_lib.training import Schedule, fit


def __getattr__(name: str):
    if name not in _HOME_OF:
        raise AttributeError(f"module 'svae_lib' has no attribute {name!r}")
    value = getattr(import_module(f"svae_lib.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
