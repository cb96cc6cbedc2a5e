"""Training: a KL schedule, a loop that goes on after a NaN or a kill, and the files it leaves."""

from svae_lib.training.fitting import fit
from svae_lib.training.loop import TrainingFailed
from svae_lib.training.progress import History, Schedule

__all__ = ["History", "Schedule", "TrainingFailed", "fit"]
