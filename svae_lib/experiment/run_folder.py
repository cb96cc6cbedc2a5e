"""The folder of a run: which files it holds, whether the run is finished, and which run may write into it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from svae_lib.errors import InputError
from svae_lib.experiment.config import Experiment
from svae_lib.experiment.flags import long_flag
from svae_lib.files import TEMPORARY, GrowingLines, atomic_write, remove_unfinished
from svae_lib.locks import Taken, file_lock
from svae_lib.process import environment_integer
from svae_lib.reading import read_bytes, read_json, read_json_lines


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
        """Every run whose folder is in this one, sorted by name."""
        return [cls(path.parent) for path in sorted(Path(folder).glob("[!.]*/experiment.json"))]

    @property
    def started(self) -> bool:
        """Whether the folder is that of a run."""
        return os.path.exists(self._experiment)

    @property
    def finished(self) -> bool:
        """Whether the run is finished, pictures and test figures included."""
        return os.path.exists(self._metrics)

    @property
    def experiment(self) -> Experiment:
        """The configuration that the run was started with. Raises: InputError."""
        return Experiment.from_json(read_bytes(self._experiment), where=str(self._experiment))

    @property
    def metrics(self) -> dict[str, Any]:
        """The test figures of a finished run. Raises: InputError."""
        return read_json(self._metrics)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One dictionary per epoch, of its losses and times. Raises: InputError."""
        return read_json_lines(self.row_file.path)

    @property
    def num_epochs(self) -> int:
        """The number of epochs so far; 0 where no file says so."""
        try:
            return self.row_file.path.read_bytes().count(b"\n")
        except OSError:
            return 0

    def test_figure(self, quantity: str) -> float:
        """One test figure of a finished run.

        Args:
            quantity: Its name in metrics.json without "test_": "elbo", "kl".

        Raises:
            InputError: The file cannot be read, or has no number of that name.
        """
        value = self.metrics.get(f"test_{quantity}")
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
        if not os.path.exists(self.path):  # which calls a name too long for the system absent, not an error
            return
        if not resume:
            raise Taken(f"{self.path} exists: take another name, or resume that run with --resume")
        if self.path.is_dir() and all(each.name.startswith(TEMPORARY) for each in self.path.iterdir()):
            return  # killed in the middle of `create`
        stored = self.experiment
        for spec in fields(Experiment):
            old, new = getattr(stored, spec.name), getattr(experiment, spec.name)
            if old != new and not spec.metadata.get("runtime"):
                raise InputError(
                    f"{self.path} was started with {long_flag(spec.name)} {old}, not {new}: take another name"
                )

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
