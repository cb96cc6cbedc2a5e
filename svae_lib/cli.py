"""The command line: it parses and checks before it imports torch, and says what is wrong in one line."""

import argparse
import json
import os
import re
import shlex
import sys
import time
from dataclasses import Field, fields, replace
from pathlib import Path

from svae_lib.errors import InputError
from svae_lib.experiment.flags import kind, read
from svae_lib.experiment.plan import Experiment, PaperSpace

_LEADER = int(os.environ.get("RANK", 0)) == 0  # of the processes that torchrun starts, one speaks
_RUNTIME = ("data_dir", "device", "threads")  # what every command may set that reads a run


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options):
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str):
        raise InputError(f"{message} ({self.prog} --help lists what there is)")


def main(argv: list[str] | None = None) -> int:
    """Run a command; return its exit status: 0, 1 for a training that failed, 2 for bad input, 130 for Ctrl-C."""
    try:
        arguments = _parser().parse_args(argv)
        return arguments.command(arguments)
    except InputError as error:
        return _fail(error, 2)
    except KeyboardInterrupt:
        return _fail("stopped", 130)


def _fail(reason: object, status: int) -> int:
    if _LEADER:
        print("svae:", " ".join(str(reason).split()), file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="svae", description="Train, evaluate and look at hyperspherical variational auto-encoders.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    train = commands.add_parser("train", help="train a model, into a folder of its own")
    groups = {}
    for spec in (*fields(PaperSpace), *fields(Experiment)):
        group = spec.metadata["group"]
        groups[group] = groups.get(group) or train.add_argument_group(group)
        _add(groups[group], spec)
    run = train.add_argument_group("the run's folder, LOG_DIR/EXP_NAME")
    run.add_argument("-en", "--exp_name", help="default: DATASET-SPACE-SEED-TIME")
    run.add_argument("-ld", "--log_dir", default="runs", type=Path, help="default: runs")
    run.add_argument("--resume", action="store_true", help="go on with EXP_NAME from its checkpoint, or start it")
    run.add_argument("--dry-run", action="store_true", help="show the model, the data and the plan, and do nothing")
    train.set_defaults(command=_train)
    for name, command, text in (
        ("evaluate", _evaluate, "score a run's best weights on the test images again"),
        ("show", _show, "sum a run up and draw its pictures again"),
        ("classify", _classify, "tell the test images apart by a few labels and their latents"),
    ):
        reader = commands.add_parser(name, help=text, description=text)
        reader.add_argument("run", metavar="RUN", type=Path, help="a run's folder")
        for spec in fields(Experiment):
            if spec.name in _RUNTIME:
                _add(reader, spec)
        reader.set_defaults(command=command)
        if name == "classify":
            reader.add_argument("--embeddings", metavar="FILE", help="write latents and labels to this .npz file too")
    data = commands.add_parser("data", help="list the data sets, or fetch one").add_subparsers(
        metavar="list | fetch", required=True
    )
    for name, command in (("list", _data_list), ("fetch", _data_fetch)):
        reader = data.add_parser(name)
        reader.add_argument("--data-dir", help="where data sets are; default: SVAE_DATA, then a cache")
        reader.set_defaults(command=command)
        if name == "fetch":
            reader.add_argument("name", metavar="NAME", help="a name from `svae data list`")
    return parser


def _add(group, spec: Field) -> None:
    about = spec.metadata
    if kind(spec) is bool:
        group.add_argument(
            *about["names"], dest=spec.name, action="store_true", default=argparse.SUPPRESS, help=about["help"]
        )
        return
    metavar = {tuple: "N,N", int: "N", float: "X", str: "TEXT"}[kind(spec)]
    if "choices" in about:
        metavar = "{" + ",".join(about["choices"]) + "}"
    default = ",".join(map(str, spec.default)) if kind(spec) is tuple else spec.default
    text = about["help"] + ("" if default is None else f"; default: {default}")
    group.add_argument(*about["names"], dest=spec.name, metavar=metavar, default=argparse.SUPPRESS, help=text)


def _given(arguments: argparse.Namespace, source: type) -> dict:
    """The fields of `source` that were given on the command line, read from their texts."""
    given = {spec: getattr(arguments, spec.name) for spec in fields(source) if hasattr(arguments, spec.name)}
    return {spec.name: value if value is True else read(spec, value) for spec, value in given.items()}


def _experiment(arguments: argparse.Namespace, stored: Experiment | None) -> Experiment:
    """The experiment of the flags, laid over the one that a resumed run has stored."""
    given, papers = _given(arguments, Experiment), _given(arguments, PaperSpace)
    if "latent" in given and papers:
        raise InputError(f"--latent {given['latent']} stands in place of -n, -dis, -z and -zd: leave one or the other")
    space = PaperSpace(**papers)
    unused = "z" if space.name == "productspace" else "z_dims"
    if unused in papers:
        _warn(f"-n {space.name} does not use --{unused}")
    if papers:
        given["latent"] = space.latent
    experiment = replace(stored, **given) if stored else Experiment(**given)
    letters, ink = set(experiment.latent), experiment.loss_function == "bce"
    uses = dict.fromkeys(("radius", "learn_radius", "concentration_floor"), letters & {"s", "p"})
    for name, used in (uses | {"covariance_matrix": "e" in letters, "binarize": ink}).items():
        if name in given and not used:
            _warn(f"--{name} has no effect on {experiment.latent} with -lf {experiment.loss_function}")
    return experiment


def _train(arguments: argparse.Namespace) -> int:
    name = arguments.exp_name
    if name is None and arguments.resume:
        raise InputError("--resume needs the run's name: -en EXP_NAME")
    if name is not None and (name in ("", ".", "..") or os.sep in name or len(os.fsencode(name)) > 200):
        raise InputError(
            f"-en/--exp_name {name!r}: name a folder in {arguments.log_dir}, without {os.sep}, in 200 bytes"
        )
    if arguments.resume and (arguments.log_dir / name / "experiment.json").exists():
        from svae_lib.experiment.folder import stored_experiment

        experiment = _experiment(arguments, stored_experiment(arguments.log_dir / name))
    else:
        experiment = _experiment(arguments, None)
    if name is None:
        parts = Path(experiment.dataset).stem, experiment.latent, experiment.seed, time.strftime("%Y%m%d-%H%M%S")
        name = re.sub(r"[^\w.-]", "_", "-".join(map(str, parts)))
    folder = arguments.log_dir / name
    if _LEADER and (arguments.dry_run or experiment.verbosity == 2):
        from svae_lib.experiment.building import describe

        print(describe(experiment), f"folder  {folder}", sep="\n")
    if arguments.dry_run:
        return 0
    from svae_lib.experiment.run import run_experiment
    from svae_lib.training import TrainingFailed

    finished = arguments.resume and (folder / "metrics.json").exists()
    try:
        metrics = run_experiment(experiment, folder, resume=arguments.resume, progress=sys.stderr.isatty() and _LEADER)
    except TrainingFailed as error:
        return _fail(f"{error}; the run is in {folder}", 1)
    except KeyboardInterrupt:
        if not (folder / "experiment.json").exists():
            raise
        again = shlex.join(["svae", "train", "--resume", "-ld", str(arguments.log_dir), "-en", name])
        return _fail(f"stopped; what is done is saved; go on with: {again}", 130)
    if _LEADER:
        print(f"{folder} is finished already\n" * finished + _summary(metrics, folder))
    return 0


def _summary(metrics: dict, folder: Path) -> str:
    """A finished run in words."""
    return "\n".join(
        (
            "{dataset}, {latent_space}, seed {seed}: epoch {best_epoch} is the best of {epochs}".format(**metrics)
            + f", {metrics['seconds_per_epoch']:.2f} s each; on the test images, in nats an image:",
            f"  ELBO            {metrics['test_elbo']:9.2f}",
            f"  reconstruction  {metrics['test_reconstruction']:9.2f}",
            f"  KL              {metrics['test_kl']:9.2f}",
            f"  log-likelihood  {metrics['test_log_likelihood']:9.2f}  ({metrics['num_importance_samples']} samples)",
            f"{folder}: " + ", ".join(sorted(path.name for path in folder.iterdir())),
        )
    )


def _load(arguments: argparse.Namespace):
    from svae_lib.experiment.folder import load_run

    return load_run(arguments.run, **_given(arguments, Experiment))


def _evaluate(arguments: argparse.Namespace) -> int:
    from svae_lib.experiment.run import score

    run = _load(arguments)
    print(json.dumps(run.metrics | score(run.experiment, run.model, run.data), indent=2))
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from svae_lib.experiment.run import draw

    run = _load(arguments)
    draw(arguments.run, run.model, run.data, run.rows)
    print(_summary(run.metrics, arguments.run))
    return 0


def _classify(arguments: argparse.Namespace) -> int:
    from svae_lib.evaluation import classify_latents, save_embeddings

    run = _load(arguments)
    for row in classify_latents(run.model, run.data):
        print(
            f"{row.classifier:<20} {row.num_labels:5d} labels: {row.accuracy:.1%} +- {row.standard_error:.1%} "
            f"of {len(run.data.test):,} test images ({row.num_draws} draws)"
        )
    if arguments.embeddings is not None:
        save_embeddings(arguments.embeddings, run.model, run.data)
    return 0


def _data_list(arguments: argparse.Namespace) -> int:
    from svae_lib.datasets import data_table

    rows = data_table(arguments.data_dir)
    widths = {column: max(len(row[column]) for row in rows) for column in rows[0]}
    for row in ({column: column for column in rows[0]}, *rows):
        print("  ".join(text.ljust(widths[column]) for column, text in row.items()).rstrip())
    return 0


def _data_fetch(arguments: argparse.Namespace) -> int:
    from svae_lib.datasets import fetch

    new = fetch(arguments.name, arguments.data_dir)
    print("\n".join(f"wrote {path}" for path in new) or f"{arguments.name} is here already")
    return 0


def _warn(text: str) -> None:
    if _LEADER:
        print("svae: warning:", text, file=sys.stderr)
