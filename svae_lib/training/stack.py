"""Several models of one architecture as one: a step of all of them takes as many calls as a step of one.

On a GPU a step of a small network is spent on calls, not on arithmetic: beside the first, nine more models cost little.
"""

import copy
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from svae_lib.errors import InputError
from svae_lib.models import ELBO, VAE


class Stack:
    """S models of one architecture, whose weights are kept in one tensor each, (S, ...); each has images of its own.

    The networks run under vmap. The latent space has no weights, so it takes the rows of all models at once, and draws
    for each of them.

    Args:
        models: S of them, alike but for their weights, which are copied to `device`.
        device: Where the stack lives.

    Attributes:
        size: S.
        weights: By the names of a model's parameters and in their order, each (S, ...).

    Raises:
        InputError: The models differ in more than their weights, or their latent space has weights.
    """

    def __init__(self, models: Sequence[VAE], device: torch.device):
        model = models[0]
        if any(str(other) != str(model) for other in models[1:]):
            raise InputError("a stack is of models that differ in nothing but their weights")
        if list(model.latent_space.parameters()):
            raise InputError("a latent space with a learned radius or scale cannot be stacked: train its models alone")
        self.size, self.likelihood = len(models), model.likelihood
        self.latent_space = copy.deepcopy(model.latent_space).to(device)
        self._encoding, self._encoder_state = _stacked(list(map(_Encoding, models)), device)
        self._decoding, self._decoder_state = _stacked(list(map(_Decoding, models)), device)
        weights = self._encoder_state[0] | self._decoder_state[0]
        self.weights = {name: weights[name] for name, _ in model.named_parameters()}

    def elbo(self, x: Tensor, noise: object = None) -> ELBO:
        """The bounds of all models; see VAE.elbo.

        Args:
            x: The images of each, (S, B, *image_shape).
            noise: One step of `latent_space.noise` for S B images; None draws it.

        Returns:
            The bound and its parts, each (S, B).
        """
        parameters = vmap(self._encode)(*self._encoder_state, x)
        z, kl = self.latent_space.sample_and_kl(parameters.flatten(0, 1), noise)
        reconstruction = vmap(self._decode)(*self._decoder_state, z.unflatten(0, x.shape[:2]), x)
        kl = kl.view_as(reconstruction)
        return ELBO(reconstruction - kl, reconstruction, kl)

    def are_finite(self) -> Tensor:
        """Whether all weights of a model are finite, (S,)."""
        return torch.stack([weight.isfinite().view(self.size, -1).all(1) for weight in self.weights.values()]).all(0)

    def _encode(self, weights: dict, buffers: dict, x: Tensor) -> Tensor:
        return functional_call(self._encoding, (weights, buffers), (x,))

    def _decode(self, weights: dict, buffers: dict, z: Tensor, x: Tensor) -> Tensor:
        return functional_call(self._decoding, (weights, buffers), (z, x))


def one_of(stacked: Mapping[str, Tensor], index: int) -> dict[str, Tensor]:
    """A copy of one model's part of stacked tensors; Adam's number of the step is all models'."""
    return {name: (value if name == "step" else value[index]).detach().clone() for name, value in stacked.items()}


def all_of(parts: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Stacked tensors from one_of's parts, of all models."""
    return {
        name: value.clone() if name == "step" else torch.stack([part[name] for part in parts])
        for name, value in parts[0].items()
    }


class _Encoding(nn.Module):
    """From images to the latent space's parameters; its weights have the names that they have in the VAE."""

    def __init__(self, model: VAE):
        super().__init__()
        self.encoder, self.head = model.encoder, model.head

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x))


class _Decoding(nn.Module):
    """From points and images to log p(x | z); its weights have the names that they have in the VAE."""

    def __init__(self, model: VAE):
        super().__init__()
        self.decoder, self.likelihood = model.decoder, model.likelihood

    def forward(self, z: Tensor, x: Tensor) -> Tensor:
        return self.likelihood.log_prob(self.decoder(z), x)


def _stacked(modules: list[nn.Module], device: torch.device) -> tuple[nn.Module, tuple[dict, dict]]:
    """A module that is called in place of all, and their weights and buffers, (S, ...)."""
    weights, buffers = stack_module_state(modules)
    weights = {name: weight.detach().to(device).requires_grad_() for name, weight in weights.items()}
    return modules[0], (weights, {name: buffer.to(device) for name, buffer in buffers.items()})
