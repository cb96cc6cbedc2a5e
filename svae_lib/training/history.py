"""What a training plans and what it remembers: plain values, which a checkpoint and a picture can take."""

import math
import statistics
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Schedule:
    r"""What the KL costs at each epoch e = 1, 2, ...

    term(e) = 0 while e <= freeze, then |\min(1, (e - freeze) / warmup) \beta KL - target|; KL is a batch's mean.

    A warm-up lets the decoder learn before the prior pulls the code away (Bowman et al., arXiv 1511.06349); a target
    asks for so many nats of code instead of as few as possible (Burgess et al., arXiv 1804.03599).

    >>> [Schedule(warmup=4, freeze=1).weight(epoch) for epoch in (1, 2, 3, 5, 9)]
    [0.0, 0.25, 0.5, 1.0, 1.0]
    >>> Schedule(target=5.0).term(1, torch.tensor(3.0))
    tensor(2.)
    """

    warmup: int = 0
    freeze: int = 0
    beta: float = 1.0
    target: float = 0.0

    @property
    def end(self) -> int:
        """The last epoch of the warm-up."""
        return self.freeze + self.warmup

    def weight(self, epoch: int) -> float:
        if epoch <= self.freeze:
            return 0.0
        return self.beta * (min(1.0, (epoch - self.freeze) / self.warmup) if self.warmup else 1.0)

    def term(self, epoch: int, kl: Tensor) -> Tensor:
        weight = self.weight(epoch)
        weighted = weight * kl if weight > 0 else torch.zeros_like(kl)  # 0 times an infinite KL would be NaN
        return weighted if epoch <= self.freeze else (weighted - self.target).abs()


@dataclass
class History:
    """What a training remembers, in plain values: one row an epoch, the best epoch, the restarts."""

    rows: list[dict] = field(default_factory=list)
    best_epoch: int = 0
    best_elbo: float = -math.inf
    improved_epoch: int = 0  # the last epoch that was better by the minimal improvement: look-ahead counts from here
    improved_elbo: float = -math.inf
    restarts: int = 0

    @property
    def epoch(self) -> int:
        return len(self.rows)

    @property
    def seconds_per_epoch(self) -> float:
        """The median time of a training pass; the first epoch, which warms caches up, counts only where it is alone."""
        return statistics.median(row["seconds"] for row in self.rows[1:] or self.rows)

    def update_best(self, elbo: float, min_improvement: float) -> bool:
        """Say whether the last epoch is the best so far, and remember it."""
        if elbo > self.improved_elbo + min_improvement:
            self.improved_epoch, self.improved_elbo = self.epoch, elbo
        if elbo <= self.best_elbo:
            return False
        self.best_epoch, self.best_elbo = self.epoch, elbo
        return True

    def stalled(self, look_ahead: int) -> bool:
        return 0 < self.improved_epoch <= self.epoch - look_ahead
