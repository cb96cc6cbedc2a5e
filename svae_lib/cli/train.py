"""svae train."""

import argparse
import itertools
import os
import re
import shlex
import sys
import time
from dataclasses import fields
from pathlib import Path

from svae_lib.cli.parsing import add_flag, complain, given, say, warn
from svae_lib.cli.runs import summary
from svae_lib.errors import InputError
from svae_lib.experiment.config import FLAGS, Experiment, PaperSpace, build_experiment
from svae_lib.experiment.flags import long_flag
from svae_lib.experiment.run_folder import RunFolder, is_rank_zero
from svae_lib.latent_spaces.names import parse_name
from svae_lib.locks import Taken
from svae_lib.process import exit_status


def add(commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("train", help="train a model, into a folder of its own")
    groups = {}
    for spec in FLAGS:
        group = spec.metadata["group"]
        groups[group] = groups.get(group) or parser.add_argument_group(group)
        add_flag(groups[group], spec)
    run = parser.add_argument_group("the run's folder, LOG_DIR/EXP_NAME")
    run.add_argument("-en", "--exp-name", "--exp_name", help="default: DATASET-SPACE-SEED-TIME")
    run.add_argument("-ld", "--log-dir", "--log_dir", default="runs", type=Path, help="default: runs")
    run.add_argument("--resume", action="store_true", help="resume EXP_NAME from its checkpoint, or start it")
    run.add_argument("--dry-run", action="store_true", help="show model, data and configuration, and do nothing")
    parser.set_defaults(command=train)


def _experiment(arguments: argparse.Namespace, stored: Experiment | None) -> Experiment:
    """The experiment of the flags; a warning names each flag that it does not use."""
    values, papers = given(arguments), given(arguments, fields(PaperSpace))
    experiment = build_experiment(values, stored)
    model = papers.get("name", PaperSpace.name)
    unused = "z" if model == "productspace" else "z_dims"
    if unused in papers:
        warn(f"-n {model} does not use {long_flag(unused)}")
    families = {factor.family for factor in parse_name(experiment.latent).factors}
    uses = dict.fromkeys(
        ("radius", "learn_radius", "concentration_floor", "concentration_head"), families - {"euclidean"}
    )
    uses |= dict.fromkeys(("covariance", "learn_scale"), "euclidean" in families)
    learned = (uses["radius"] and experiment.learn_radius) or (uses["learn_scale"] and experiment.learn_scale)
    uses |= {"radius_learning_rate": learned, "binarize_once": experiment.likelihood == "bernoulli"}
    for name, used in uses.items():
        if name in values and not used:
            warn(f"{long_flag(name)} has no effect on {experiment.latent} with --likelihood {experiment.likelihood}")
    return experiment


def train(arguments: argparse.Namespace) -> int:
    """Train a model into a folder of its own; return the exit status, 1 where the loss stays NaN."""
    name = arguments.exp_name
    if name is None and arguments.resume:
        raise InputError("--resume needs the run's name: -en EXP_NAME")
    if name is not None and (name in ("", ".", "..") or os.sep in name or len(os.fsencode(name)) > 200):
        raise InputError(
            f"-en/--exp-name {name!r}: name a folder in {arguments.log_dir}, without {os.sep}, in 200 bytes"
        )
    stored = RunFolder(arguments.log_dir / name) if arguments.resume else None
    experiment = _experiment(arguments, stored.experiment if stored and stored.started else None)
    if name is None:
        parts = Path(experiment.dataset).stem, experiment.latent, experiment.seed, time.strftime("%Y%m%d-%H%M%S")
        name = re.sub(r"[^\w.-]", "_", "-".join(map(str, parts)))
    if is_rank_zero() and (arguments.dry_run or experiment.verbosity == 2):
        from svae_lib.experiment.build import describe

        say(f"{describe(experiment)}\nfolder  {arguments.log_dir / name}")
    if arguments.dry_run:
        return 0
    for number in itertools.count(1):
        folder = RunFolder(arguments.log_dir / (name if number == 1 else f"{name}-{number}"))
        try:
            return _run(experiment, folder, arguments.resume)
        except Taken:  # by a training that started within the same second
            if arguments.exp_name is not None:
                raise


def _run(experiment: Experiment, folder: RunFolder, resume: bool) -> int:
    from svae_lib.experiment.run import run_experiment
    from svae_lib.training import TrainingFailed

    finished = resume and folder.finished
    try:
        metrics = run_experiment(
            experiment, folder.path, resume=resume, progress=sys.stderr.isatty() and is_rank_zero()
        )
    except TrainingFailed as error:
        return complain(f"{error}; the run is in {folder.path}", 1)
    except KeyboardInterrupt as stop:
        if not folder.started or not is_rank_zero():
            raise
        saved = "what is done is saved" if os.path.exists(folder.checkpoint) else "no epoch is done yet"
        line = ["svae", "train", "--resume", "-ld", str(folder.path.parent), "-en", folder.path.name]
        return complain(f"stopped; {saved}; resume with: {shlex.join(line)}", exit_status(stop))
    if is_rank_zero():
        say(f"{folder.path} is finished already\n" * finished + summary(metrics, folder.path))
    return 0
