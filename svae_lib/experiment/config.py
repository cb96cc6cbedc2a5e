"""What defines a run: the flags of the command line, and what a run stores of itself, are one dataclass."""

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from svae_lib.errors import InputError
from svae_lib.experiment.flags import check_fields, flag
from svae_lib.latent_spaces.names import Factor, parse_name, product_name

LIKELIHOODS = {"bce": "bernoulli", "mse": "gaussian", "categorical": "categorical"}
_COVARIANCES = ("diagonal", "single", "full")
_NETWORKS = ("mlp", "cnn")


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """All that defines a run, checked. The fields are the flags of `svae train`; None stands for a default that
    depends on other fields, and is replaced by it.

    Errors: InputError naming the flag, the value and what it may be.

    >>> experiment = Experiment(latent="s4,s4", epochs=30)
    >>> experiment.kl_warmup, experiment.loss_function, experiment == Experiment.from_json(experiment.to_json())
    (10, 'bce', True)
    """

    # fmt: off
    latent: str = flag("s2", "--latent", "model", "s9 (vMF), p4 (Power Spherical), e2 (Gaussian), 10xs4, s4,s4,e2; "
                       "in place of -n, -dis, -z and -zd")
    radius: float = flag(1.0, "--radius", "model", "radius of the spheres", above=0)
    learn_radius: bool = flag(False, "--learn-radius", "model", "train the radius, starting from --radius")
    concentration_floor: float = flag(1.0, "--concentration-floor", "model", "least kappa of a posterior", low=0)
    covariance_matrix: str = flag("diagonal", "-cvm --covariance_matrix", "model", "of Gaussian posteriors",
                                  choices=_COVARIANCES)
    h_dims: tuple[int, ...] = flag((256, 128), "-hd --h_dims --h", "model", "hidden sizes", low=1, most=10_000)
    encode_type: str = flag("mlp", "-et --encode_type", "model", "encoder network", choices=_NETWORKS)
    decode_type: str = flag("mlp", "-dt --decode_type", "model", "decoder network", choices=_NETWORKS)
    loss_function: str | None = flag(None, "-lf --loss_function", "model", "pixels: bce (black or white), mse (Gauss) "
                                     "or categorical (256 levels); default: bce, for frey_faces categorical",
                                     choices=tuple(LIKELIHOODS))
    sigma: float | None = flag(None, "--sigma", "model", "deviation of mse's pixels; default: learned", above=0)

    beta: float = flag(1.0, "-b --beta", "objective", "weight of the KL", low=0)
    kl_warmup: int | None = flag(None, "-klw --kl_warmup", "objective", "epochs in which that weight rises from 0; "
                                 "default: a third of all, at most 20", low=0)
    kl_freeze: int = flag(0, "-klf --kl_freeze", "objective", "epochs without KL before them", low=0)
    kl_target: float = flag(0.0, "-klt --kl_target", "objective", "the KL to aim at, in nats", low=0)

    epochs: int = flag(60, "-e --epochs", "training", "passes over the training images", low=1)
    batch_size: int = flag(100, "-bs --batch_size", "training", "images a step", low=1)
    lr: float = flag(1e-3, "-lr --lr", "training", "learning rate of Adam", above=0)
    clip: float | None = flag(None, "--clip", "training", "clip the gradient to this norm; default: no", above=0)
    burn_in: int | None = flag(None, "-bi --burn_in", "training", "epochs before the best is looked for; default: "
                               "until the KL has its weight", low=0)
    look_ahead: int = flag(50, "-la --look_ahead", "training", "stop after so many epochs without a gain", low=1)
    min_improv: float = flag(0.01, "-mi --min_improv", "training", "nats that count as a gain", low=0)
    max_restarts: int = flag(20, "-mr --max_restarts", "training", "restarts after a loss that is not finite", low=0)
    seed: int = flag(0, "-rs --rs", "training", "seed of the weights and of all noise", low=0)

    dataset: str = flag("mnist_5k", "-d --dataset", "data", "a name from `svae data list`, or a path to your images")
    data_dir: str | None = flag(None, "--data-dir", "data", "where data sets are; default: SVAE_DATA, then a cache",
                                runtime=True)
    binarize: bool = flag(False, "-bnz --binarize", "data", "draw the training ink once, not each time it is seen")

    ll_sample: int = flag(100, "-lls --ll_sample", "evaluation", "importance samples of the log-likelihood", low=1)
    val_nll: bool = flag(False, "-vll --val_nll", "evaluation", "log-likelihood at each validation too")
    val_f: int = flag(1, "-vf --val_f", "evaluation", "epochs between validations", low=1)

    save_f: int = flag(5, "-sf --save_f", "running", "epochs between checkpoints", low=1, runtime=True)
    pf: int = flag(1, "-pf --pf", "running", "epochs between printed lines", low=1, runtime=True)
    verbosity: int = flag(0, "-v --verbosity", "running", "0: a progress bar (lines where there is no terminal); "
                          "1: lines too; 2: the plan too", low=0, most=2, runtime=True)
    device: str = flag("auto", "--device", "running", "auto (cuda where there is one), cpu, cuda, cuda:1, mps",
                       runtime=True)
    threads: int | None = flag(None, "--threads", "running", "CPU threads; default: torch's", low=1, most=1024,
                               runtime=True)
    # fmt: on

    def __post_init__(self):
        check_fields(self)
        parse_name(self.latent)
        given = asdict(self)
        if self.data_dir is not None:
            given["data_dir"] = _absolute(self.data_dir)
        if os.sep in self.dataset or Path(self.dataset).suffix:
            given["dataset"] = _absolute(self.dataset)
        if self.loss_function is None:
            given["loss_function"] = "categorical" if self.dataset == "frey_faces" else "bce"
        if self.kl_warmup is None:
            given["kl_warmup"] = min(20, self.epochs // 3)
        if self.burn_in is None:
            given["burn_in"] = self.kl_freeze + given["kl_warmup"]
        for name, value in given.items():
            object.__setattr__(self, name, value)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, where: str = "experiment.json") -> "Experiment":
        """Read what to_json wrote. Errors: InputError for what is no JSON object, and for unknown or missing keys."""
        try:
            values = json.loads(text)
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise InputError(f"{where} is not the JSON of an experiment")
        known = [spec.name for spec in fields(cls)]
        wrong = [f"unknown key {name!r}" for name in values if name not in known]
        wrong += [f"missing key {name!r}" for name in known if name not in values]
        if wrong:
            raise InputError(f"{where}: {wrong[0]}; the keys are {', '.join(known)}")
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class PaperSpace:
    """The latent space in the flags of the papers' code; dimensions are those of the manifold."""

    # fmt: off
    name: str = flag("vmf", "-n --name", "model", "kind of model", choices=("vmf", "normal", "productspace"))
    distribution: str | None = flag(None, "-dis --distribution", "model", "factors of a productspace; default: vmf",
                                    choices=("vmf", "normal"))
    z: int = flag(2, "-z --z", "model", "dimension of a vmf or normal: 2 is S^2", low=1)
    z_dims: tuple[int, ...] = flag((2, 3), "-zd --z_dims", "model", "dimensions of a productspace's factors", low=1)
    # fmt: on

    def __post_init__(self):
        check_fields(self)
        if self.name != "productspace" and self.distribution not in (None, self.name):
            raise InputError(
                f"-dis {self.distribution} with -n {self.name}: -dis is for the factors of -n productspace"
            )

    @property
    def latent(self) -> str:
        is_product = self.name == "productspace"
        family = "euclidean" if "normal" in (self.name, self.distribution) else "vmf"
        names = [str(Factor(family, dim)) for dim in (self.z_dims if is_product else [self.z])]
        return product_name(names) if is_product and len(names) == 1 else ",".join(names)


def _absolute(path: str) -> str:
    """A run is read again from another folder: what it stores of paths must not depend on the one it started in."""
    return str(Path(path).expanduser().absolute())
