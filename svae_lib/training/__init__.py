"""Training: a KL schedule, a loop that goes on after a NaN or a kill, and the files it leaves."""

from svae_lib.training.fitting import fit
from svae_lib.training.history import History, Schedule
from svae_lib.training.trainer import TrainingFailed

__all__ = ["History", "Schedule", "TrainingFailed", "fit"]
