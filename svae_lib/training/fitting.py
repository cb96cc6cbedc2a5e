"""The training of a model, in one call."""

import math
import os
from collections.abc import Callable

import torch
from tqdm.auto import tqdm

from svae_lib.datasets import ImageDataset
from svae_lib.errors import InputError
from svae_lib.models import VAE
from svae_lib.training.checkpoints import save_checkpoint
from svae_lib.training.history import History, Schedule
from svae_lib.training.trainer import Trainer


def fit(
    model: VAE,
    data: ImageDataset,
    *,
    epochs: int,
    batch_size: int = 100,
    learning_rate: float = 1e-3,
    schedule: Schedule = Schedule(),  # noqa: B008  (frozen)
    burn_in: int | None = None,
    look_ahead: int = 50,
    min_improvement: float = 0.01,
    max_restarts: int = 20,
    clip: float | None = None,
    seed: int = 0,
    binarize_once: bool = False,
    validate_every: int = 1,
    validation_samples: int = 0,
    checkpoint: str | os.PathLike | None = None,
    save_every: int = 5,
    resume: bool = False,
    device: str | torch.device | None = None,
    precision: str | None = None,
    progress: bool = True,
    on_epoch: Callable[[History], None] | None = None,
) -> History:
    r"""Train with Adam on a batch's mean of -E_q \log p(x|z) + schedule.term(epoch, KL), and leave the best weights.

    The best epoch has the highest ELBO on the validation images, at beta 1, after `burn_in` epochs (the end of the
    warm-up where it is None; the last epoch counts in any case). Training stops early where `look_ahead` epochs
    brought no gain of `min_improvement` nats. For a Bernoulli likelihood a training image's ink is drawn anew each
    time it is seen, or with `binarize_once` for good. `validation_samples` above 0 adds the log-likelihood to the rows.

    An epoch whose loss is not finite is thrown away and drawn again from the weights before it, with other noise.
    All noise of an epoch comes from (seed, restarts, epoch), so a training that is killed and goes on with `resume`
    ends, on the CPU, with the very weights of one that was not. The caller's random state is left as it was.

    Several processes (torchrun) share every batch; see run_files/SEVERAL_DEVICES.md. With precision="bf16-mixed"
    the networks compute in bfloat16, the distributions and all sums in float32. Either needs Lightning's Fabric.

    checkpoint: a file, written every `save_every` epochs, at the end and on Ctrl-C. on_epoch: called after each epoch.
    Errors: InputError for empty splits, a bad checkpoint or a file that cannot be written; TrainingFailed after
    `max_restarts` restarts.
    """
    for name, value in {"epochs": epochs, "batch_size": batch_size, "save_every": save_every}.items():
        if value < 1:
            raise InputError(f"{name} is {value}: give 1 or more")
    for name, split in {"training": data.train, "validation": data.validation}.items():
        if len(split) == 0:
            raise InputError(f"{data.name} has no {name} images: training needs both kinds")
    loop = Trainer(model, data, learning_rate, batch_size, seed, binarize_once, device, precision)
    if resume and checkpoint is not None and os.path.exists(checkpoint):
        loop.resume(checkpoint)
    burn_in = min(schedule.end if burn_in is None else burn_in, epochs - 1)

    def save():
        if checkpoint is not None and loop.rank == 0:
            save_checkpoint(checkpoint, loop.good)

    cuda = [loop.device] if loop.device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda), _bar(epochs, loop.steps, progress and loop.rank == 0) as bar:
        try:
            while loop.history.epoch < epochs and not loop.history.stalled(look_ahead):
                epoch = loop.history.epoch + 1
                bar.n = (epoch - 1) * loop.steps
                row, fault = loop.train(epoch, schedule, clip, bar)
                if not fault and (epoch % validate_every == 0 or epoch == epochs):
                    row |= loop.validate(validation_samples)
                    fault = "" if math.isfinite(row["validation_elbo"]) else "validation"
                if fault:
                    loop.restart(max_restarts, f"epoch {epoch}, {fault}")
                    continue
                loop.accept(row, epoch > burn_in, min_improvement)
                if epoch % save_every == 0:
                    save()
                if on_epoch is not None and loop.rank == 0:
                    on_epoch(loop.history)
            bar.total = bar.n  # stopped early, it is done all the same, and not red
        except KeyboardInterrupt:
            save()
            raise
    save()
    loop.close()
    model.load_state_dict(loop.good["best"])
    model.eval()
    return loop.history


def _bar(epochs: int, steps: int, shown: bool) -> tqdm:
    """A bar that counts steps and shows epochs: whole numbers add up without rounding."""
    form = "{l_bar}{bar}| {n:.1f} of {total:.0f} epochs [{elapsed}<{remaining}{postfix}]"
    return tqdm(total=epochs * steps, unit_scale=1 / steps, disable=not shown, bar_format=form, desc="training")
