"""The configuration of a run: the flags of the command line, and what a run stores of itself, are one dataclass."""

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from svae_lib.errors import InputError
from svae_lib.experiment.flags import check_fields, flag, flags_by_name, resolve_alias
from svae_lib.latent_spaces.names import Factor, parse_name, product_name
from svae_lib.reading import full_path, parse_json

_COVARIANCES = ("diagonal", "single", "full")
_LIKELIHOODS = ("bernoulli", "gaussian", "categorical")
_CONCENTRATION_HEADS = ("softplus", "squared_softplus", "exp", "inverse_variance")
_NETWORKS = ("mlp", "cnn")


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """The configuration of a run, checked.

    Every field is a flag of `svae train`, whose help says what it means: `learning_rate` is --learning-rate. The names
    are those of `fit`, `build_vae`, `parse_latent_space` and `evaluate`; the names of the papers' code are aliases at
    the command line and in a sweep's file. None stands for a default that depends on other fields, and is replaced by
    it.

    Raises:
        InputError: A value is not possible; names the flag, the value and what it may be.

    Example:
        >>> experiment = Experiment(latent="s4,s4", epochs=30)
        >>> experiment.kl_warmup, experiment.likelihood, experiment == Experiment.from_json(experiment.to_json())
        (10, 'bernoulli', True)
    """

    # fmt: off
    latent: str = flag("s2", "", "model", "s9 (vMF), p4 (Power Spherical), c4 (spherical "
                       "Cauchy), e2 (Gaussian), 10xs4, s4,s4,e2; in place of -n, -dis, -z and -zd")
    radius: float | str = flag("sqrt_m", "", "model", "radius of the spheres; sqrt_m gives each its own; the papers: 1",
                               above=0, words=("sqrt_m",))
    learn_radius: bool = flag(False, "", "model", "train the radius, starting from --radius")
    concentration_floor: float = flag(1.0, "", "model", "smallest concentration of a posterior", minimum=0)
    concentration_head: str = flag("inverse_variance", "", "model", "from an output of the encoder to a "
                                   "concentration; the papers: softplus", choices=_CONCENTRATION_HEADS,
                                   when_missing="softplus")
    covariance: str = flag("diagonal", "-cvm --covariance_matrix", "model", "of Gaussians", choices=_COVARIANCES)
    learn_scale: bool = flag(False, "", "model", "train the scale of Gaussian codes, from 1", when_missing=False)
    hidden: tuple[int, ...] = flag((256, 128), "-hd --h_dims --h", "model", "hidden sizes", minimum=1, maximum=10_000)
    encoder_network: str = flag("mlp", "-et --encode_type", "model", "of the encoder", choices=_NETWORKS)
    decoder_network: str = flag("mlp", "-dt --decode_type", "model", "of the decoder", choices=_NETWORKS)
    likelihood: str | None = flag(None, "-lf --loss_function", "model", "of the pixels: bernoulli (black or white; the "
                                  "papers' bce), gaussian (mse) or categorical (256 levels); for color one of the last "
                                  "two; default: bernoulli, for frey_faces categorical", choices=_LIKELIHOODS,
                                  value_aliases={"bce": "bernoulli", "mse": "gaussian"})
    sigma: float | None = flag(None, "", "model", "standard deviation of gaussian pixels; default: learned", above=0)

    beta: float = flag(1.0, "-b", "objective", "weight of the KL", minimum=0)
    kl_warmup: int | None = flag(None, "-klw", "objective", "epochs in which that weight rises from 0; "
                                 "default: a third of all, at most 20", minimum=0)
    kl_freeze: int = flag(0, "-klf", "objective", "epochs without KL before them", minimum=0)
    kl_target: float = flag(0.0, "-klt", "objective", "the KL to aim at, in nats", minimum=0)

    epochs: int = flag(60, "-e", "training", "passes over the training images", minimum=1)
    batch_size: int = flag(100, "-bs", "training", "images per step", minimum=1)
    learning_rate: float = flag(1e-3, "-lr --lr", "training", "learning rate of Adam", above=0)
    clip: float | None = flag(None, "", "training", "clip the gradient to this norm; default: no", above=0)
    radius_learning_rate: float | None = flag(None, "", "training", "of learned radii and scales; default: as all",
                                              above=0, when_missing=None)
    burn_in: int | None = flag(None, "-bi", "training", "epochs that cannot be best; default: the warm-up", minimum=0)
    look_ahead: int = flag(50, "-la", "training", "stop after so many epochs without a gain", minimum=1)
    min_improvement: float = flag(0.01, "-mi --min_improv", "training", "nats that count as a gain", minimum=0)
    max_restarts: int = flag(20, "-mr", "training", "restarts after a loss that is not finite", minimum=0)
    seed: int = flag(0, "-rs --rs", "training", "seed of the weights and of all noise", minimum=0)

    dataset: str = flag("mnist_5k", "-d", "data", "a name from `svae data list`, or a path to your images")
    data_dir: str | None = flag(None, "", "data", "where data sets are; default: SVAE_DATA, then a cache", runtime=True)
    binarize_once: bool = flag(False, "-bnz --binarize", "data", "binarize training images once, not in every epoch")

    num_importance_samples: int = flag(100, "-lls --ll_sample", "evaluation", "for the log-likelihood", minimum=1)
    validate_log_likelihood: bool = flag(False, "-vll --val_nll", "evaluation", "log-likelihood at each validation too")
    validate_every: int = flag(1, "-vf --val_f", "evaluation", "epochs between validations", minimum=1)

    save_every: int = flag(5, "-sf --save_f", "running", "epochs between checkpoints", minimum=1, runtime=True)
    print_every: int = flag(1, "-pf --pf", "running", "epochs between printed lines", minimum=1, runtime=True)
    verbosity: int = flag(0, "-v", "running", "0: a progress bar (lines where there is no terminal); "
                          "1: lines too; 2: the configuration too", minimum=0, maximum=2, runtime=True)
    device: str = flag("auto", "", "running", "auto (cuda where there is one), cpu, cuda, cuda:1, mps", runtime=True)
    threads: int | None = flag(None, "", "running", "CPU threads; default: as many as pay", minimum=1, maximum=1024,
                               runtime=True)
    # fmt: on

    def __post_init__(self):
        check_fields(self)
        parse_name(self.latent)
        given = asdict(self)
        if self.data_dir is not None:
            given["data_dir"] = str(full_path(self.data_dir))
        if os.sep in self.dataset or Path(self.dataset).suffix:
            given["dataset"] = str(full_path(self.dataset))  # a run may be read from another folder
        if self.likelihood is None:
            given["likelihood"] = "categorical" if self.dataset == "frey_faces" else "bernoulli"
        if self.kl_warmup is None:
            given["kl_warmup"] = min(20, self.epochs // 3)
        if self.burn_in is None:
            given["burn_in"] = self.kl_freeze + given["kl_warmup"]
        for name, value in given.items():
            object.__setattr__(self, name, value)

    def select(self, *names: str) -> dict[str, Any]:
        """Some fields by name, as keyword arguments for the function that has the same names."""
        return {name: getattr(self, name) for name in names}

    def without_runtime(self) -> "Experiment":
        """The same experiment, whatever a run may be resumed with: its device, its threads, where its data are."""
        return replace(self, **{spec.name: spec.default for spec in fields(self) if spec.metadata.get("runtime")})

    def difference(self, other: "Experiment", *but: str) -> str | None:
        """The name of the first field that differs, of those that a run cannot be resumed with another value of.

        Args:
            other: Another experiment.
            *but: Fields that may differ too.
        """
        names = [spec.name for spec in fields(self) if not spec.metadata.get("runtime") and spec.name not in but]
        return next((name for name in names if getattr(self, name) != getattr(other, name)), None)

    def to_json(self) -> str:
        """The fields as a JSON object, which from_json reads."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, where: str = "experiment.json") -> "Experiment":
        """Read what to_json wrote, in this version or in 0.1.0, whose names are the papers'.

        Args:
            text: A JSON object.
            where: The file it is from, for the error.

        Returns:
            The experiment.

        Raises:
            InputError: The text is no JSON object, a key is unknown, missing or given twice, or a value not possible.

        Example:
            >>> old = Experiment(likelihood="gaussian").to_json().replace('"likelihood"', '"loss_function"')
            >>> Experiment.from_json(old.replace("gaussian", "mse")).likelihood
            'gaussian'
        """
        stored = parse_json(text)
        if not isinstance(stored, dict):
            raise InputError(f"{where} is not the JSON of an experiment")
        known = [spec.name for spec in fields(cls)]
        flags, values, wrong = flags_by_name(fields(cls)), {}, []
        for key, value in stored.items():
            if key not in flags:
                wrong.append(f"unknown key {key!r}")
            elif flags[key].name in values:
                wrong.append(f"{key!r} gives {flags[key].name} a second time")
            else:
                values[flags[key].name] = resolve_alias(flags[key], value)
        added = {spec.name: spec.metadata["when_missing"] for spec in fields(cls) if "when_missing" in spec.metadata}
        values = added | values
        wrong += [f"missing key {name!r}" for name in known if name not in values]
        if wrong:
            raise InputError(f"{where}: {wrong[0]}; the keys are {', '.join(known)}")
        return cls(**values)


PAPERS: dict[str, Any] = {  # arXiv 1804.00891; for its "until convergence" the authors' later scripts have 300 epochs
    "radius": 1.0, "concentration_floor": 1.0, "concentration_head": "softplus", "hidden": (256, 128), "epochs": 300,
    "batch_size": 64, "learning_rate": 1e-3, "kl_warmup": 100, "look_ahead": 50, "num_importance_samples": 500,
}  # fmt: skip
_PAPERS_TEXT = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in PAPERS.items())


@dataclass(frozen=True, kw_only=True)
class PaperSpace:
    """The latent space in the flags of the papers' code, dimensions being the manifold's; and whether PAPERS apply.

    Raises:
        InputError: A value is not possible, or two contradict each other.

    Example:
        >>> PaperSpace(z=10).latent, PaperSpace(name="productspace", z_dims=(4, 4)).latent
        ('s10', 's4,s4')
    """

    # fmt: off
    name: str = flag("vmf", "-n", "model", "kind of model", choices=("vmf", "normal", "productspace"))
    distribution: str | None = flag(None, "-dis", "model", "factors of a productspace; default: vmf",
                                    choices=("vmf", "normal"))
    z: int = flag(2, "-z", "model", "dimension of a vmf or normal: 2 is S^2", minimum=1)
    z_dims: tuple[int, ...] = flag((2, 3), "-zd", "model", "dimensions of a productspace's factors", minimum=1)
    papers: bool = flag(False, "", "the papers' settings", f"{_PAPERS_TEXT}; flags given beside it override these, "
                        "and choose data and latent space")
    # fmt: on

    def __post_init__(self):
        check_fields(self)
        if self.name != "productspace" and self.distribution not in (None, self.name):
            raise InputError(
                f"-dis {self.distribution} with -n {self.name}: -dis is for the factors of -n productspace"
            )

    @property
    def latent(self) -> str:
        """The space's name, as Experiment.latent has it."""
        is_product = self.name == "productspace"
        family = "euclidean" if "normal" in (self.name, self.distribution) else "vmf"
        names = [str(Factor(family, dim)) for dim in (self.z_dims if is_product else [self.z])]
        return product_name(names) if is_product and len(names) == 1 else ",".join(names)


FLAGS = (*fields(PaperSpace), *fields(Experiment))  # of `svae train`
RUNTIME = ("data_dir", "device", "threads")  # flags of every command that reads or makes runs


def build_experiment(given: dict[str, Any], stored: Experiment | None = None) -> Experiment:
    """The experiment of some flags.

    Args:
        given: Values by field of Experiment or PaperSpace: the latter's stand in place of `latent`, and `papers` for
            PAPERS, which the others override.
        stored: The configuration of a run that is resumed, which fills the rest.

    Returns:
        The experiment.

    Raises:
        InputError: Both `latent` and what replaces it are given; and as PaperSpace and Experiment.

    Example:
        >>> build_experiment({"name": "normal", "z": 5, "seed": 1}) == Experiment(latent="e5", seed=1)
        True
        >>> build_experiment({"papers": True, "epochs": 9}) == Experiment(**PAPERS | {"epochs": 9})
        True
    """
    papers = {spec.name: given[spec.name] for spec in fields(PaperSpace) if spec.name in given}
    own = {name: value for name, value in given.items() if name not in papers}
    space = PaperSpace(**papers)
    if papers.keys() - {"papers"}:
        if "latent" in own:
            raise InputError(f"--latent {own['latent']} replaces -n, -dis, -z and -zd: leave one or the other out")
        own["latent"] = space.latent
    own = PAPERS | own if space.papers else own
    return replace(stored, **own) if stored else Experiment(**own)
