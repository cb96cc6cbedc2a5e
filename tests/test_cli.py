"""The command line: every flag lands in its field, and wrong input is one line, status 2, and no trace."""

import base64
import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import fields

import numpy as np
import pytest
import torch

from svae_lib import cli
from svae_lib.experiment import Experiment, load_run
from svae_lib.experiment.flags import flag_names
from svae_lib.reading import load_weights
from svae_lib.training.checkpoints import load_checkpoint
from tests.commands import ENVIRONMENT, one_line, wait_for

EPOCHS = 30
RUN = f"-d mine.npz -e {EPOCHS} -hd 16 -lls 5 -sf 3 --threads 1".split()


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """An empty folder to work in, with no data set at hand but the one in the wheel."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SVAE_DATA", str(tmp_path / "nowhere"))
    return tmp_path


@pytest.fixture
def config(desk, monkeypatch):
    """The experiment that a command line would run."""
    seen = []
    monkeypatch.setattr("svae_lib.experiment.build.describe", lambda experiment: seen.append(experiment) or "")

    def config(*arguments):
        assert cli.main(["train", "--dry-run", *arguments]) == 0
        return seen[-1]

    return config


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder of images, and a finished run on them; tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("finished")
    levels = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    np.savez(folder / "mine.npz", images=levels, labels=np.arange(40) % 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        threads = torch.get_num_threads()
        assert cli.main(["train", *RUN, "-en", "first"]) == 0
        torch.set_num_threads(threads)
    return folder


FLAGS = {
    "-n normal": ("latent", "e2"),
    "--name vmf -z 10": ("latent", "s10"),
    "-n vmf -dis vmf": ("latent", "s2"),
    "-n normal --z 5": ("latent", "e5"),
    "-n productspace": ("latent", "s2,s3"),
    "-n productspace -zd 3,2,3": ("latent", "s3,s2,s3"),
    "-n productspace --z_dims 4": ("latent", "1xs4"),
    "-n productspace --distribution normal -zd 4,4": ("latent", "e4,e4"),
    "--latent p4,5xc2,e2": ("latent", "p4,5xc2,e2"),
    "--radius 2.5": ("radius", 2.5),
    "--radius sqrt_m": ("radius", "sqrt_m"),
    "--learn-radius": ("learn_radius", True),
    "--concentration-floor 0": ("concentration_floor", 0.0),
    "--concentration-head exp": ("concentration_head", "exp"),
    "-cvm full -n normal": ("covariance", "full"),
    "--covariance_matrix single -n normal": ("covariance", "single"),
    "--learn-scale -n normal": ("learn_scale", True),
    "-hd 300": ("hidden", (300,)),
    "--h 300,20,10": ("hidden", (300, 20, 10)),
    "--h_dims 8,8": ("hidden", (8, 8)),
    "-et cnn": ("encoder_network", "cnn"),
    "--encode_type cnn": ("encoder_network", "cnn"),
    "-dt cnn": ("decoder_network", "cnn"),
    "--decode_type cnn": ("decoder_network", "cnn"),
    "-lf mse": ("likelihood", "gaussian"),
    "--loss_function categorical": ("likelihood", "categorical"),
    "-d frey_faces": ("likelihood", "categorical"),
    "-d frey_faces -lf bce": ("likelihood", "bernoulli"),
    "--sigma 0.1 -lf mse": ("sigma", 0.1),
    "-b 4": ("beta", 4.0),
    "--beta 0.5": ("beta", 0.5),
    "-klw 0": ("kl_warmup", 0),
    "--kl_warmup 7": ("kl_warmup", 7),
    "-e 30": ("kl_warmup", 10),
    "-e 200": ("kl_warmup", 20),
    "-klf 3": ("kl_freeze", 3),
    "--kl_freeze 5 -klw 4": ("burn_in", 9),
    "-klt 2": ("kl_target", 2.0),
    "--kl_target 2.5": ("kl_target", 2.5),
    "--epochs 7": ("epochs", 7),
    "-bs 64": ("batch_size", 64),
    "--batch_size 64": ("batch_size", 64),
    "-lr 1e-4": ("learning_rate", 1e-4),
    "--lr 0.1": ("learning_rate", 0.1),
    "--clip 1": ("clip", 1.0),
    "--radius-learning-rate 0.01 --learn-radius": ("radius_learning_rate", 0.01),
    "-bi 0": ("burn_in", 0),
    "--burn_in 100": ("burn_in", 100),
    "-la 5": ("look_ahead", 5),
    "--look_ahead 6": ("look_ahead", 6),
    "-mi 0": ("min_improvement", 0.0),
    "--min_improv 1": ("min_improvement", 1.0),
    "-mr 0": ("max_restarts", 0),
    "--max_restarts 3": ("max_restarts", 3),
    "-lls 500": ("num_importance_samples", 500),
    "--ll_sample 50": ("num_importance_samples", 50),
    "-pf 2": ("print_every", 2),
    "--pf 3": ("print_every", 3),
    "-vll": ("validate_log_likelihood", True),
    "--val_nll": ("validate_log_likelihood", True),
    "-vf 5": ("validate_every", 5),
    "--val_f 5": ("validate_every", 5),
    "-sf 1": ("save_every", 1),
    "--save_f 10": ("save_every", 10),
    "-v 2": ("verbosity", 2),
    "--verbosity 1": ("verbosity", 1),
    "-d static_mnist": ("dataset", "static_mnist"),
    "--dataset mnist": ("dataset", "mnist"),
    "-bnz": ("binarize_once", True),
    "--binarize": ("binarize_once", True),
    "-rs 4": ("seed", 4),
    "--rs 5": ("seed", 5),
    "--device cpu": ("device", "cpu"),
    "--threads 2": ("threads", 2),
}


@pytest.mark.parametrize("line", FLAGS)
def test_a_flag_lands_in_its_field(config, line):
    name, value = FLAGS[line]
    assert getattr(config(*line.split()), name) == value
    assert type(getattr(config(*line.split()), name)) is type(value)


@pytest.mark.parametrize("spec", fields(Experiment), ids=lambda spec: spec.name)
def test_every_name_of_a_flag_means_the_same(config, spec):
    """The papers' names, ours with dashes, and ours with underscores."""
    names = {*flag_names(spec), f"--{spec.name}"}
    lines = [line.split() for line, (name, _) in FLAGS.items() if name == spec.name and line.split()[0] in names]
    for words in lines[:1]:
        assert len({config(name, *words[1:]) for name in names}) == 1
    assert lines or spec.name == "data_dir"


def test_every_field_has_a_flag_that_is_tested_above(desk):
    assert {spec.name for spec in fields(Experiment)} - {name for name, _ in FLAGS.values()} == {"data_dir"}


def test_the_defaults(config):
    plain = config()
    assert plain == Experiment()
    assert (plain.latent, plain.dataset, plain.epochs) == ("s2", "mnist_5k", 60)
    assert (plain.batch_size, plain.learning_rate) == (100, 1e-3)
    assert (plain.kl_warmup, plain.burn_in, plain.look_ahead, plain.min_improvement) == (20, 20, 50, 0.01)
    assert (plain.max_restarts, plain.num_importance_samples) == (20, 100)
    assert (plain.validate_every, plain.save_every, plain.print_every) == (1, 5, 1)
    assert (plain.hidden, plain.likelihood, plain.seed, plain.binarize_once, plain.validate_log_likelihood) == (
        (256, 128), "bernoulli", 0, False, False)  # fmt: skip


def test_paths_do_not_depend_on_where_the_run_was_started(config, desk):
    experiment = config("--data-dir", "here", "-d", "mine/images.npz")
    assert experiment.data_dir == str(desk / "here")
    assert experiment.dataset == str(desk / "mine" / "images.npz")


@pytest.mark.parametrize(
    "line, warning",
    [
        ("-zd 4,4", "-n vmf does not use --z-dims"),
        ("-n normal -zd 4,4", "-n normal does not use --z-dims"),
        ("-n productspace -z 4", "-n productspace does not use --z"),
        ("-n normal --radius 2", "--radius has no effect"),
        ("-cvm full", "--covariance has no effect"),
        ("--learn-scale", "--learn-scale has no effect"),
        ("-lf mse -bnz", "--binarize-once has no effect"),
    ],
)
def test_what_the_model_does_not_use_is_reported_in_one_line(config, capsys, line, warning):
    config(*line.split())
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert warning in lines[0]


PAPERS = {  # arXiv 1804.00891, appendix, and the limit on the epochs in its authors' later scripts
    "radius": 1.0, "concentration_head": "softplus", "concentration_floor": 1.0, "hidden": (256, 128),
    "batch_size": 64, "learning_rate": 1e-3, "kl_warmup": 100, "burn_in": 100, "look_ahead": 50, "epochs": 300,
    "num_importance_samples": 500, "beta": 1.0, "min_improvement": 0.01, "learn_radius": False, "learn_scale": False,
    "clip": None,
    "encoder_network": "mlp", "decoder_network": "mlp", "likelihood": "bernoulli", "covariance": "diagonal",
}  # fmt: skip


@pytest.mark.parametrize(
    "line, other",
    [
        ("-n vmf -z 10 -d mnist", {"latent": "s10", "dataset": "mnist"}),
        ("-n normal -z 5", {"latent": "e5"}),  # without a warning that a Gaussian has no radius
        ("-n productspace -zd 4,4 -rs 3", {"latent": "s4,s4", "seed": 3}),
        ("--latent 10xs4", {"latent": "10xs4"}),
        ("-bs 100 -klw 5 --radius sqrt_m", {"batch_size": 100, "kl_warmup": 5, "burn_in": 5, "radius": "sqrt_m"}),
    ],
)
def test_the_papers_settings_and_flags_that_override_them(config, capsys, line, other):
    experiment = config("--papers", *line.split())
    assert experiment == config(*line.split(), "--papers") == Experiment(**PAPERS | other)
    assert capsys.readouterr().err == ""


def test_help_says_what_the_papers_settings_are(config, desk, capsys):
    with pytest.raises(SystemExit):
        cli.main(["train", "--help"])
    text = " ".join(capsys.readouterr().out.split()).split("--papers ")[-1].split("; flags given beside it")[0]
    said = dict(item.rsplit(" ", 1) for item in text.replace("(256, 128)", "256x128").split(", "))
    papers = vars(config("--papers")) | {"hidden": "256x128"}
    assert said == {name: str(papers[name.replace(" ", "_")]) for name in said}
    changed = {name.replace("_", " ") for name, value in vars(config("-bi", "100")).items() if papers[name] != value}
    assert changed - {"hidden"} <= set(said)


def test_a_run_with_the_papers_settings_stores_plain_values_and_resumes(finished, desk, capsys):
    line = ["train", *f"--papers -d {finished}/mine.npz -e 2 -hd 16 -lls 5 --threads 1 -en p".split()]
    assert cli.main(line) == 0
    stored = json.loads((desk / "runs" / "p" / "experiment.json").read_text())
    assert "papers" not in stored
    overridden = {"epochs": 2, "hidden": [16], "num_importance_samples": 5}
    assert {name: stored[name] for name in PAPERS} == PAPERS | overridden
    for again in (line, ["train", "-en", "p"]):
        assert cli.main([*again, "--resume"]) == 0
    capsys.readouterr()
    assert cli.main(["train", "--papers", "-en", "p", "--resume"]) == 2
    assert "was started with --hidden (16,), not (256, 128)" in one_line(capsys)


WRONG = {
    "": "COMMAND",
    "bogus": "'bogus'",
    "train extra": "extra",
    "train --foo": "--foo",
    "train --epoch 3": "--epoch",  # no abbreviations
    "train -e": "expected one argument",
    "train -e 0": ">= 1",
    "train -e -3": ">= 1",
    "train -e 2.5": "an integer",
    "train -e many": "'many'",
    "train -e 99999999999999": "<= ",
    "train -bs 0": "--batch-size",
    "train -lr 0": "> 0",
    "train -lr nan": "> 0",
    "train -lr inf": "> 0",
    "train -b -1": ">= 0",
    "train --clip 0": "> 0",
    "train -n svae": "choose from vmf, normal, productspace",
    "train -dis uniform": "choose from vmf, normal",
    "train -n normal -dis vmf": "-dis vmf with -n normal",
    "train -n vmf -dis normal": "-dis normal with -n vmf",
    "train -z 0": ">= 1",
    "train -z two": "'two'",
    "train -n productspace -z 0": "--z 0",  # not used, but checked
    "train -zd 2,0": "--z-dims",
    "train -zd 2,,3": "'2,,3'",
    "train -n productspace -zd 2;3": "'2;3'",
    "train --latent q2": "cannot read 'q2'",
    "train --latent s4,": "cannot read ''",
    "train --latent s0": "cannot read 's0'",
    "train --latent s2 -z 3": "replaces -n",
    "train --latent s2 -n vmf": "replaces -n",
    "train --latent s2 -dis vmf": "replaces -n",
    "train --latent s2 -zd 2,3": "replaces -n",
    "train --latent s999999": "the limit",
    "train --radius 0": "> 0",
    "train --concentration-floor -1": ">= 0",
    "train -cvm upper": "choose from diagonal, single, full",
    "train -hd 0": ">= 1",
    "train -hd 256,x": "'256,x'",
    "train -hd 1000000": "<= 10000",
    "train -et rnn": "choose from mlp, cnn",
    "train -dt rnn": "choose from mlp, cnn",
    "train -lf l1": "choose from bernoulli, gaussian, categorical",
    "train --sigma 1": "sigma",
    "train --sigma 0 -lf mse": "> 0",
    "train -d nonsense": "choose from mnist_5k",
    "train -d no/such/folder": "no such file or folder",
    "train -d mnist": "nowhere",
    "train -d mnist --data-dir missing": "missing",
    "train -rs -1": ">= 0",
    "train -rs 1.5": "an integer",
    "train -v 3": "<= 2",
    "train -vf 0": ">= 1",
    "train -lls 0": ">= 1",
    "train --device tpu9": "--device 'tpu9'",
    "train --device meta": "--device 'meta'",
    "train --device cuda:99": "--device 'cuda:99'",
    "train --threads 0": ">= 1",
    "train --resume": "-en EXP_NAME",
    "train -en a/b": "'a/b'",
    "train -en ..": "'..'",
    "train -en ": "''",
    f"train -en {300 * 'x'}": "in 200 bytes",
    f"train --resume -en {300 * 'x'}": "in 200 bytes",
    f"evaluate {300 * 'x'}": "there is no run folder",
    "evaluate": "RUN",
    "evaluate nowhere": "nowhere",
    "evaluate nowhere --num-images 0": "--num-images: '0': it must be an integer >= 1",
    "evaluate nowhere --num-images ten": "--num-images: 'ten'",
    "evaluate nowhere -lls 0": ">= 1",
    "show nowhere": "nowhere",
    "classify nowhere": "nowhere",
    "evaluate .": "experiment.json",
    "data": "list",
    "data fetch": "NAME",
    "data fetch nonsense": "choose from mnist_5k",
    "data drop": "'drop'",
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_input_is_one_line_status_2_and_no_trace(desk, capsys, line):
    assert cli.main(line.split(" ") if line else []) == 2
    assert WRONG[line] in one_line(capsys)
    assert list(desk.iterdir()) == []


def test_help_is_grouped_and_neither_it_nor_a_wrong_flag_imports_torch(desk):
    code = (
        "import sys, svae_lib.cli\n"
        "try: svae_lib.cli.main(sys.argv[1:])\n"
        "finally: assert not {'torch', 'numpy', 'matplotlib'} & set(sys.modules), 'a heavy import'"
    )
    for arguments in (
        ["--help"],
        ["sweep", "--help"],
        ["table", "--help"],
        ["train", "--latent", "s2,q"],
        ["train", "--help"],
    ):
        start = time.perf_counter()
        line = [sys.executable, "-c", code, *arguments]
        run = subprocess.run(line, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
        print(f"svae {' '.join(arguments)}: {time.perf_counter() - start:.2f} s")
        assert run.returncode == 0, run.stderr
    for heading in ("model:", "objective:", "training:", "data:", "evaluation:", "running:"):
        assert heading in run.stdout
    for spec in fields(Experiment):
        assert all(name in run.stdout for name in flag_names(spec))


def test_dry_run_shows_model_data_and_configuration_and_writes_nothing(desk, capsys):
    assert cli.main(["train", "--dry-run", "--latent", "s4,s4,e2", "-d", "mnist", "-e", "30"]) == 0
    out = capsys.readouterr().out
    assert "2xs4,e2" in out
    assert "50,000 training, 10,000 validation and 10,000 test images of 28 x 28" in out
    assert "30 epochs of 500 steps" in out
    assert list(desk.iterdir()) == []


def test_verbosity_adds_lines_and_the_configuration(finished, desk, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    shown = []
    for verbosity in "012":
        line = ["train", "-d", str(finished / "mine.npz"), "-e", "4", "-hd", "16", "-pf", "2", "-v", verbosity]
        assert cli.main([*line, "-en", verbosity]) == 0
        shown.append(capsys.readouterr().out)
    assert [out.count("validation ELBO") for out in shown] == [0, 2, 2]
    assert ["4 epochs of" in out for out in shown] == [False, False, True]


def test_a_run_leaves_what_is_promised(finished):
    run = finished / "runs" / "first"
    names = {"experiment.json", "metrics.json", "metrics.jsonl", "checkpoint.pt", "best.safetensors"}
    names |= {"history.png", "reconstructions.png", "samples.png", "latent.png", "diagnose.png"}
    assert {path.name for path in run.iterdir()} == names
    assert [path.name for path in (finished / "runs").iterdir()] == ["first"]
    metrics = json.loads((run / "metrics.json").read_text())
    assert list(metrics) == [
        "test_log_likelihood", "test_elbo", "test_reconstruction", "test_kl", "num_importance_samples", "epochs",
        "best_epoch", "seconds_per_epoch", "dataset", "latent_space", "seed", "peak_memory_megabytes",
        "torch_version"]  # fmt: skip
    assert metrics["test_elbo"] == metrics["test_reconstruction"] - metrics["test_kl"]
    assert (metrics["epochs"], metrics["num_importance_samples"], metrics["latent_space"]) == (EPOCHS, 5, "s2")
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == list(range(1, EPOCHS + 1))
    assert Experiment.from_json((run / "experiment.json").read_text()).hidden == (16,)


def test_evaluate_prints_what_metrics_json_holds(finished, desk, capsys):
    run = finished / "runs" / "first"  # from another folder than the run's
    assert cli.main(["evaluate", str(run)]) == 0
    assert capsys.readouterr().out == (run / "metrics.json").read_text()


def test_evaluate_takes_other_samples_and_fewer_images(finished, desk, capsys):
    run, seen = finished / "runs" / "first", []
    for flags in (["-lls", "50"], ["-lls", "50", "--num-images", "3"], ["--num-images", "4000"]):
        assert cli.main(["evaluate", str(run), *flags]) == 0
        seen.append(json.loads(capsys.readouterr().out))
    stored = json.loads((run / "metrics.json").read_text())
    assert seen[0]["num_importance_samples"] == seen[1]["num_importance_samples"] == 50
    assert seen[0]["test_elbo"] == stored["test_elbo"] and "num_test_images" not in seen[0]
    assert seen[0]["test_log_likelihood"] != stored["test_log_likelihood"]
    assert seen[1]["num_test_images"] == 3 and seen[1]["test_elbo"] != stored["test_elbo"]
    assert seen[2] == stored | {"num_test_images": len(load_run(run).data.test)}


def test_evaluate_adds_a_diagnosis_where_it_is_asked_for(finished, desk, capsys):
    run = finished / "runs" / "first"
    assert cli.main(["evaluate", str(run), "--diagnose", "--num-images", "3"]) == 0
    seen = json.loads(capsys.readouterr().out)["diagnosis"]
    assert seen["num_images"] == 3 and seen["mutual_information"] <= seen["max_mutual_information"] == np.log(3)
    assert [factor["name"] for factor in seen["factors"]] == ["1: s2"]
    assert cli.main(["evaluate", str(run), "--diagnose", "--num-images", "1"]) == 2
    assert "a diagnosis by 1 images" in one_line(capsys)


def test_a_run_of_one_test_image_ends_without_a_diagnosis(desk, capsys):
    np.savez("three.npz", images=np.random.default_rng(0).integers(0, 256, (3, 8, 8), dtype=np.uint8))
    assert cli.main(["train", "-d", "three.npz", "-e", "1", "-hd", "4", "-lls", "2", "-en", "three"]) == 0
    assert cli.main(["show", "runs/three"]) == 0
    assert "mutual" not in capsys.readouterr().out
    assert {"samples.png", "diagnose.png"} & {path.name for path in (desk / "runs/three").iterdir()} == {"samples.png"}


def test_show_sums_up_and_draws_again(finished, desk, capsys):
    run = shutil.copytree(finished / "runs" / "first", desk / "copy")
    pictures = {path.name: path.read_bytes() for path in run.glob("*.png")}
    for path in run.glob("*.png"):
        path.unlink()
    assert cli.main(["show", "copy"]) == 0
    assert {path.name: path.read_bytes() for path in run.glob("*.png")} == pictures
    out = capsys.readouterr().out
    assert "log-likelihood" in out
    assert "latent.png" in out
    assert "by 4 images: KL" in out and "\n  1: s2: KL" in out
    assert cli.main(["show", "copy", "--html"]) == 0
    assert "run.html" in capsys.readouterr().out
    page = (run / "run.html").read_text()
    assert all(base64.b64encode(picture).decode() in page for picture in pictures.values())


def test_classify_says_why_it_cannot(finished, desk, capsys):
    assert cli.main(["classify", str(finished / "runs" / "first")]) == 2  # 32 training images are too few
    assert "32 training images" in one_line(capsys)


def test_a_folder_that_exists_is_refused_untouched(finished, monkeypatch, capsys):
    monkeypatch.chdir(finished)
    before = {path: path.stat().st_mtime_ns for path in (finished / "runs" / "first").iterdir()}
    assert cli.main(["train", "-d", "mine.npz", "-en", "first"]) == 2
    assert "first exists" in one_line(capsys)
    assert {path: path.stat().st_mtime_ns for path in (finished / "runs" / "first").iterdir()} == before


def test_resuming_a_finished_run_says_so_and_another_experiment_is_refused(finished, monkeypatch, capsys):
    monkeypatch.chdir(finished)
    assert cli.main(["train", "--resume", "-en", "first"]) == 0
    assert "runs/first is finished already" in capsys.readouterr().out
    assert cli.main(["train", "--resume", "-en", "first", "-e", "9"]) == 2
    assert "was started with --epochs 30, not 9" in one_line(capsys)
    assert cli.main(["train", "--resume", "-en", "first", "--latent", "s5"]) == 2
    assert "--latent s2, not s5" in one_line(capsys)


def test_a_folder_that_is_no_run_is_refused(desk, capsys):
    (desk / "runs" / "mine").mkdir(parents=True)
    (desk / "runs" / "mine" / "letter.txt").write_text("dear")
    assert cli.main(["train", "--resume", "-en", "mine"]) == 2
    assert "experiment.json" in one_line(capsys)
    assert [path.name for path in (desk / "runs" / "mine").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("name", ["experiment.json", "metrics.json", "best.safetensors"])
@pytest.mark.parametrize("damage", ["gone", "cut", "binary"])
def test_a_missing_or_corrupt_file_of_a_run_is_named(finished, desk, capsys, name, damage):
    path = shutil.copytree(finished / "runs" / "first", desk / "run") / name
    content = path.read_bytes()
    path.write_bytes({"gone": b"", "cut": content[: len(content) // 2], "binary": b"\xff\0"}[damage])
    if damage == "gone":
        path.unlink()
    assert cli.main(["evaluate", "run"]) == 2
    assert name in one_line(capsys) or damage == "gone"


def test_weights_of_another_model_are_refused(finished, desk, capsys):
    run = shutil.copytree(finished / "runs" / "first", desk / "run")
    text = (run / "experiment.json").read_text()
    (run / "experiment.json").write_text(text.replace('"latent": "s2"', '"latent": "s7"'))
    assert cli.main(["evaluate", "run"]) == 2
    assert "best.safetensors holds another model's weights" in one_line(capsys)


def test_a_training_that_stays_nan_ends_with_status_1(finished, desk, capsys):
    line = ["train", "-d", str(finished / "mine.npz"), "-e", "2", "-hd", "16", "-lr", "1e30", "-mr", "2", "-en", "x"]
    assert cli.main(line) == 1
    assert "after 2 restarts" in one_line(capsys)


def start(folder, *arguments):
    line = [sys.executable, "-m", "svae_lib", "train", *arguments]
    return subprocess.Popen(
        line, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def lines_of(path) -> int:
    return path.read_text().count("\n") if path.exists() else 0


def test_ctrl_c_leaves_a_whole_checkpoint_and_says_how_to_resume(finished, desk):
    shutil.copy(finished / "mine.npz", desk)
    process = start(desk, *RUN, "-e", "100000", "-la", "100000", "-sf", "100000", "-en", "stopped")
    wait_for(lambda: lines_of(desk / "runs" / "stopped" / "metrics.jsonl") >= 2, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.count("\n") == 1
    assert "svae train --resume -ld runs -en stopped" in err
    assert load_checkpoint(desk / "runs" / "stopped" / "checkpoint.pt")["epoch"] >= 2


def weights_of(run):
    return {**load_checkpoint(run / "checkpoint.pt")["model"], **{
        f"best.{name}": tensor for name, tensor in load_weights(run / "best.safetensors")[0].items()}}  # fmt: skip


def kill_and_compare(finished, desk, kills):
    shutil.copy(finished / "mine.npz", desk)
    arguments = [*RUN, "-en", "killed", "--resume"]
    log = desk / "runs" / "killed" / "metrics.jsonl"
    random = np.random.default_rng(kills)
    for stop in sorted(random.integers(1, EPOCHS - 2, kills)):
        process = start(desk, *arguments)
        wait_for(lambda stop=stop: lines_of(log) >= stop, process)
        time.sleep(random.uniform(0, 0.05))
        process.kill()
        process.communicate()
    last = start(desk, *arguments)
    _, err = last.communicate(timeout=300)
    assert last.returncode == 0, err
    one, other = weights_of(finished / "runs" / "first"), weights_of(desk / "runs" / "killed")
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert lines_of(log) == EPOCHS
    metrics = [json.loads((run / "metrics.json").read_text()) for run in (log.parent, finished / "runs" / "first")]
    of_the_process = {"seconds_per_epoch": 0, "peak_memory_megabytes": 0}
    assert metrics[0] | of_the_process == metrics[1] | of_the_process


def test_a_killed_run_ends_with_the_very_weights_of_one_that_was_not(finished, desk):
    kill_and_compare(finished, desk, kills=1)


@pytest.mark.slow
def test_a_run_killed_ten_times_ends_with_the_very_weights_of_one_that_was_not(finished, desk):
    kill_and_compare(finished, desk, kills=10)
