"""The folder of a run: which files it holds, whether the run is finished, and which run may write into it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from svae_lib.errors import InputError
from svae_lib.experiment.config import Experiment
from svae_lib.experiment.flags import long_flag
from svae_lib.files import TEMPORARY, GrowingLines, atomic_write, remove_unfinished
from svae_lib.locks import Taken, file_lock
from svae_lib.process import environment_integer
from svae_lib.reading import LINES, exists, list_folder, read_bytes, read_json, read_json_lines

_METRICS = dict.fromkeys(("dataset", "latent_space"), str) | dict.fromkeys(
    ("test_log_likelihood", "test_elbo", "test_reconstruction", "test_kl", "num_importance_samples", "epochs",
     "best_epoch", "seconds_per_epoch", "seed"), (int, float))  # fmt: skip


def is_rank_zero() -> bool:
    """Whether this process writes and prints; of those that torchrun starts, only the one of rank zero does.

    Raises:
        InputError: The environment variable RANK is no integer >= 0.
    """
    return environment_integer("RANK", 0) == 0


class RunFolder:
    """The folder of a run, written while the run goes on and read afterwards.

    It is created with experiment.json in it. Training adds checkpoint.pt, metrics.jsonl (one line per epoch) and
    best.safetensors, then come the pictures, and metrics.json last: a run is finished when that file is there.

    Args:
        path: The folder; it may not exist yet.

    Attributes:
        path: The same, as a Path.
        weights: The file with the best weights, for `load_model`.
        checkpoint: The file that training resumes from.
        row_file: The file with a line for each epoch.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     run = RunFolder(f"{folder}/mine")
        ...     run.create(Experiment(latent="s3"))
        ...     run.experiment.latent, run.started, run.finished, [each.path.name for each in RunFolder.all_in(folder)]
        ('s3', True, False, ['mine'])
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self.weights = self.path / "best.safetensors"
        self.checkpoint = self.path / "checkpoint.pt"
        self._experiment = self.path / "experiment.json"
        self.row_file = GrowingLines(self.path / "metrics.jsonl")
        self._metrics = self.path / "metrics.json"

    @classmethod
    def all_in(cls, folder: str | os.PathLike) -> list["RunFolder"]:
        """Every run whose folder is in this one, sorted by name; none where it does not exist."""
        paths = list_folder(folder) if exists(folder) else []
        return [run for run in map(cls, paths) if run.path.name[0] != "." and run.started]

    @property
    def started(self) -> bool:
        """Whether the folder is that of a run."""
        return exists(self._experiment)

    @property
    def finished(self) -> bool:
        """Whether the run is finished, pictures and test figures included."""
        return exists(self._metrics)

    @property
    def experiment(self) -> Experiment:
        """The configuration that the run was started with. Raises: InputError."""
        return Experiment.from_json(read_bytes(self._experiment), where=str(self._experiment))

    @property
    def metrics(self) -> dict[str, Any]:
        """The test figures of a finished run, all there and numbers. Raises: InputError."""
        return _checked_metrics(self._metrics)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One dictionary per epoch, of its losses and times: numbers alone. Raises: InputError."""
        return _checked_rows(self.row_file.path)

    @property
    def num_epochs(self) -> int:
        """The number of epochs so far; 0 where no file says so."""
        try:
            return read_bytes(self.row_file.path, LINES).count(b"\n")
        except InputError:
            return 0

    def test_figure(self, quantity: str) -> float:
        """One test figure of a finished run.

        Args:
            quantity: Its name in metrics.json without "test_": "elbo", "kl".

        Raises:
            InputError: The file cannot be read, or has no number of that name.
        """
        value = read_json(self._metrics).get(f"test_{quantity}")
        if not isinstance(value, float):
            raise InputError(f"{self._metrics} has no number for test_{quantity}: is it of another version?")
        return value

    @contextmanager
    def lock(self, patience: float = 0) -> Iterator[None]:
        """Hold the run's lock, which whoever trains it takes, and remove what a killed process left unfinished.

        Args:
            patience: Seconds to wait while another process holds it.

        Raises:
            Taken: Another process holds it.
            InputError: It cannot be made.
        """
        with file_lock(self.path.with_name(f".{self.path.name}.lock"), patience, what=self.path):
            remove_unfinished(self.path)
            yield

    def write_metrics(self, metrics: dict[str, Any]) -> None:
        """Store the test figures, after all other files: from here on the run is finished. Raises: InputError."""
        atomic_write(self._metrics, (json.dumps(metrics, indent=2) + "\n").encode())

    def check(self, experiment: Experiment, resume: bool) -> None:
        """Refuse a folder that a run must not write into.

        Args:
            experiment: The run's configuration.
            resume: Whether a folder that exists may be this run's own.

        Raises:
            Taken: The folder exists and `resume` is False.
            InputError: It holds another experiment, or no run at all.
        """
        if not exists(self.path):  # which calls a name too long for the system absent, not an error
            return
        if not resume:
            raise Taken(f"{self.path} exists: take another name, or resume that run with --resume")
        if self.path.is_dir() and all(each.name.startswith(TEMPORARY) for each in list_folder(self.path)):
            return  # killed in the middle of `create`
        stored = self.experiment
        if name := stored.difference(experiment):
            old, new = getattr(stored, name), getattr(experiment, name)
            raise InputError(f"{self.path} was started with {long_flag(name)} {old}, not {new}: take another name")

    def create(self, experiment: Experiment) -> None:
        """Make the folder with experiment.json in it; where it exists, write that file alone.

        Args:
            experiment: The run's configuration.

        Raises:
            InputError: The folder cannot be made; names it and the system's reason.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            atomic_write(self._experiment, experiment.to_json().encode())
        except OSError as error:
            raise InputError(f"cannot make the folder {self.path}: {error.strerror}") from None
        except InputError:
            with suppress(OSError):
                self.path.rmdir()  # only an empty folder goes
            raise


def _checked_metrics(path: Path) -> dict[str, Any]:
    metrics = read_json(path)
    for name, kind in _METRICS.items():
        if not isinstance(metrics.get(name), kind) or isinstance(metrics[name], bool):
            raise InputError(f"{path} has no {'text' if kind is str else 'number'} for {name}: restore an intact copy")
    return metrics


def _checked_rows(path: Path) -> list[dict[str, Any]]:
    rows = read_json_lines(path)
    for number, row in enumerate(rows, start=1):
        if not ({"epoch", "train_elbo"} <= row.keys() and {int, float} >= set(map(type, row.values()))):
            raise InputError(f"{path}: line {number} is not the numbers of an epoch: restore an intact copy")
    return rows
