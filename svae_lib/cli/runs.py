"""svae evaluate, show and classify: the commands that read a finished run."""

import argparse
import json
import math
import sys
from dataclasses import replace
from pathlib import Path

from svae_lib.cli.parsing import add_flag, add_runtime_flags, given, warn
from svae_lib.errors import printable
from svae_lib.experiment.config import FLAGS
from svae_lib.reading import list_folder

_SPECS = {spec.name: spec for spec in FLAGS}


def add(commands) -> None:
    """Add the commands to the parser."""
    for name, command, text in (
        ("evaluate", evaluate, "score a run's best weights on the test images again"),
        ("show", show, "summarize a run, diagnose its latent space and draw its pictures again"),
        ("classify", classify, "classify the test images by their latents and a few labels"),
    ):
        parser = commands.add_parser(name, help=text, description=text)
        parser.add_argument("run", metavar="RUN", type=Path, help="a run's folder")
        add_runtime_flags(parser)
        add_flag(parser, _SPECS["dataset"], "the place of the images, where it is another than the run's")
        parser.set_defaults(command=command)
        if name == "evaluate":
            add_flag(
                parser,
                _SPECS["num_importance_samples"],
                "another number of them for the log-likelihood than the run had",
            )
            parser.add_argument("--num-images", metavar="N", type=_count, help="score the first N test images alone")
            text = "add a diagnosis of the latent space, by the first 2,000 test images"
            parser.add_argument("--diagnose", action="store_true", help=text)
        if name == "show":
            text = "write run.html into the folder too: one page with all of it, and a live map of s2 or circles"
            parser.add_argument("--html", action="store_true", help=text)
        if name == "classify":
            parser.add_argument("--embeddings", metavar="FILE", help="write latents and labels to this .npz file too")


def summary(metrics: dict, folder: Path) -> str:
    """A finished run in words."""
    lines = (
        "{dataset}, {latent_space}, seed {seed}: epoch {best_epoch} is the best of {epochs}".format(**metrics)
        + f", {metrics['seconds_per_epoch']:.2f} s each; on the test images, in nats per image:",
        f"  ELBO            {metrics['test_elbo']:9.2f}",
        f"  reconstruction  {metrics['test_reconstruction']:9.2f}",
        f"  KL              {metrics['test_kl']:9.2f}",
        f"  log-likelihood  {metrics['test_log_likelihood']:9.2f}  ({metrics['num_importance_samples']} samples)",
        f"{folder}: " + ", ".join(path.name for path in list_folder(folder)),
    )
    return printable("\n".join(lines))


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: it must be an integer >= 1")
    return int(text)


def _disagreements(metrics: dict, figures: dict) -> list[str]:
    """Where a run's figures, computed again, are others than its metrics.json says.


    By more than one in ten thousand, that is: above what another number of threads does, and often above what the noise
    of another device does.
    """
    return [
        f"{name} is {value:.4f} here and {metrics[name]:.4f} in metrics.json: are weights and file of one training? "
        "(another device or version of torch draws other noise)"
        for name, value in figures.items()
        if not math.isclose(value, metrics[name], rel_tol=1e-4, abs_tol=1e-4)
        and not (math.isnan(value) and math.isnan(metrics[name]))
    ]


def _load(arguments: argparse.Namespace):
    from svae_lib.experiment import load_run

    return load_run(arguments.run, **given(arguments))


def evaluate(arguments: argparse.Namespace) -> int:
    """Print a run's test figures, computed again; return the exit status."""
    from svae_lib.experiment.pictures import diagnose_run
    from svae_lib.experiment.run import score

    run = _load(arguments)
    data = run.data if arguments.num_images is None else replace(run.data, test=run.data.test[: arguments.num_images])
    scored = {} if arguments.num_images is None else {"num_test_images": len(data.test)}
    found = {"diagnosis": diagnose_run(run.model, data).figures()} if arguments.diagnose else {}
    figures = score(run.experiment, run.model, data, sys.stderr.isatty())
    if not scored and figures["num_importance_samples"] == run.metrics["num_importance_samples"]:
        for line in _disagreements(run.metrics, figures):
            warn(line)
    print(json.dumps(run.metrics | figures | scored | found, indent=2))
    return 0


def show(arguments: argparse.Namespace) -> int:
    """Print a run's summary and draw its pictures again; return the exit status."""
    from svae_lib.experiment.pictures import draw

    if arguments.html:
        from svae_lib.widgets.run_page import write_run_page
    run = _load(arguments)
    diagnosis = draw(arguments.run, run.model, run.data, run.rows)
    if arguments.html:
        write_run_page(arguments.run, run, diagnosis)
    print(summary(run.metrics, arguments.run))
    if diagnosis is not None:
        print(diagnosis)
    return 0


def classify(arguments: argparse.Namespace) -> int:
    """Print how well a few labels and the latents classify the test images; return the exit status."""
    from svae_lib.evaluation import classify_latents, save_embeddings

    run = _load(arguments)
    for row in classify_latents(run.model, run.data):
        print(
            f"{row.classifier:<20} {row.num_labels:5d} labels: {row.accuracy:.1%} +- {row.standard_error:.1%} "
            f"of {len(run.data.test):,} test images ({row.num_draws} draws)"
        )
    print("+- is the standard error over draws of labels, for this one training: it says nothing about other seeds")
    if arguments.embeddings is not None:
        save_embeddings(arguments.embeddings, run.model, run.data)
    return 0
