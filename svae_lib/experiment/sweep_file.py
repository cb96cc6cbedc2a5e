"""A sweep's file: fixed flags and a grid of those that vary, read as experiments with names."""

import itertools
import math
import os
import re
import tomllib
from dataclasses import Field
from pathlib import Path
from typing import Any

from svae_lib.errors import InputError
from svae_lib.experiment.config import FLAGS, Experiment, build_experiment
from svae_lib.experiment.flags import flags_by_name, read, value_type
from svae_lib.reading import read_bytes

_MAXIMUM = 10_000  # experiments in a sweep: more are a slip
_FLAGS = flags_by_name(FLAGS)
_IN_EVERY_NAME = {"dataset", "latent", "seed", "name", "distribution", "z", "z_dims"}


def read_sweep(path: str | os.PathLike, **runtime) -> dict[str, Experiment]:
    """The experiments of a sweep's file by name: DATASET-LATENT-SEED, with what else varies before the seed.

    [fixed] gives every experiment a value; [grid] gives flags a list each, of which every combination is run; each
    [[case]] gives values that go together, and the grid is run for every case.

    Args:
        path: The file, in TOML.
        **runtime: data_dir, device and threads, which override the file.

    Returns:
        The experiments by name, in the file's order.

    Raises:
        InputError: The file cannot be read, something in it is wrong, or two experiments have one name.
    """
    text = read_bytes(path)
    try:
        tables = tomllib.loads(text.decode())
        repr(tables)  # as deep as an error may have to print them
    except ValueError as error:
        raise InputError(f"{path} is not TOML: {error}") from None
    except RecursionError:
        raise InputError(f"{path} is nested too deep for a sweep") from None
    try:
        return _expand(tables, runtime)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _expand(tables: dict, runtime: dict) -> dict[str, Experiment]:
    fixed, grid, cases = tables.pop("fixed", {}), tables.pop("grid", {}), tables.pop("case", [{}])
    shaped = isinstance(cases, list) and all(isinstance(table, dict) for table in (fixed, grid, *cases))
    if tables or not shaped or not (grid or any(cases)):
        raise InputError("a sweep has a [grid] with a list for each flag, or [[case]] tables, and may have [fixed]")
    fixed = _by_field("[fixed]", fixed)
    grid = _by_field("[grid]", grid, taken=fixed)
    cases = [_by_field("[[case]]", case, taken=fixed | grid) for case in cases]
    for name, values in grid.items():
        if not isinstance(values, list) or not values:
            raise InputError(f"[grid] {name} is {values!r}: give a list of one value or more")
    if (count := len(cases) * math.prod(map(len, grid.values()))) > _MAXIMUM:
        raise InputError(f"{count:,} experiments are more than {_MAXIMUM:,}: leave some values out")
    varies = {name: None for table in (grid, *cases) for name in table if name not in _IN_EVERY_NAME}
    experiments, names = {}, set()
    for case, values in itertools.product(cases, itertools.product(*grid.values())):
        given = fixed | case | dict(zip(grid, values, strict=True))
        given = {name: _read(_FLAGS[name], value) for name, value in given.items()}
        experiment = build_experiment(given | runtime)
        name = _name(experiment, {field: given.get(field, False) for field in varies})
        if name.casefold() in names:  # some file systems do not tell S from s
            raise InputError(f"two experiments are called {name}: leave one of them out")
        experiments[name] = experiment
        names.add(name.casefold())
    return experiments


def _by_field(where: str, table: dict, taken: dict | None = None) -> dict:
    """A table's values by field."""
    found = {}
    for key, value in table.items():
        if (flag := key.replace("-", "_")) not in _FLAGS:
            raise InputError(f"{where} has an unknown flag {key!r}: choose from {', '.join(_FLAGS)}")
        name = _FLAGS[flag].name
        if name in found or name in (taken or {}):
            raise InputError(f"{where} gives {key} a second time: leave one")
        found[name] = value
    return found


def _read(spec: Field, value: Any) -> Any:
    """A text is read as on the command line: numbers separated by commas, and the papers' words."""
    return read(spec, value) if isinstance(value, str) and value_type(spec) in (tuple, str) else value


def _name(experiment: Experiment, varies: dict) -> str:
    parts = [Path(experiment.dataset).stem, experiment.latent]
    for field, value in varies.items():
        value = getattr(experiment, field, value)  # `papers` is no field of it
        parts.append(f"{field}={','.join(map(str, value)) if isinstance(value, tuple) else value}")
    name = re.sub(r"[^\w.=+-]", "_", "-".join((*parts, str(experiment.seed))))
    if len(name.encode()) > 200:
        raise InputError(f"the name {name} has more than 200 bytes: let less vary")
    return name
