"""Experiments: what defines a run (quick to import, for the command line), and the run itself (which needs torch)."""

from importlib import import_module
from typing import TYPE_CHECKING

from svae_lib.experiment.config import Experiment

if TYPE_CHECKING:
    from svae_lib.experiment.model_file import load_model, save_model
    from svae_lib.experiment.run import run_experiment
    from svae_lib.experiment.run_folder import load_run

_HOME_OF = {"load_model": "model_file", "load_run": "run_folder", "run_experiment": "run", "save_model": "model_file"}
__all__ = ["Experiment", "load_model", "load_run", "run_experiment", "save_model"]


def __getattr__(name: str):
    if name not in _HOME_OF:
        raise AttributeError(f"module 'svae_lib.experiment' has no attribute {name!r}")
    return getattr(import_module(f"svae_lib.experiment.{_HOME_OF[name]}"), name)
