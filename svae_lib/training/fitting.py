"""The training of a model, in one call."""

import math
import os
from collections.abc import Callable

import torch
from tqdm.auto import tqdm

from svae_lib.datasets import ImageDataset
from svae_lib.errors import InputError
from svae_lib.models import VAE
from svae_lib.process import one_interruption
from svae_lib.threads import suitable_threads
from svae_lib.training.checkpoints import save_checkpoint
from svae_lib.training.history import History, Schedule
from svae_lib.training.trainer import Trainer, TrainerConfig, TrainingFailed


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
    radius_learning_rate: float | None = None,
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

    An epoch whose loss is not finite is discarded and repeated from the weights before it, with other noise. All noise
    of an epoch comes from (seed, restarts, epoch), so an interrupted training that is resumed ends, on the CPU, with
    exactly the weights of one that was not. The caller's random state is left as it was.

    Several processes (torchrun) share the batches; see run_files/SEVERAL_DEVICES.md. They and mixed precision need
    Lightning's Fabric.

    Args:
        model: Trained in place, and left in eval mode with the weights of the best epoch: the one with the highest ELBO
            on the validation images, at beta 1, after the burn-in.
        data: Training and validation images; the likelihood observes a training image each time it is seen.
        epochs: Passes over the training images, at most.
        batch_size: Images per step, over all processes.
        learning_rate: Adam's.
        schedule: The weight of the KL at each epoch.
        burn_in: Epochs before the best one is looked for; None is the end of the schedule's warm-up. The last epoch
            counts in any case.
        look_ahead: Training stops after so many epochs without an improvement.
        min_improvement: The least gain, in nats, that counts as an improvement.
        max_restarts: How many epochs may be repeated.
        clip: The largest norm of the gradient; None does not clip.
        radius_learning_rate: Adam's for the logarithms of learned radii and scales; None is `learning_rate`.
        seed: Of the order of the images and of all noise; the model's weights are given.
        binarize_once: For a Bernoulli likelihood, whether the training images are binarized once, before training.
        validate_every: Validate after every so many epochs, and after the last.
        validation_samples: Importance samples per validation image for its log-likelihood; 0 leaves it out.
        checkpoint: A file, written every `save_every` epochs, at the end, and on Ctrl-C or another KeyboardInterrupt,
            with the last epoch that is complete; a second Ctrl-C does not disturb that.
        save_every: See checkpoint.
        resume: Go on from the checkpoint, where there is one.
        device: None is the model's.
        precision: "bf16-mixed" computes the networks in bfloat16, the distributions and all sums in float32; None and
            "32-true" compute all of it in float32.
        progress: Whether to show a bar.
        on_epoch: Called after each epoch, in the process of rank zero.

    Returns:
        The history: one row of plain numbers per epoch, the best epoch, the restarts.

    Raises:
        InputError: For empty splits, a number below 1, a bad checkpoint or a file that cannot be written.
        TrainingFailed: After `max_restarts` restarts, and where one of several processes is gone.

    Example:
        >>> from svae_lib import build_vae, load_dataset
        >>> data = load_dataset("mnist_5k")
        >>> model = build_vae(data.image_shape, "s2", hidden=(16,))
        >>> fit(model, data, epochs=1, batch_size=500, progress=False).best_epoch
        1
    """
    for name, value in {"epochs": epochs, "batch_size": batch_size, "save_every": save_every}.items():
        if value < 1:
            raise InputError(f"{name} is {value}: give 1 or more")
    for name, split in {"training": data.train, "validation": data.validation}.items():
        if len(split) == 0:
            raise InputError(f"{data.name} has no {name} images: training needs both kinds")
    config = TrainerConfig(
        batch_size=batch_size,
        learning_rate=learning_rate,
        min_improvement=min_improvement,
        max_restarts=max_restarts,
        schedule=schedule,
        clip=clip,
        radius_learning_rate=radius_learning_rate,
        seed=seed,
        binarize_once=binarize_once,
        validation_samples=validation_samples,
        device=device,
        precision=precision,
    )
    trainer = Trainer(model, data, config)
    is_rank_zero = trainer.fabric.is_global_zero
    if resume and checkpoint is not None and os.path.exists(checkpoint):
        trainer.resume(checkpoint)
    burn_in = min(schedule.end if burn_in is None else burn_in, epochs - 1)

    def save():
        if checkpoint is not None and is_rank_zero:
            save_checkpoint(checkpoint, trainer.last_good_state)

    steps = len(trainer.loader)
    cuda = [trainer.fabric.device] if trainer.fabric.device.type == "cuda" else []
    with (
        one_interruption(),
        torch.random.fork_rng(devices=cuda),
        suitable_threads(model, batch_size),
        progress_bar(epochs, steps, progress and is_rank_zero) as bar,
    ):
        try:
            while trainer.history.epoch < epochs and not trainer.history.stalled(look_ahead):
                epoch = trainer.history.epoch + 1
                bar.n = (epoch - 1) * steps
                row, fault = trainer.train_epoch(epoch, bar)
                if not fault and (epoch % validate_every == 0 or epoch == epochs):
                    row |= trainer.validate()
                    fault = "" if math.isfinite(row["validation_elbo"]) else "validation"
                if fault:
                    trainer.restart(f"epoch {epoch}, {fault}")
                    continue
                trainer.accept(row, may_be_best=epoch > burn_in)
                if epoch % save_every == 0:
                    save()
                if on_epoch is not None and is_rank_zero:
                    on_epoch(trainer.history)
            bar.total = bar.n  # stopped early, it is done all the same, and not red
            save()
        except TrainingFailed:
            raise
        except (KeyboardInterrupt, RuntimeError) as error:
            save()
            if trainer.fabric.world_size > 1 and isinstance(error, RuntimeError):
                raise TrainingFailed(f"a process of this training is gone, or failed: {error}") from error
            raise
    trainer.fabric.barrier()
    model.load_state_dict(trainer.best)
    model.eval()
    return trainer.history


def progress_bar(epochs: int, steps: int, shown: bool) -> tqdm:
    """A bar that counts steps and shows epochs: integers add up without rounding."""
    bar_format = "{l_bar}{bar}| {n:.1f} of {total:.0f} epochs [{elapsed}<{remaining}{postfix}]"
    return tqdm(total=epochs * steps, unit_scale=1 / steps, disable=not shown, bar_format=bar_format, desc="training")
