"""A training between two epochs: one training epoch, validation, rollback after a NaN, and resume."""

import copy
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from svae_lib.datasets import ImageDataset, held_out_images
from svae_lib.errors import InputError
from svae_lib.latent_spaces import LatentSpace
from svae_lib.models import VAE
from svae_lib.training.checkpoints import load_checkpoint
from svae_lib.training.distributed import launch
from svae_lib.training.history import History, Schedule
from svae_lib.training.loader import ImageLoader, reseed

_NOISE_STEPS = 32  # that the latent space's noise is drawn for at once


class TrainingFailed(RuntimeError):
    """The loss was not finite, and no restart is left."""


@dataclass(frozen=True, kw_only=True)
class TrainerConfig:
    """Configuration of a Trainer: those of `fit`'s arguments that it needs, under the same names."""

    batch_size: int
    learning_rate: float
    min_improvement: float
    max_restarts: int
    schedule: Schedule = Schedule()
    clip: float | None = None
    radius_learning_rate: float | None = None
    seed: int = 0
    binarize_once: bool = False
    validation_samples: int = 0
    device: str | torch.device | None = None
    precision: str | None = None


class Trainer:
    """A training between two epochs: the model, its optimizer, the images on the device, and the last good state.

    Args:
        model: Trained in place.
        data: Its training and validation images.
        config: See TrainerConfig.

    Attributes:
        history: The epochs so far.
        last_good_state: All that is needed to go on from the last accepted epoch; what a checkpoint holds.
    """

    def __init__(self, model: VAE, data: ImageDataset, config: TrainerConfig):
        self.config, self.model = config, model
        self.fabric = launch(torch.device(config.device or next(model.parameters()).device), config.precision)
        device, rank, world_size = self.fabric.device, self.fabric.global_rank, self.fabric.world_size
        self.parallel_model = self.fabric.setup_module(model)  # the same weights; gradients are the processes' mean
        groups, fused = _parameter_groups(model, config.radius_learning_rate), device.type in ("cpu", "cuda")
        self.optimizer = torch.optim.Adam(groups, config.learning_rate, fused=fused)
        images, options = data.train.images.to(device), (config.batch_size, config.seed, config.binarize_once)
        self.loader = ImageLoader(images, model.likelihood, *options, rank, world_size)
        self.validation = held_out_images(data.validation, model.likelihood).to(device)
        self.history, self.best, self.data, self.fingerprint = History(), {}, data, data.fingerprint
        self.last_good_state = self.state()

    def train_epoch(self, epoch: int, bar: tqdm) -> tuple[dict, str]:
        """Make one pass over the training images.

        Args:
            epoch: From 1.
            bar: Moved by one at each step.

        Returns:
            The epoch's row of the history, and the step at which the loss or a weight was not finite, or "".
        """
        schedule, clip, restarts = self.config.schedule, self.config.clip, self.history.restarts
        start = time.perf_counter()
        self.model.train()
        record = []  # read once, so no step waits for it
        noise = _latent_noise(self.model.latent_space, self.loader.shard_sizes)  # after the images, so from their seed
        for (x, weight), step_noise in zip(self.loader.epoch(epoch, restarts), noise, strict=True):
            elbo = self.parallel_model(x, step_noise)
            means = elbo.reconstruction.mean(), elbo.kl.mean()
            reconstruction, kl = means if weight == 1.0 else (weight * mean for mean in means)
            loss = schedule.term(epoch, kl) - reconstruction

            self.optimizer.zero_grad()
            self.fabric.backward(loss)
            if clip is not None:
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip)
            self.optimizer.step()

            record += loss.detach(), reconstruction.detach(), kl.detach()
            bar.update()
        record = self.fabric.all_reduce(torch.stack(record).view(-1, 3))
        loss, reconstruction, kl = (self.loader.batch_fractions @ record).tolist()
        row = {"epoch": epoch, "restarts": restarts, "seconds": time.perf_counter() - start}
        row |= {"kl_weight": schedule.weight(epoch), "train_loss": loss, "train_elbo": reconstruction - kl}
        row |= {"train_reconstruction": reconstruction, "train_kl": kl}
        return row, _fault(record, self.model)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Score the validation images, with the same noise at every epoch, so that only the weights differ.

        Returns:
            Means over images, in nats, for the epoch's row: validation_elbo (at beta 1), _reconstruction, _kl, and
            _log_likelihood where the config asks for its samples.
        """
        row = {}
        if self.fabric.is_global_zero:
            self.model.eval()
            reseed(self.config.seed, 0)
            chunks = self.validation.split(100)
            means = torch.cat([torch.stack(self.model.elbo(x)) for x in chunks], dim=1).double().mean(1).tolist()
            row = dict(zip(("validation_elbo", "validation_reconstruction", "validation_kl"), means, strict=True))
            if self.config.validation_samples > 0:
                scores = torch.cat([self.model.log_likelihood(x, self.config.validation_samples) for x in chunks])
                row["validation_log_likelihood"] = scores.double().mean().item()
        return self.fabric.broadcast(row)

    def accept(self, row: dict, may_be_best: bool) -> None:
        """Add the epoch to the history; where it is the best so far, keep its weights.

        Args:
            row: Of train_epoch and validate.
            may_be_best: Whether the epoch lies after the burn-in.
        """
        self.history.rows.append(row)
        gain, elbo = self.config.min_improvement, row.get("validation_elbo")
        if may_be_best and elbo is not None and self.history.update_best(elbo, gain):
            self.best = self._weights()
        self.last_good_state = self.state()

    def restart(self, where: str) -> None:
        """Go back to the last good state, with other noise.

        Args:
            where: The epoch and the step, for the message.

        Raises:
            TrainingFailed: After `max_restarts` restarts.
        """
        restarts = self.history.restarts + 1
        if restarts > self.config.max_restarts:
            raise TrainingFailed(
                f"the loss is not finite at {where}, after {self.config.max_restarts} restarts: "
                "lower the learning rate (-lr) or clip the gradient (--clip)"
            )
        self.last_good_state["history"]["restarts"] = restarts
        self.load_state(self.last_good_state)

    def state(self) -> dict:
        """Copy of all that a training needs to resume; noise needs no more than the seed and the history's counts."""
        return {
            "epoch": self.history.epoch,
            "model": self._weights(),
            "optimizer": copy.deepcopy(self.optimizer.state_dict()),
            "best": self.best,
            "seed": self.config.seed,
            "data": self.fingerprint,
            "history": self.history.values(),
        }

    def load_state(self, state: dict) -> None:
        """Take the training to a state, which stays as it is."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))  # it keeps the tensors it is given
        self.history, self.best = History.from_values(state["history"]), state["best"]

    def resume(self, path: str | os.PathLike) -> None:
        """Go on from a checkpoint.

        Raises:
            InputError: Where it cannot be read, or is of another model or seed.
        """
        state = load_checkpoint(path)
        check_origin(state, path, self.data, self.config.seed)
        try:
            self.load_state(state)
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{path} is of another model or program: {reason}") from None
        self.last_good_state = self.state()

    def _weights(self) -> dict[str, Tensor]:
        """A copy of the model's weights."""
        return {name: tensor.clone() for name, tensor in self.model.state_dict().items()}


def check_origin(state: dict, path: str | os.PathLike, data: ImageDataset, seed: int) -> None:
    """Refuse the state of a training on other images, or with another seed."""
    data.check_fingerprint(state.get("data"), path)
    if state.get("seed") != seed:
        raise InputError(f"{path} is of a training with seed {state.get('seed')}, not {seed}")


def _parameter_groups(model: VAE, radius_learning_rate: float | None) -> list[dict]:
    """The optimizer's groups of parameters: all in one, or learned radii and scales in another with their own rate."""
    weights = model.latent_space.named_parameters(prefix="latent_space")
    radii = {name: weight for name, weight in weights if name.endswith(("log_radius", "log_scale"))}
    if radius_learning_rate is None or not radii:
        return [{"params": list(model.parameters())}]
    others = [weight for name, weight in model.named_parameters() if name not in radii]
    return [{"params": others}, {"params": list(radii.values()), "lr": radius_learning_rate}]


def _latent_noise(space: LatentSpace, sizes: list[int]) -> Iterator:
    """Draw the latent noise of each step, for up to _NOISE_STEPS steps of one size at once."""
    for size, equal in groupby(sizes):
        count = len(list(equal))
        for start in range(0, count, _NOISE_STEPS):
            yield from space.noise(min(_NOISE_STEPS, count - start), size)


def _fault(record: Tensor, model: nn.Module) -> str:
    """The first step of the record (steps, 3) that is not finite; the last update can break what no loss shows."""
    broken = (~record.isfinite()).any(1).nonzero()
    if len(broken):
        return f"step {int(broken[0]) + 1}"
    return "" if all(parameter.isfinite().all() for parameter in model.parameters()) else f"step {len(record)}"
