"""Store the long runs that the course shows: their scores with command and seed, three models, and samples.

    svae sweep run_files/NAME.toml --data-dir DIR       each of SWEEPS; about fourteen hours of one core in all
    python tools/store_runs.py runs

For the runs of chapter 05 it adds the topology of each code, and the codes along curves. What is stored already stays,
and a run found again replaces it: the sweeps may run on several machines, and stop at any time.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from svae_course.chapter_05 import scores, shapes
from svae_course.chapter_10 import exhibits, gallery
from svae_lib import Experiment, load_dataset, load_model
from svae_lib.datasets import to_unit
from svae_lib.experiment import RunFolder, load_run, save_model
from svae_lib.experiment.flags import flag_names
from svae_lib.files import atomic_write, save_weights
from svae_lib.latent_spaces.names import parse_name
from svae_lib.plotting.decoding import embed_images

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SWEEPS = {  # by the file under notebooks/results/ that holds their runs
    "mnist.json": ("mnist_spaces", "mnist_more", "mnist_best", "mnist_heads", "mnist_learned", "mnist_scale"),
    "mnist_long.json": ("table_long",),
    "heads_mnist_5k.json": ("heads_mnist_5k", "families_mnist_5k", "scale_mnist_5k"),
    "caltech101_silhouettes.json": ("caltech_silhouettes",),
    "05_shapes.json": ("shapes",),
    "05_arcs.json": ("arcs",),
    "10_patches.json": ("patches",),
    "10_patches_long.json": ("patches_long",),
}
WEIGHTS = ("s2", "2xs1", "5xs2")  # of mnist_best, seed 0
SAMPLES = ("s10", "s5,s5", "s4,s3,s3", "5xs2")
KEPT = ("dataset", "latent_space", "seed", "test_log_likelihood", "test_reconstruction", "test_kl", "best_epoch")
NOT_STORED = ("seconds_per_epoch", "num_nan", "peak_memory_megabytes")  # more of the machine than of the run


def has_spheres(experiment: Experiment) -> bool:
    """Whether a factor of its latent space is not flat."""
    return any(factor.family != "euclidean" for factor in parse_name(experiment.latent).factors)


def command(experiment: Experiment) -> str:
    """The shortest `svae train` that means this experiment; a file of data is named with its folder alone."""
    experiment = experiment.without_runtime()
    if not has_spheres(experiment):  # these have no effect, and a sweep may fix them for all of its spaces
        experiment = replace(experiment, radius=Experiment.radius, concentration_head=Experiment.concentration_head)
    values = asdict(experiment)
    for name in [name for name in values if name not in ("latent", "seed")]:
        # what is left out and comes back by itself need not be said
        shorter = {other: value for other, value in values.items() if other != name}
        if Experiment(**shorter) == experiment:
            values = shorter
    flags = {spec.name: flag_names(spec)[0] for spec in fields(Experiment)}
    texts = {name: ",".join(map(str, value)) if isinstance(value, tuple) else value for name, value in values.items()}
    words = (flags[name] if value is True else f"{flags[name]} {value}" for name, value in texts.items())
    text, folder = " ".join(["svae train", *words]), Path(experiment.dataset).parent
    return text.replace(str(folder), folder.name) if folder.is_absolute() else text


def row(run: RunFolder) -> dict:
    """What is stored of a run: its command, its scores, and what its spheres are."""
    experiment, metrics = run.experiment, run.metrics
    best = run.rows[metrics["best_epoch"] - 1]
    kept = {name: value for name, value in metrics.items() if name not in NOT_STORED}
    kept |= {"validation_elbo": best["validation_elbo"]}
    spheres = experiment.select("radius", "concentration_head") if has_spheres(experiment) else {}
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in kept.items()}
    return {"command": command(experiment), **spheres, **rounded, **scored_again(run)}


def scored_again(run: RunFolder) -> dict:
    """Scores that `svae evaluate RUN -lls 5000 --num-images 1000 > RUN/evaluation.json` wrote, if it did."""
    path = run.path / "evaluation.json"
    if not path.exists():
        return {}
    scores = json.loads(path.read_bytes())
    samples, images = scores["num_importance_samples"], scores["num_test_images"]
    return {f"log_likelihood_{samples}_samples_{images}_images": round(scores["test_log_likelihood"], 3)}


@cache
def truth(name: str) -> float:
    """Mean log-likelihood of a shape's test images under what made them."""
    shape, noise = shapes.files()[name]
    with TemporaryDirectory() as folder:
        images = to_unit(load_dataset(shapes.write(Path(folder), name)).test.images)
    return round(float(scores.true_log_likelihood(images.numpy(), shape, noise).mean()), 3)


def shape_row(run: RunFolder) -> dict:
    """What is stored of a run of chapter 05: little of it, as there are so many, and the topology of its code."""
    found, name = row(run), run.metrics["dataset"]
    shape, _ = shapes.files()[name]
    kept = {key: value for key, value in found.items() if key in KEPT}
    kept |= {"command": found["command"], "true_log_likelihood": truth(name)}
    topology = scores.topology(load_model(run.weights), shape)
    return kept | {key: round(value, 3) for key, value in topology.items()}


def finished(runs: Path, sweeps: tuple[str, ...]) -> Iterator[RunFolder]:
    for sweep in sweeps:
        if (runs / sweep).is_dir():
            yield from (run for run in RunFolder.all_in(runs / sweep) if run.finished)


def store_scores(runs: Path) -> None:
    for name, sweeps in SWEEPS.items():
        path = NOTEBOOKS / "results" / name
        stored = json.loads(path.read_bytes()) if path.exists() else []
        rows = {each["command"]: each for each in stored}
        of_run = shape_row if name.startswith("05_") else row
        rows |= {each["command"]: each for each in map(of_run, finished(runs, sweeps))}
        if rows:
            lines = ",\n".join(json.dumps(rows[key]) for key in sorted(rows))
            atomic_write(path, f"[\n{lines}\n]\n".encode())
        print(f"{path.name}: {len(rows)} runs")


def store_models(runs: Path) -> None:
    def best(space: str) -> RunFolder:
        return RunFolder(runs / "mnist_best" / f"mnist-{space.replace(',', '_')}-0")

    for space in filter(lambda space: best(space).finished, WEIGHTS):
        run, path = load_run(best(space).path), NOTEBOOKS / "weights" / f"{space}.safetensors"
        experiment = run.experiment.without_runtime()  # which names folders of the machine that trained
        save_model(path, run.model, experiment, dtype=torch.float16, command=command(experiment))
        print(path.name)
    if not all(best(space).finished for space in SAMPLES):
        return
    samples = {}
    for space in SAMPLES:
        run = load_run(best(space).path)
        torch.manual_seed(0)
        samples[space] = (255 * run.model.sample(24)).round().to(torch.uint8)
    save_weights(NOTEBOOKS / "results" / "04_samples.safetensors", samples, what="24 mean images from each prior")
    print("04_samples.safetensors")


def store_codes(runs: Path) -> None:
    """Codes of 121 noiseless images along the circle and its parts, in the latent spaces that a page can show."""
    codes = {}
    for run in finished(runs, ("shapes", "arcs")):
        name, space = run.metrics["dataset"], run.experiment.latent
        shape, _ = shapes.files()[name]
        if (shape == "circle" or shape in shapes.ARCS) and space in ("e1", "s1", "e2"):
            found = embed_images(load_model(run.weights), shapes.pixels(scores.path(shape)[::3]))
            codes[f"{name}/{space}/{run.experiment.seed}"] = torch.from_numpy(found).half()
    if codes:
        save_weights(NOTEBOOKS / "results" / "05_codes.safetensors", codes, what="codes along curves")
    print(f"05_codes.safetensors: {len(codes)} codes")


def store_gallery(runs: Path) -> None:
    """Curves, diagnosis and images of the runs in chapter 10's gallery, once all of them are finished."""
    found = {f"{run.path.parent.name}/{run.path.name}": run for run in finished(runs, ("patches", "failures"))}
    shown = [next((found[name] for name in found if name.startswith(each.run)), None) for each in exhibits.EXHIBITS]
    if None in shown:
        return
    pairs = [gallery.record(load_run(run.path), command(run.experiment)) for run in shown]
    lines = ",\n".join(json.dumps(record) for record, _ in pairs)
    atomic_write(NOTEBOOKS / "results" / "10_gallery.json", f"[\n{lines}\n]\n".encode())
    images = {"images": torch.stack([images for _, images in pairs])}
    save_weights(NOTEBOOKS / "results" / "10_gallery.safetensors", images, what="images of chapter 10's gallery")
    print(f"10_gallery.json: {len(pairs)} runs")


if __name__ == "__main__":
    store_scores(Path(sys.argv[1]))
    store_models(Path(sys.argv[1]))
    store_codes(Path(sys.argv[1]))
    store_gallery(Path(sys.argv[1]))
