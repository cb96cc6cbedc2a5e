"""Stored runs and weights of the course, found whatever the working folder is."""

import json
from collections.abc import Callable
from numbers import Real
from pathlib import Path
from typing import Any

from svae_lib.errors import InputError

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"  # of the checkout that this package is imported from
SCORES = ("test_log_likelihood", "test_reconstruction", "test_kl")


def stored(name: str) -> Path:
    """Path of a stored file of the course.

    Looked for beside the checkout that `svae_course` is imported from, then in the working folder and in its parents,
    and in a folder notebooks/ of each.

    Args:
        name: within notebooks/, such as "weights/s2.safetensors".

    Returns:
        Where the file is. Where it is nowhere, the path where it belongs, so that whoever reads it can name it.

    Example:
        >>> stored("results/no_such_file.json").name
        'no_such_file.json'
    """
    here = Path.cwd()
    above = [place for folder in (here, *here.parents) for place in (folder, folder / "notebooks")]
    belongs = NOTEBOOKS if NOTEBOOKS.is_dir() else here  # installed from a wheel, there is no checkout
    return next((place / name for place in (NOTEBOOKS, *above) if (place / name).is_file()), belongs / name)


def stored_model(space: str, data):
    """Stored model of the course; where its file is missing or damaged, that is said and a short training replaces it.

    Args:
        space: latent space, by the name that its file has: weights/SPACE.safetensors.
        data: a data set, to train on where there is no file.

    Returns:
        A trained VAE.
    """
    import torch

    import svae_lib

    try:
        return svae_lib.load_model(stored(f"weights/{space}.safetensors"))
    except InputError as problem:
        print(problem)
        print("Instead, a short training; `git checkout :/notebooks/weights` brings the file back.")
    torch.manual_seed(0)
    model = svae_lib.build_vae(data.image_shape, space)
    svae_lib.fit(model, data, epochs=10, batch_size=50, schedule=svae_lib.Schedule(warmup=3))
    return model


def stored_runs(name: str) -> list[dict]:
    """Stored runs, each with its command, its seed and its scores.

    Args:
        name: within notebooks/, a JSON file that tools/store_runs.py wrote.

    Returns:
        One dict per run, with "latent_space" and the scores of metrics.json.

    Raises:
        InputError: the file is missing or damaged; names it and the command that restores it.

    Example:
        >>> try:
        ...     stored_runs("results/no_such_file.json")
        ... except InputError as error:
        ...     print(str(error).partition("no_such_file.json ")[2])
        is missing: `git checkout :/notebooks/results` restores it
    """
    return read_stored(name, lambda runs: isinstance(runs, list) and runs and all(map(_is_run, runs)))


def sphere_settings(run: dict) -> tuple[str | float | None, str | None]:
    """Radius and concentration head of a stored run's spheres, or the scale of its Gaussian codes.

    Args:
        run: of `stored_runs`.

    Returns:
        (radius, head), both None for flat spaces; a radius that was trained is "learned from" where it started, and so
        is the scale of Gaussian codes, which has no head.

    Example:
        >>> run = {"command": "svae train --latent s2 --learn-radius", "radius": 1.0, "concentration_head": "softplus"}
        >>> sphere_settings(run), sphere_settings({"command": "svae train --latent e2"})
        (('learned from 1.0', 'softplus'), (None, None))
    """
    command, radius = run.get("command", ""), run.get("radius")
    if radius is None:
        return "learned from 1.0" if "--learn-scale" in command else None, None
    return f"learned from {radius}" if "--learn-radius" in command else radius, run.get("concentration_head")


def stored_records(name: str) -> dict[str, dict]:
    """Stored records of trainings, by the setting that they were made with.

    Args:
        name: within notebooks/, a JSON file that svae_course.chapter_03.scale wrote.

    Returns:
        One dict per setting.

    Raises:
        InputError: the file is missing or damaged; names it and the command that restores it.

    Example:
        >>> try:
        ...     stored_records("results/no_such_file.json")
        ... except InputError as error:
        ...     print(str(error).partition("no_such_file.json ")[2])
        is missing: `git checkout :/notebooks/results` restores it
    """
    keys = {"start", "width", "validation_elbo"}
    return read_stored(
        name, lambda all_: isinstance(all_, dict) and all_ and all(keys <= set(one) for one in all_.values())
    )


def read_stored(name: str, is_valid: Callable[[Any], Any]) -> Any:
    """What a stored file of JSON holds.

    Args:
        name: within notebooks/.
        is_valid: says of the content whether it is what it should be; it may raise a TypeError.

    Returns:
        The content.

    Raises:
        InputError: the file is missing or damaged; names it and the command that restores it.
    """
    path = stored(name)
    try:
        found = json.loads(path.read_bytes())
        if is_valid(found):
            return found
    except (OSError, ValueError, TypeError, RecursionError):
        pass
    problem = "damaged" if path.exists() else "missing"
    cure = f"`git checkout :/notebooks/{Path(name).parent}` restores it"
    raise InputError(f"{path} is {problem}: {cure}")


def _is_run(row: object) -> bool:
    """Whether this is a run as the chapters' figures take it."""
    if not isinstance(row, dict) or not isinstance(row.get("latent_space"), str):
        return False
    return all(isinstance(row.get(score), Real) for score in SCORES)
