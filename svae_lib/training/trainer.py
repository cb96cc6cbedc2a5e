"""One training between two epochs: what it holds, and how it goes a step, back, and on after a kill."""

import atexit
import copy
import os
import time
from contextlib import nullcontext
from dataclasses import asdict

import numpy as np
import torch
from tqdm.auto import tqdm

from svae_lib.datasets import ImageDataset, held_out_images, to_unit
from svae_lib.errors import InputError, import_optional
from svae_lib.models import VAE
from svae_lib.training.checkpoints import load_checkpoint
from svae_lib.training.history import History, Schedule

_PRECISIONS = "32-true", "bf16-mixed"  # "16-mixed" would need a scaled loss, and wins nothing over bf16 here


class TrainingFailed(RuntimeError):
    """The loss was not finite, and no restart is left."""


class Trainer:
    """One training: the model, its optimizer, the images on the device, and the last good state."""

    def __init__(
        self,
        model: VAE,
        data: ImageDataset,
        learning_rate: float,
        batch_size: int,
        seed: int,
        binarize_once: bool,
        device: str | torch.device | None,
        precision: str | None = None,
    ):
        world = int(os.environ.get("WORLD_SIZE", 1))
        device = device or next(model.parameters()).device
        self.fabric = _fabric(device, precision, world) if world > 1 or precision is not None else None
        self.rank, self.world = (self.fabric.global_rank, self.fabric.world_size) if self.fabric else (0, 1)
        self.device = self.fabric.device if self.fabric else torch.device(device)
        self.model = self.shared = model.to(self.device)
        if self.fabric:
            self.shared = self.fabric.setup_module(model)
            self.shared.mark_forward_method("elbo")
        self.optimizer = torch.optim.Adam(model.parameters(), learning_rate, fused=self.device.type in ("cpu", "cuda"))
        self.batch_size, self.seed = batch_size, seed
        self.images, self.observe = data.train.images.to(self.device), model.likelihood.observe
        if binarize_once:
            observed = self.observe(self.images, torch.Generator(self.device).manual_seed(seed))
            self.images, self.observe = (255 * observed).round().to(torch.uint8), to_unit
        self.validation = held_out_images(data.validation, model.likelihood).to(self.device)
        self.history, self.best = History(), {}
        self.good = self.state()

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return -(-len(self.images) // self.batch_size)

    def close(self) -> None:
        """Wait for the other processes."""
        if self.world > 1:
            self.fabric.barrier()

    def reseed(self, *key: int) -> None:
        """Make all noise from here on a function of the training's seed and this key."""
        torch.manual_seed(int(np.random.SeedSequence((self.seed, *key)).generate_state(1)[0]))

    def train(self, epoch: int, schedule: Schedule, clip: float | None, bar: tqdm) -> tuple[dict, str]:
        """Make one pass over the training images; return its row, and where it stopped being finite or ""."""
        self.model.train()
        start = time.perf_counter()
        self.reseed(epoch, self.history.restarts)
        batches = torch.randperm(len(self.images)).to(self.device).split(self.batch_size)
        self.reseed(epoch, self.history.restarts, 1 + self.rank)
        record = torch.empty(len(batches), 3, device=self.device)  # read once an epoch: no step waits for the device
        for step, batch in enumerate(batches):
            share = batch[self.rank :: self.world]
            weight = len(share) * self.world / len(batch)  # so that the mean over processes is the batch's mean
            with self.fabric.autocast() if self.fabric else nullcontext():
                parts = self.shared.elbo(self.observe(self.images[share if len(share) else batch[:1]]))
            reconstruction, kl = weight * parts.reconstruction.mean(), weight * parts.kl.mean()
            loss = schedule.term(epoch, kl) - reconstruction
            self.optimizer.zero_grad()
            self.fabric.backward(loss) if self.fabric else loss.backward()
            if clip is not None:
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip)
            self.optimizer.step()
            record[step] = torch.stack((loss, reconstruction, kl)).detach()
            bar.update()
        record = self.fabric.all_reduce(record) if self.fabric else record
        weights = torch.tensor([len(batch) for batch in batches]).to(record) / len(self.images)
        loss, reconstruction, kl = (weights @ record).tolist()
        row = {"epoch": epoch, "restarts": self.history.restarts, "seconds": time.perf_counter() - start}
        row |= {"kl_weight": schedule.weight(epoch), "train_loss": loss, "train_elbo": reconstruction - kl}
        row |= {"train_reconstruction": reconstruction, "train_kl": kl}
        bad = (~record.isfinite()).any(1).nonzero()
        if len(bad):
            return row, f"step {int(bad[0]) + 1}"
        whole = all(parameter.isfinite().all() for parameter in self.model.parameters())
        return row, "" if whole else f"step {len(batches)}"  # the last update can break what no later loss shows

    @torch.no_grad()
    def validate(self, num_samples: int) -> dict[str, float]:
        """Score the validation images, with the same noise at every epoch, so that only the weights differ."""
        row = {}
        if self.rank == 0:
            self.model.eval()
            self.reseed(0)
            chunks = self.validation.split(100)
            means = torch.cat([torch.stack(self.model.elbo(x)) for x in chunks], dim=1).double().mean(1).tolist()
            row = dict(zip(("validation_elbo", "validation_reconstruction", "validation_kl"), means, strict=True))
            if num_samples > 0:
                scores = torch.cat([self.model.log_likelihood(x, num_samples) for x in chunks])
                row["validation_log_likelihood"] = scores.double().mean().item()
        return self.fabric.broadcast(row) if self.fabric else row

    def accept(self, row: dict, candidate: bool, min_improvement: float) -> None:
        """Take the epoch into the history; where it is the best so far, keep its weights."""
        self.history.rows.append(row)
        if candidate and "validation_elbo" in row and self.history.update_best(row["validation_elbo"], min_improvement):
            self.best = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        self.good = self.state()

    def restart(self, max_restarts: int, where: str) -> None:
        """Go back to the last good state, with other noise."""
        restarts = self.history.restarts + 1
        if restarts > max_restarts:
            raise TrainingFailed(
                f"the loss is not finite at {where}, after {max_restarts} restarts: "
                "lower the learning rate (-lr) or clip the gradient (--clip)"
            )
        self.good["history"]["restarts"] = restarts
        self.restore(self.good)

    def state(self) -> dict:
        """All that a training needs to go on, copied; noise needs no more than the seed and the history's counts."""
        return {
            "epoch": self.history.epoch,
            "model": {name: tensor.clone() for name, tensor in self.model.state_dict().items()},
            "optimizer": copy.deepcopy(self.optimizer.state_dict()),
            "best": self.best,
            "seed": self.seed,
            "history": asdict(self.history),
        }

    def restore(self, state: dict) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))  # it keeps the tensors it is given
        self.history, self.best = History(**copy.deepcopy(state["history"])), state["best"]

    def resume(self, path: str | os.PathLike) -> None:
        """Go on from a checkpoint. Errors: InputError where it cannot be read, or is of another model or seed."""
        state = load_checkpoint(path)
        if state.get("seed") != self.seed:
            raise InputError(f"{path} is of a training with seed {state.get('seed')}, not {self.seed}")
        try:
            self.restore(state)
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{path} is of another model or program: {reason}") from None
        self.good = self.state()


def _fabric(device: str | torch.device, precision: str | None, world: int):
    """Lightning's Fabric: mixed precision, and several processes that hold one model and average its gradients."""
    device, precision = torch.device(device), precision or "32-true"
    if precision not in _PRECISIONS:
        raise InputError(f"precision {precision!r}: choose from {', '.join(_PRECISIONS)}")
    Fabric = import_optional("lightning_fabric", extra="distributed").Fabric
    if world == 1:
        devices = [device.index or 0] if device.type == "cuda" else 1
        return Fabric(accelerator=device.type, devices=devices, precision=precision)
    local = int(os.environ.get("LOCAL_WORLD_SIZE", world))
    nodes = world // local
    fabric = Fabric(accelerator=device.type, strategy="ddp", devices=local, num_nodes=nodes, precision=precision)
    if not torch.distributed.is_initialized():
        atexit.register(_part)
    if "LT_CLI_USED" not in os.environ:  # `fabric run` has done it
        fabric.launch()
    return fabric


def _part() -> None:
    """End the processes' connections: an interpreter that ends with their threads running is aborted, or hangs."""
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
