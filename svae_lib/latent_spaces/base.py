"""What every latent space offers, and the checks they share."""

from torch import Tensor, nn
from torch.distributions import Distribution, Independent

from svae_lib.errors import InputError

_MAX_PARAMETERS = 100_000  # numbers an encoder may be asked for; above it a typing error, which would fill the memory


class LatentSpace(nn.Module):
    """What every latent space offers.

    Shapes: posterior(parameters: (..., parameter_size)) has batch_shape (...) and event_shape (event_size,);
    prior() has batch_shape () and event_shape (event_size,). Two spaces are equal when their configurations are,
    whatever their learned radii are now; they are hashed by identity, as modules must be.
    """

    event_size: int
    parameter_size: int

    def posterior(self, parameters: Tensor) -> Distribution:
        raise NotImplementedError

    def prior(self) -> Distribution:
        raise NotImplementedError

    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        """The length of the shortest path from each point of a (..., n, event_size) to each of b (..., k, event_size).

        Shapes: (..., n, k).
        """
        raise NotImplementedError

    def _configuration(self) -> tuple:
        raise NotImplementedError

    def _as_run(self, count: int) -> "LatentSpace":
        """The same space with a prior of batch_shape (count,): one for each of `count` equal factors."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._configuration() == other._configuration()

    __hash__ = nn.Module.__hash__  # torch keeps modules in sets: two equal factors are still two modules


def independent(distribution: Distribution) -> Independent:
    return Independent(distribution, 1, validate_args=False)


def checked_dim(value: int) -> int:
    if not isinstance(value, int) or value < 1:
        raise InputError(f"manifold dimension {value!r}: give a whole number, 1 or above")
    return value


def checked_size(parameter_size: int) -> int:
    if parameter_size > _MAX_PARAMETERS:
        raise InputError(f"a latent space of {parameter_size} parameters an image: the limit is {_MAX_PARAMETERS}")
    return parameter_size
