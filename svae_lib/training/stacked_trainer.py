"""One training epoch of a stack of models, and its validation; on a GPU the step is recorded once, and replayed."""

import copy
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from tqdm.auto import tqdm

from svae_lib.datasets import ImageDataset, held_out_images
from svae_lib.training.history import History, Schedule
from svae_lib.training.loader import reseed
from svae_lib.training.stack import Stack, all_of, one_of

_WARM_UP = 3  # steps before one is recorded: they make the tensors that are made once and kept


class StackedTrainer:
    """A training of a stack between two epochs; each model sees the images in an order of its own, with its own noise.

    Args:
        stack: Trained in place.
        data: Its training and validation images.
        seeds: One for each model; all of them together give the order of the images and all noise.
        batch_size: Images per step and model.
        learning_rate: Adam's.
        schedule: The weight of the KL at each epoch.

    Attributes:
        epoch: The last, from 1.
        histories: One for each model.
        best: The weights of each model's best epoch so far.
    """

    def __init__(
        self, stack: Stack, data: ImageDataset, seeds: Sequence[int], batch_size: int, learning_rate: float,
        schedule: Schedule,
    ):  # fmt: skip
        weights = list(stack.weights.values())
        device = weights[0].device
        self.stack, self.seeds, self.schedule, self.fingerprint = stack, seeds, schedule, data.fingerprint
        self.images = data.train.images.to(device)
        self.validation = held_out_images(data.validation, stack.likelihood).to(device)
        on_gpu = device.type == "cuda"
        self.optimizer = torch.optim.Adam(weights, learning_rate, fused=True, capturable=on_gpu)
        self.epoch = 0
        self.histories: list[History] = [History() for _ in seeds]
        self.best: list[dict[str, Tensor]] = [{} for _ in seeds]
        count = len(self.images)
        self.sizes = [min(batch_size, count - start) for start in range(0, count, batch_size)]
        self.within = torch.arange(min(batch_size, count), device=device)
        # What a step reads and writes stays in its place, so that a recorded step finds it there
        self.order = torch.empty(stack.size, count, dtype=torch.long, device=device)
        self.position = torch.zeros(1, dtype=torch.long, device=device)  # of the step's first image in the order
        self.step_number = torch.zeros(1, dtype=torch.long, device=device)
        self.kl_weight, self.kl_target = torch.zeros((2, 1), device=device)
        self.record = torch.empty(len(self.sizes), stack.size, 3, device=device)
        self.step = _replayed(self._step) if on_gpu else self._step

    def train_epoch(self, epoch: int, bar: tqdm) -> tuple[list[dict], list[str]]:
        """Make one pass over the training images.

        Args:
            epoch: From 1.
            bar: Moved by one at each step.

        Returns:
            For each model the epoch's row of the history, and the step at which its loss or a weight was not finite,
            or "". The seconds of the pass are divided among the models.
        """
        start = time.perf_counter()
        reseed(*self.seeds, epoch)
        for order in self.order:
            torch.randperm(len(order), out=order)
        frozen = epoch <= self.schedule.freeze
        self.kl_weight.fill_(self.schedule.weight(epoch))
        self.kl_target.fill_(0.0 if frozen else self.schedule.target)
        self.position.zero_(), self.step_number.zero_()
        for size in self.sizes:
            self.step() if size == len(self.within) else self._step(size)
            bar.update()
        fractions = torch.tensor(self.sizes, device=self.record.device) / len(self.images)
        means = torch.einsum("t,tsk->sk", fractions, self.record).tolist()
        seconds = (time.perf_counter() - start) / self.stack.size
        common = {"epoch": epoch, "restarts": 0, "seconds": seconds, "kl_weight": self.schedule.weight(epoch)}
        rows = [
            common | {"train_loss": loss, "train_elbo": reconstruction - kl}
            | {"train_reconstruction": reconstruction, "train_kl": kl}
            for loss, reconstruction, kl in means
        ]  # fmt: skip
        return rows, _faults(self.record, self.stack)

    @torch.no_grad()
    def validate(self) -> list[dict[str, float]]:
        """Score the validation images, with the same noise at every epoch; for each model as Trainer.validate."""
        reseed(*self.seeds, 0)
        parts = [torch.stack(self.stack.elbo(x.expand(self.stack.size, *x.shape))) for x in self.validation.split(1000)]
        means = torch.cat(parts, dim=2).double().mean(2).T.tolist()
        names = "validation_elbo", "validation_reconstruction", "validation_kl"
        return [dict(zip(names, values, strict=True)) for values in means]

    def snapshot(self) -> dict:
        """A copy of what the training resumes from, for all models together."""
        return {
            "epoch": self.epoch,
            "weights": {name: weight.detach().clone() for name, weight in self.stack.weights.items()},
            "optimizer": copy.deepcopy(self.optimizer.state_dict()),
            "histories": [history.values() for history in self.histories],
            "best": self.best.copy(),
        }

    def states(self, snapshot: dict) -> list[dict]:
        """What each model's checkpoint holds: the state of a Trainer, which can go on from it too."""
        groups = [group | {"capturable": False} for group in snapshot["optimizer"]["param_groups"]]
        moments = snapshot["optimizer"]["state"]
        return [
            {
                "epoch": snapshot["epoch"],  # the stack's: a model that has ended has fewer rows
                "model": one_of(snapshot["weights"], i),
                "optimizer": {
                    "state": {number: one_of(each, i) for number, each in moments.items()},
                    "param_groups": groups,
                },
                "best": snapshot["best"][i],
                "seed": self.seeds[i],
                "data": self.fingerprint,
                "history": history,
            }
            for i, history in enumerate(snapshot["histories"])
        ]

    def load_states(self, states: Sequence[dict]) -> None:
        """Take the training to what `states` has given, or the states of Trainers at one and the same epoch."""
        optimizers = [state["optimizer"] for state in states]
        moments = {number: all_of([each["state"][number] for each in optimizers]) for number in optimizers[0]["state"]}
        capturable = self.optimizer.param_groups[0]["capturable"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": optimizers[0]["param_groups"]})
        self.optimizer.param_groups[0]["capturable"] = capturable
        for name, weight in all_of([state["model"] for state in states]).items():
            self.stack.weights[name].data.copy_(weight)
        self.epoch = states[0]["epoch"]
        self.histories = [History.from_values(state["history"]) for state in states]
        self.best = [state["best"] for state in states]

    def _step(self, size: int | None = None) -> None:
        within = self.within[:size]
        index = self.order.index_select(1, self.position + within)
        images = self.images.index_select(0, index.flatten()).unflatten(0, index.shape)
        x = self.stack.likelihood.observe(images)
        (noise,) = self.stack.latent_space.noise(1, index.numel())
        elbo = self.stack.elbo(x, noise)
        reconstruction, kl = elbo.reconstruction.mean(1), elbo.kl.mean(1)
        loss = (self.kl_weight * kl - self.kl_target).abs() - reconstruction

        self.optimizer.zero_grad()
        loss.sum().backward()  # a model's loss depends on its own weights alone
        self.optimizer.step()

        row = torch.stack([loss, reconstruction, kl], -1).detach()
        self.record.index_copy_(0, self.step_number, row.unsqueeze(0))
        self.position.add_(len(within))
        self.step_number.add_(1)


def _faults(record: Tensor, stack: Stack) -> list[str]:
    """For each model the first step of the record (steps, S, 3) that is not finite, the last where a weight is not."""
    finite = record.isfinite().all(2)
    steps = torch.where(finite.all(0), len(finite), finite.int().argmin(0) + 1)
    sound = finite.all(0) & stack.are_finite()
    return ["" if good else f"step {step}" for good, step in zip(sound.tolist(), steps.tolist(), strict=True)]


def _replayed(step: Callable[[], None]) -> Callable[[], None]:
    """A step that is recorded as a CUDA graph once it has run a few times, and replayed from then on."""
    stream, graph, count = torch.cuda.Stream(), torch.cuda.CUDAGraph(), 0

    def run() -> None:
        nonlocal count
        count += 1
        if count <= _WARM_UP:
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                step()
            torch.cuda.current_stream().wait_stream(stream)
            return
        if count == _WARM_UP + 1:
            with torch.cuda.graph(graph):  # which runs nothing
                step()
        graph.replay()

    return run
