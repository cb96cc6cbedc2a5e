"""A row of a sweep's table: one experiment over its seeds."""

from dataclasses import dataclass

import numpy as np

from svae_lib.comparison import Comparison, half_width

QUANTITIES = {"log_likelihood": "log-likelihood", "elbo": "ELBO", "reconstruction": "reconstruction", "kl": "KL"}


@dataclass(frozen=True)
class Row:
    """One experiment over its seeds.

    Attributes:
        settings: Data set, latent space, and which other fields differ between the rows.
        scores: By quantity and seed, in nats per image.
        against: The name of the row that its log-likelihood is compared with, which may be its own.
        comparison: This row minus that one, p values after Holm's correction; None where there is no other row.

    Example:
        >>> row = Row({"dataset": "mnist", "latent": "s2"}, {"kl": {0: 7.0, 1: 8.0, 2: 9.0}})
        >>> row.mean("kl"), round(row.half_width("kl"), 4), row.text("kl"), str(row)
        (8.0, 2.4841, '8.00 ± 2.48', 's2')
    """

    settings: dict[str, str]
    scores: dict[str, dict[int, float]]
    against: str | None = None
    comparison: Comparison | None = None

    @property
    def seeds(self) -> int:
        """The number of seeds."""
        return len(next(iter(self.scores.values())))

    def mean(self, quantity: str) -> float:
        """The mean of a quantity over the seeds."""
        return float(np.mean(list(self.scores[quantity].values())))

    def half_width(self, quantity: str) -> float | None:
        """Half the width of the mean's 95 % interval; None for one seed, which says nothing about others."""
        return None if self.seeds == 1 else half_width(list(self.scores[quantity].values()))

    def text(self, quantity: str) -> str:
        """The mean and half the width of its interval, with two decimals."""
        half = self.half_width(quantity)
        return f"{self.mean(quantity):.2f}" + ("" if half is None else f" ± {half:.2f}")

    def __str__(self) -> str:
        return ", ".join(value if name == "latent" else f"{name} {value}"
                         for name, value in self.settings.items() if name != "dataset")  # fmt: skip
