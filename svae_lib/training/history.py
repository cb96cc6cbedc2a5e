"""The weight of the KL at each epoch, and the history of a training, in plain values that a checkpoint can hold."""

import math
import statistics
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Schedule:
    r"""The KL term of the loss at each epoch e = 1, 2, ...

        term(e) = 0 while e <= freeze, then |\min(1, (e - freeze) / warmup) \beta KL - target|

    A warm-up lets the decoder learn before the prior pulls the code away; a target asks for so many nats of code
    instead of as few as possible.

    Args:
        warmup: Epochs over which the weight rises to beta; 0 starts with beta.
        freeze: Epochs without a KL term before them.
        beta: The weight after the warm-up.
        target: The KL that is aimed at, in nats per image.

    References:
        Bowman et al., arXiv 1511.06349, for the warm-up; Burgess et al., arXiv 1804.03599, for the target.

    Example:
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
        """The factor of the KL at an epoch, from 1: at most beta."""
        if epoch <= self.freeze:
            return 0.0
        return self.beta * (min(1.0, (epoch - self.freeze) / self.warmup) if self.warmup else 1.0)

    def term(self, epoch: int, kl: Tensor) -> Tensor:
        """The KL term of the loss.

        Args:
            epoch: From 1.
            kl: A batch's mean, ().

        Returns:
            (), 0 while the KL is frozen, whatever it is.
        """
        weight = self.weight(epoch)
        if epoch <= self.freeze:
            return torch.zeros_like(kl)
        weighted = kl if weight == 1 else weight * kl if weight > 0 else torch.zeros_like(kl)  # 0 times inf is NaN
        return (weighted - self.target).abs() if self.target else weighted.abs()


@dataclass
class History:
    """The history of a training, in plain values.

    Attributes:
        rows: One per epoch: its figures by name, as metrics.jsonl holds them.
        best_epoch: The epoch with the highest validation ELBO after the burn-in, from 1; 0 before there is one.
        best_elbo: Its validation ELBO.
        improved_epoch: The last epoch that was better by the least improvement: look-ahead counts from here.
        improved_elbo: Its validation ELBO.
        restarts: Epochs that were repeated because a loss was not finite.
    """

    rows: list[dict] = field(default_factory=list)
    best_epoch: int = 0
    best_elbo: float = -math.inf
    improved_epoch: int = 0
    improved_elbo: float = -math.inf
    restarts: int = 0

    @classmethod
    def from_values(cls, values: dict) -> "History":
        """The history of what `values` has given, which stays as it is."""
        return cls(**values | {"rows": [*values["rows"]]})

    def values(self) -> dict:
        """A copy in plain values, for a checkpoint; rows are never changed."""
        return vars(self) | {"rows": self.rows.copy()}

    @property
    def epoch(self) -> int:
        """The last epoch, from 1; 0 before the first."""
        return len(self.rows)

    @property
    def seconds_per_epoch(self) -> float:
        """The median time of a training pass, without the first epoch, which warms up caches, where there are more."""
        return statistics.median(row["seconds"] for row in self.rows[1:] or self.rows)

    def update_best(self, elbo: float, min_improvement: float) -> bool:
        """Record whether the last epoch is the best so far.

        Args:
            elbo: Its validation ELBO, in nats.
            min_improvement: The least gain that counts as an improvement.

        Returns:
            Whether it is the best.
        """
        if elbo > self.improved_elbo + min_improvement:
            self.improved_epoch, self.improved_elbo = self.epoch, elbo
        if elbo <= self.best_elbo:
            return False
        self.best_epoch, self.best_elbo = self.epoch, elbo
        return True

    def stalled(self, look_ahead: int) -> bool:
        """Whether the last `look_ahead` epochs brought no improvement."""
        return 0 < self.improved_epoch <= self.epoch - look_ahead
