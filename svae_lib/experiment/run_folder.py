"""The folder of a run: which files it holds, whether the run is finished, and which run may write into it."""

import json
import os
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from svae_lib.errors import InputError
from svae_lib.experiment.config import Experiment
from svae_lib.experiment.flags import long_flag
from svae_lib.files import atomic_write
from svae_lib.reading import read_bytes, read_json, read_json_lines


def is_rank_zero() -> bool:
    """Whether this process writes and prints; of those that torchrun starts, only the one of rank zero does."""
    return int(os.environ.get("RANK", 0)) == 0


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
        self._rows = self.path / "metrics.jsonl"
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
        return read_json_lines(self._rows)

    @property
    def num_epochs(self) -> int:
        """The number of epochs so far; 0 where no file says so."""
        try:
            return self._rows.read_bytes().count(b"\n")
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

    def write_rows(self, rows: Iterable[dict[str, Any]]) -> None:
        """Store one dictionary per epoch. Raises: InputError, as atomic_write."""
        atomic_write(self._rows, "".join(json.dumps(row) + "\n" for row in rows).encode())

    def write_metrics(self, metrics: dict[str, Any]) -> None:
        """Store the test figures, after all other files: from here on the run is finished. Raises: InputError."""
        atomic_write(self._metrics, (json.dumps(metrics, indent=2) + "\n").encode())

    def check(self, experiment: Experiment, resume: bool) -> None:
        """Refuse a folder that a run must not write into.

        Args:
            experiment: The run's configuration.
            resume: Whether a folder that exists may be this run's own.

        Raises:
            InputError: The folder exists and `resume` is False, or it holds another experiment, or no run at all.
        """
        if not os.path.exists(self.path):  # which calls a name too long for the system absent, not an error
            return
        if not resume:
            raise InputError(f"{self.path} exists: take another name, or resume that run with --resume")
        if self.path.is_dir() and not any(self.path.iterdir()):
            return
        stored = self.experiment
        for spec in fields(Experiment):
            old, new = getattr(stored, spec.name), getattr(experiment, spec.name)
            if old != new and not spec.metadata.get("runtime"):
                raise InputError(
                    f"{self.path} was started with {long_flag(spec.name)} {old}, not {new}: take another name"
                )

    def create(self, experiment: Experiment) -> None:
        """Make the folder with experiment.json in it, in one step; where it exists, write that file alone.

        Args:
            experiment: The run's configuration.

        Raises:
            InputError: The folder cannot be made; names it and the system's reason.
        """
        text = experiment.to_json().encode()
        if os.path.exists(self.path):
            return atomic_write(self._experiment, text)
        unfinished = self.path.with_name(f".{self.path.name}.new")
        try:
            unfinished.mkdir(parents=True, exist_ok=True)
            atomic_write(unfinished / self._experiment.name, text)
            unfinished.rename(self.path)
        except OSError as error:
            raise InputError(f"cannot make the folder {self.path}: {error.strerror}") from None
