"""The interface of every latent space, and the checks they share."""

from torch import Tensor, nn
from torch.distributions import Distribution, Independent

from svae_lib.errors import InputError

_MAX_PARAMETERS = 100_000  # per image; above it a typing error, which would fill the memory


class LatentSpace(nn.Module):
    """A latent space: how many numbers the encoder gives, what they mean, and the prior.

    `str(space)` is its name, which `parse_latent_space` reads.

    Attributes:
        event_size: The coordinates of a point.
        parameter_size: The encoder's outputs per image.
    """

    event_size: int
    parameter_size: int

    @property
    def config(self) -> tuple:
        """The class and its arguments, hashable: two spaces are alike where `space.config == other.config`.

        Learned values are no part of it: they are the state_dict's.
        """
        raise NotImplementedError

    def posterior(self, parameters: Tensor) -> Distribution:
        """Build q(z | x) from the encoder's outputs.

        Args:
            parameters: (*batch, parameter_size), free real numbers.

        Returns:
            A distribution of batch_shape batch and event_shape (event_size,).
        """
        raise NotImplementedError

    def prior(self) -> Distribution:
        """Build p(z), of batch_shape () and event_shape (event_size,)."""
        raise NotImplementedError

    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        """Compute the length of the shortest path from each point of a to each point of b.

        Args:
            a: (..., n, event_size).
            b: (..., k, event_size).

        Returns:
            (..., n, k).
        """
        raise NotImplementedError

    def _as_group(self, count: int) -> "LatentSpace":
        """Copy the space for a group of `count` equal factors: its prior has batch_shape (count,)."""
        raise NotImplementedError


def independent(distribution: Distribution) -> Independent:
    return Independent(distribution, 1, validate_args=False)


def checked_dim(value: int) -> int:
    if not isinstance(value, int) or value < 1:
        raise InputError(f"manifold dimension {value!r}: it must be an integer >= 1")
    return value


def checked_size(parameter_size: int) -> int:
    if parameter_size > _MAX_PARAMETERS:
        raise InputError(f"a latent space of {parameter_size} parameters per image: the limit is {_MAX_PARAMETERS}")
    return parameter_size
