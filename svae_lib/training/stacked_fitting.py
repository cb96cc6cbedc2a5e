"""The training of several models of one architecture side by side, in one call."""

import math
import os
from collections.abc import Callable, Sequence

import torch

from svae_lib.datasets import ImageDataset
from svae_lib.errors import InputError
from svae_lib.models import VAE
from svae_lib.process import one_interruption
from svae_lib.training.checkpoints import load_checkpoint, save_checkpoint
from svae_lib.training.fitting import progress_bar
from svae_lib.training.history import History, Schedule
from svae_lib.training.stack import Stack, one_of
from svae_lib.training.stacked_trainer import StackedTrainer
from svae_lib.training.trainer import check_origin


def fit_stacked(
    models: Sequence[VAE],
    data: ImageDataset,
    *,
    epochs: int,
    seeds: Sequence[int],
    batch_size: int = 100,
    learning_rate: float = 1e-3,
    schedule: Schedule = Schedule(),  # noqa: B008  (frozen)
    burn_in: int | None = None,
    look_ahead: int = 50,
    min_improvement: float = 0.01,
    checkpoints: Sequence[str | os.PathLike] = (),
    save_every: int = 5,
    resume: bool = False,
    device: str | torch.device | None = None,
    progress: bool = True,
    on_epoch: Callable[[list[History]], None] | None = None,
) -> list[History | str]:
    """Train several models that differ in their weights alone, each as `fit` would, and leave each with its best ones.

    Made for a GPU, where ten models of the papers' size take little longer than one. No model's weights, images or
    noise depend on another's weights. A stack that is resumed ends, on the CPU, with exactly the weights of one that
    was not interrupted.

    Args:
        models: Trained in place, and left in eval mode.
        data: Training and validation images; each model sees them in an order of its own.
        epochs: As all arguments that follow and are not named here, fit's, for each model on its own: each has its own
            best epoch, and its own end after `look_ahead` epochs without an improvement.
        seeds: One for each model. All together give the images' order and all noise, so other stacks have others.
        checkpoints: A file for each model, written as `fit` writes its; `fit` can go on from it too.
        resume: Go on from the checkpoints, where there are any: all at one epoch.
        on_epoch: Called after each epoch with all histories.

    Returns:
        For each model its history, or, where its loss or a weight was not finite, the place where that was; the
        others go on.

    Raises:
        InputError: As Stack, and for checkpoints that are not of one epoch, or are of other seeds, images or models.

    Example:
        >>> from svae_lib import build_vae, load_dataset
        >>> from svae_lib.training import fit_stacked
        >>> data = load_dataset("mnist_5k")
        >>> models = [build_vae(data.image_shape, "s2", hidden=(16,)) for _ in range(3)]
        >>> histories = fit_stacked(models, data, seeds=[0, 1, 2], epochs=1, batch_size=500, progress=False)
        >>> [history.best_epoch for history in histories]
        [1, 1, 1]
    """
    device = torch.device(device or next(models[0].parameters()).device)
    trainer = StackedTrainer(Stack(models, device), data, seeds, batch_size, learning_rate, schedule)
    if resume:
        _resume(trainer, data, checkpoints)
    burn_in, faults = min(schedule.end if burn_in is None else burn_in, epochs - 1), {}
    good = trainer.snapshot()

    def under_way() -> list[int]:
        return [i for i, history in enumerate(trainer.histories) if i not in faults and not history.stalled(look_ahead)]

    def save() -> None:
        if checkpoints:
            for i, state in enumerate(trainer.states(good)):
                if i not in faults:  # whose file keeps the last epoch before
                    save_checkpoint(checkpoints[i], state)

    gpus, steps = [device] if device.type == "cuda" else [], len(trainer.sizes)
    with one_interruption(), torch.random.fork_rng(devices=gpus), progress_bar(epochs, steps, progress) as bar:
        try:
            while trainer.epoch < epochs and (models_left := under_way()):
                epoch = trainer.epoch + 1
                bar.n = (epoch - 1) * steps
                rows, found = trainer.train_epoch(epoch, bar)
                for i, scores in enumerate(trainer.validate()):
                    if i in models_left and (found[i] or not math.isfinite(scores["validation_elbo"])):
                        faults[i] = f"epoch {epoch}, {found[i] or 'validation'}"
                    elif i in models_left:
                        history, elbo = trainer.histories[i], scores["validation_elbo"]
                        history.rows.append(rows[i] | scores)
                        if epoch > burn_in and history.update_best(elbo, min_improvement):
                            trainer.best[i] = one_of(trainer.stack.weights, i)
                trainer.epoch = epoch
                good = trainer.snapshot()
                if epoch % save_every == 0:
                    save()
                if on_epoch is not None:
                    on_epoch(trainer.histories)
            bar.total = bar.n
            save()
        except KeyboardInterrupt:
            save()
            raise
    for i, model in enumerate(models):
        if i not in faults:
            model.load_state_dict(trainer.best[i])
        model.eval()
    return [faults.get(i, history) for i, history in enumerate(trainer.histories)]


def _resume(trainer: StackedTrainer, data: ImageDataset, paths: Sequence[str | os.PathLike]) -> None:
    """Go on from the files, where there are any."""
    found = {path: load_checkpoint(path) for path in paths if os.path.exists(path)}
    if not found:
        return
    epochs = {found[path]["epoch"] if path in found else 0 for path in paths}
    if len(epochs) > 1:
        raise InputError(f"the checkpoints of a stack are of epochs {sorted(epochs)}: resume those of one together")
    for path, seed in zip(paths, trainer.seeds, strict=True):
        check_origin(found[path], path, data, seed)
    try:
        trainer.load_states(list(found.values()))
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise InputError(f"{paths[0]} is of another model or program: {str(error).splitlines()[0]}") from None
