"""The interface of every latent space, and the checks they share."""

from torch import Tensor, nn
from torch.distributions import Distribution, Independent, kl_divergence

from svae_lib.errors import InputError, is_integer

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

    def sample_and_kl(self, parameters: Tensor, noise: object = None) -> tuple[Tensor, Tensor]:
        """Draw one differentiable sample per image from the posterior, and compute its KL to the prior.

        They are distributed as, and equal to, `posterior(parameters).rsample()` and its `kl_divergence` to `prior()`;
        a space may compute both at once, in fewer operations.

        Args:
            parameters: (*batch, parameter_size), free real numbers.
            noise: one step of `noise`, for this batch; None draws it here.

        Returns:
            Points (*batch, event_size), and the KL in nats, (*batch).
        """
        posterior = self.posterior(parameters)
        return posterior.rsample(), kl_divergence(posterior, self.prior())

    def noise(self, num_steps: int, batch_size: int) -> list:
        """Draw the random numbers behind `num_steps` calls of `sample_and_kl`, from torch's global generator.

        Random numbers that do not depend on the parameters are cheaper to draw for many steps at once.

        Args:
            num_steps: the number of steps.
            batch_size: the number of images in each.

        Returns:
            One entry per step: None where `sample_and_kl` draws its own.
        """
        return [None] * num_steps

    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        """Compute the length of the shortest path from each point of a to each point of b.

        Args:
            a: (..., n, event_size).
            b: (..., k, event_size).

        Returns:
            (..., n, k).
        """
        raise NotImplementedError

    def _apply(self, fn, recurse: bool = True) -> "LatentSpace":
        """Move or convert the module, and write what the configuration says: `to_empty` leaves a buffer unfilled."""
        super()._apply(fn, recurse)
        self._fill_buffers()
        return self

    def _fill_buffers(self) -> None:
        """Give the buffers, which are not stored, their values by the configuration."""

    def _as_group(self, count: int) -> "LatentSpace":
        """Copy the space for a group of `count` equal factors: its prior has batch_shape (count,)."""
        raise NotImplementedError


def independent(distribution: Distribution) -> Independent:
    return Independent(distribution, 1, validate_args=False)


def checked_dim(value: int) -> int:
    if not is_integer(value, at_least=1):
        raise InputError(f"manifold dimension {value!r}: it must be an integer >= 1")
    return int(value)


def checked_size(parameter_size: int) -> int:
    if parameter_size > _MAX_PARAMETERS:
        raise InputError(f"a latent space of {parameter_size} parameters per image: the limit is {_MAX_PARAMETERS}")
    return parameter_size
