"""The health of a latent space: how much of it a trained encoder uses, and how far its codes are from the prior."""

import copy
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from torch.distributions import Distribution, Normal, kl_divergence

from svae_lib.distributions import HypersphericalUniform, VonMisesFisher
from svae_lib.errors import InputError
from svae_lib.evaluation.scores import per_image, seeded
from svae_lib.latent_spaces import Sphere
from svae_lib.models import VAE

ACTIVE = 0.01  # of the prior's variance: Burda et al.'s threshold for an active unit
COLLAPSED = 0.1  # nats
QUANTILES = 0.05, 0.25, 0.5, 0.75, 0.95
_MAX_CHUNK = 2**18  # coordinates of differences that log q(z) holds at once, in float64; more leave the cache


@dataclass(frozen=True)
class FactorDiagnosis:
    r"""One factor of a latent space: a sphere, or a coordinate of a Euclidean space.

    With z uniform on the sphere, uniformity is -(4 (1 - A_m(4)) + KL(vMF(4) || uniform)), which is `uniform`.

    Attributes:
        name: The factor's place and its space: "1: s2", or "2: e2[1]" for a coordinate.
        kl: KL(q(z_k | x) || p(z_k)), the mean over the images, in nats; of a coordinate, its marginal's.
        spread: trace Cov(E[z_k | x]) over the images, as a fraction of the prior's.
        floor: A sphere's smallest concentration; None, as all that follows, for a coordinate.
        concentration: Its quantiles at 5, 25, 50, 75 and 95 % of the images.
        uniformity: log E exp(-2 |y - y'|^2), of draws y and y' (unit vectors) for two images; the smaller, the more
            uniform.
        uniform: Of the uniform distribution, the smallest possible.
        alignment: E |y - y'|^2 = 2 (1 - |E y|^2), of two draws for one image, the mean over the images: 0 for codes
            without noise, 2 where they ignore the image.
    """

    name: str
    kl: float
    spread: float
    floor: float | None = None
    concentration: tuple[float, ...] | None = None
    uniformity: float | None = None
    uniform: float | None = None
    alignment: float | None = None

    @property
    def active(self) -> bool:
        """Whether the mean code moves with the image: by more than 1 % of the prior's variance."""
        return self.spread > ACTIVE


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` finds. `str(diagnosis)` says it in words, `figures()` as numbers for a JSON file.

    Attributes:
        num_images: N.
        kl: KL(q(z | x) || p(z)), the mean over the images, in nats, exact.
        mutual_information: I(x; z) in nats, at most log N.
        marginal_kl: KL(q(z) || p(z)) in nats.
        collapsed: The share of images whose KL exceeds that of the concentrations' floor by less than 0.1 nats.
        factors: One for each sphere and each Euclidean coordinate.
    """

    num_images: int
    kl: float
    mutual_information: float
    marginal_kl: float
    collapsed: float
    factors: tuple[FactorDiagnosis, ...]

    @property
    def max_mutual_information(self) -> float:
        """log N: so many nats tell all images apart, and more cannot be measured by them."""
        return math.log(self.num_images)

    @property
    def num_active(self) -> int:
        """How many factors are active."""
        return sum(factor.active for factor in self.factors)

    def figures(self) -> dict:
        """Everything as plain numbers, the factors as a list of dictionaries."""
        derived = {"max_mutual_information": self.max_mutual_information, "num_active": self.num_active}
        return asdict(self) | derived | {"factors": [asdict(f) | {"active": f.active} for f in self.factors]}

    def __str__(self) -> str:
        lines = [
            f"latent space, by {self.num_images} images: KL {self.kl:.2f} nats; mutual information "
            f"{self.mutual_information:.2f} of at most {self.max_mutual_information:.2f}, "
            f"KL(q(z) || p(z)) {self.marginal_kl:.2f}",
            f"  active factors {self.num_active} of {len(self.factors)}, collapsed images {self.collapsed:.1%}",
        ]
        for f in self.factors:
            if f.concentration is not None:
                low, _, middle, _, high = f.concentration
                lines.append(
                    f"  {f.name}: KL {f.kl:.2f}, concentration {middle:.4g} (90 %: {low:.4g} to {high:.4g}; floor "
                    f"{f.floor:g}), uniformity {f.uniformity:.3f} (prior {f.uniform:.3f}), alignment {f.alignment:.3f}"
                )
        return "\n".join(lines)


@torch.no_grad()
def diagnose(model: VAE, images: Tensor, *, seed: int = 0, batch_size: int = 500) -> Diagnosis:
    r"""Diagnose a latent space: what the codes know of the images, which factors work, and how the prior is filled.

    The mean KL of a posterior has two parts, of which only the first helps the decoder,

        E_x KL(q(z|x) || p(z)) = I(x; z) + KL(q(z) || p(z)),  q(z) = 1/N \sum_n q(z | x_n),
        I(x; z) = E \log q(z|x) - \log q(z),  KL(q(z) || p(z)) = E \log q(z) - \log p(z).

    Both are estimated with one draw z for each image; noise can bring a small one below 0. From a few nats below log N
    on, I(x; z) is that of these N images and not of the data's distribution, and KL(q(z) || p(z)) too large by as much.
    All is computed in float64 on the CPU, N^2 densities in chunks: on two cores 2,000 images take 1 to 6 seconds, and
    10,000 twenty-five times as long.

    Args:
        model: Any VAE whose latent space is a sphere, Euclidean, or a product of them.
        images: (N, H, W), in [0, 1], at least two; of a data set's split, what held_out_images gives.
        seed: Of the draws.
        batch_size: Images encoded at once.

    Returns:
        The diagnosis; its numbers are NaN where the encoder's are.

    Raises:
        InputError: For less than two images.

    References:
        Hoffman and Johnson, "ELBO surgery: yet another way to carve up the variational evidence lower bound", NIPS 2016
        workshop, for the two parts; Burda, Grosse and Salakhutdinov, arXiv 1509.00519, for active units; Wang and
        Isola, arXiv 2005.10242, for uniformity and alignment.

    Example:
        >>> from svae_lib.models import build_vae
        >>> found = diagnose(build_vae((28, 28), "s2,e2"), torch.rand(20, 28, 28))
        >>> [factor.name for factor in found.factors], found.mutual_information <= math.log(20)
        (['1: s2', '2: e2[1]', '2: e2[2]'], True)
    """
    if len(images) < 2:
        raise InputError(f"a diagnosis by {len(images)} images: it compares images, so give at least 2")
    parameters = per_image(model, images, lambda x: model.head(model.encoder(x)), seed, batch_size)
    space = copy.deepcopy(model.latent_space).cpu().double()
    posterior, prior = space.posterior(parameters), space.prior()
    with seeded(torch.device("cpu"), seed):
        z = posterior.rsample()  # of a NaN posterior too, which sample() refuses
    log_mixture = _log_mixture(posterior, z)
    kl, least, factors = torch.zeros(len(z)).double(), 0.0, []
    spaces, posteriors, priors = (getattr(each, "factors", (each,)) for each in (space, posterior, prior))
    pieces = z.split([each.event_size for each in spaces], -1)
    for number, parts in enumerate(zip(spaces, posteriors, priors, pieces, strict=True), start=1):
        kl += kl_divergence(parts[1], parts[2])
        if isinstance(parts[0], Sphere):
            least += _least_kl(*parts[:3])
            factors.append(_sphere(f"{number}: {parts[0]}", *parts))
        else:
            factors += _coordinates(f"{number}: {parts[0]}", *parts[1:3])
    excess = kl - least
    return Diagnosis(
        num_images=len(z),
        kl=kl.mean().item(),
        mutual_information=(posterior.log_prob(z) - log_mixture).mean().item(),
        marginal_kl=(log_mixture - prior.log_prob(z)).mean().item(),
        collapsed=(excess < COLLAPSED).double().where(~excess.isnan(), excess).mean().item(),
        factors=tuple(factors),
    )


def _log_mixture(posterior: Distribution, z: Tensor) -> Tensor:
    """log q(z), (N,), of the mixture of all N posteriors at N points (N, event_size)."""
    rows = max(1, _MAX_CHUNK // z.numel())
    chunks = [posterior.log_prob(points.unsqueeze(1)).logsumexp(-1) for points in z.split(rows)]
    return torch.cat(chunks) - math.log(len(z))


def _least_kl(space: Sphere, posterior: Distribution, prior: HypersphericalUniform) -> float:
    floor = torch.full((1,), space.concentration_floor, dtype=torch.float64)
    at_floor = type(posterior)(posterior.loc[:1], floor, posterior.radius[:1], validate_args=False)
    return kl_divergence(at_floor, prior).item()


def _sphere(
    name: str, space: Sphere, posterior: Distribution, prior: HypersphericalUniform, z: Tensor
) -> FactorDiagnosis:
    mean, y = posterior.mean / prior.radius, z / prior.radius
    concentration = posterior.concentration.quantile(torch.tensor(QUANTILES).double())
    return FactorDiagnosis(
        name,
        kl=kl_divergence(posterior, prior).mean().item(),
        spread=mean.var(0, correction=0).sum().item(),
        floor=space.concentration_floor,
        concentration=tuple(concentration.tolist()),
        uniformity=_uniformity(y),
        uniform=_uniformity_of_uniform(space.event_size),
        alignment=2 * (1 - mean.square().sum(-1)).mean().item(),
    )


def _coordinates(name: str, posterior: Distribution, prior: Distribution) -> Iterator[FactorDiagnosis]:
    """The coordinates of a normal posterior, each by its marginal."""
    marginal = Normal(posterior.mean / prior.stddev, posterior.stddev / prior.stddev, validate_args=False)
    kl = kl_divergence(marginal, Normal(0.0, 1.0)).mean(0)
    spread = marginal.mean.var(0, correction=0)
    for number, figures in enumerate(zip(kl.tolist(), spread.tolist(), strict=True), start=1):
        yield FactorDiagnosis(f"{name}[{number}]", *figures)


def _uniformity(y: Tensor) -> float:
    """log of the mean over pairs of exp(-2 |y - y'|^2) = exp(-4 (1 - y . y')), of unit vectors (N, m)."""
    rows = max(1, _MAX_CHUNK // len(y))
    total = sum((-4 * (1 - chunk @ y.T)).exp().sum() for chunk in y.split(rows)) - len(y)  # y itself is no pair
    return (total / (len(y) * (len(y) - 1))).log().item()


def _uniformity_of_uniform(ambient_dim: int) -> float:
    pole = torch.nn.functional.one_hot(torch.tensor(0), ambient_dim).double()
    q = VonMisesFisher(pole, 4.0)
    return -(4 * (1 - q.mean[0]) + kl_divergence(q, HypersphericalUniform(ambient_dim, torch.ones(()).double()))).item()
