"""Training: a KL schedule, and epochs that survive a NaN, an interruption and a full disk."""

from svae_lib.training.fitting import fit
from svae_lib.training.history import History, Schedule
from svae_lib.training.stacked_fitting import fit_stacked
from svae_lib.training.trainer import TrainingFailed

__all__ = ["History", "Schedule", "TrainingFailed", "fit", "fit_stacked"]
