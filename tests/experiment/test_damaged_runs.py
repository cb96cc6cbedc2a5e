"""A run that is damaged, edited or a stranger's: refused in one line, or its figures are right."""

import json
import math
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections import Counter

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from svae_lib import build_vae, cli
from svae_lib.errors import InputError
from svae_lib.experiment import Experiment, load_model, load_run, run_experiment, save_model
from svae_lib.experiment.sweep_file import read_sweep
from svae_lib.reading import load_weights
from tests.commands import ENVIRONMENT, one_line

DEEP = 100_000 * "["
DIGITS = 9_000 * "9"


def bars(seed=0):
    levels = np.random.default_rng(seed).integers(0, 60, (60, 8, 8))
    for number in range(60):
        levels[number, :, number % 4 * 2 :][:, :2] += 190
    return levels.astype(np.uint8)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Images, a finished run on them, and one that was stopped after two of four epochs."""
    folder = tmp_path_factory.mktemp("world")
    np.save(folder / "bars.npy", bars())
    experiment = Experiment(
        dataset=str(folder / "bars.npy"), device="cpu", threads=1, epochs=4, batch_size=12, learning_rate=0.01,
        radius=1.0, hidden=(8,), likelihood="gaussian", sigma=0.5, num_importance_samples=2, kl_warmup=0, save_every=2,
    )  # fmt: skip
    threads = torch.get_num_threads()
    metrics = run_experiment(experiment, folder / "whole")
    torch.set_num_threads(threads)

    class Stop(Exception):
        pass

    with pytest.MonkeyPatch.context() as patch:
        from svae_lib.training import fitting

        save = fitting.save_checkpoint

        def save_and_stop(*arguments):
            save(*arguments)
            raise Stop

        patch.setattr(fitting, "save_checkpoint", save_and_stop)
        with pytest.raises(Stop):
            run_experiment(experiment, folder / "half")
    return folder, experiment, metrics


@pytest.fixture
def copies(world, tmp_path, monkeypatch):
    """Copies of both runs, in the working folder."""
    for name in ("whole", "half"):
        shutil.copytree(world[0] / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def flip(path, random) -> None:
    content = bytearray(path.read_bytes())
    content[random.integers(len(content))] ^= 1 << random.integers(8)
    path.write_bytes(content)


def test_no_flipped_bit_of_the_weights_is_evaluated(copies):
    random, path, found = np.random.default_rng(0), copies / "whole" / "best.safetensors", Counter()
    content, (weights, _) = path.read_bytes(), load_weights(path)
    for _ in range(200):
        path.write_bytes(content)
        flip(path, random)
        try:
            again = load_model(path).state_dict()
            found["the same" if all(torch.equal(again[name], weights[name]) for name in weights) else "other"] += 1
        except InputError as error:
            assert "best.safetensors" in str(error) and "\n" not in str(error)
            found["refused"] += 1
    assert found["other"] == 0 and found["refused"] > 150, found  # what is the same is padding, or words of the head


def test_no_flipped_bit_of_a_checkpoint_is_trained_on(copies, world):
    from svae_lib.training.checkpoints import load_checkpoint

    random, path, found = np.random.default_rng(1), copies / "half" / "checkpoint.pt", Counter()
    content, state = path.read_bytes(), load_checkpoint(path)
    for _ in range(200):
        path.write_bytes(content)
        flip(path, random)
        try:
            again = load_checkpoint(path)
            tensors = torch.cat([tensor.flatten() for part in ("model", "best") for tensor in again[part].values()])
            wanted = torch.cat([tensor.flatten() for part in ("model", "best") for tensor in state[part].values()])
            alike = torch.equal(tensors, wanted) and again["history"] == state["history"]
            alike = alike and str(again["optimizer"]) == str(state["optimizer"])
            found["the same" if alike else "other"] += 1
        except InputError as error:
            assert "checkpoint.pt" in str(error) and "\n" not in str(error)
            found["refused"] += 1
    assert found["other"] == 0 and found["refused"] > 100, found
    path.write_bytes(content)
    torch.save({**state, "model": {name: tensor * math.nan for name, tensor in state["model"].items()}}, path)
    with pytest.raises(InputError, match=r"checkpoint\.pt holds weights that are not finite"):
        run_experiment(world[1], copies / "half", resume=True)


def test_a_packed_checkpoint_is_refused_before_it_is_unpacked(copies, world):
    with zipfile.ZipFile(copies / "half" / "checkpoint.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(2**24))
    with pytest.raises(InputError, match=r"checkpoint\.pt cannot be read as a checkpoint"):
        run_experiment(world[1], copies / "half", resume=True)


@pytest.mark.parametrize(
    ("field", "value", "flag"),
    [
        ("radius", 2.0, "--radius 1.0, and experiment.json says 2.0"),
        ("concentration_floor", 0.0, "--concentration-floor 1.0"),
        ("latent", "p2", "--latent s2, and experiment.json says p2"),
        ("sigma", 0.1, "--sigma 0.5"),
        ("num_importance_samples", 3, "--num-importance-samples 2"),
    ],
)
def test_an_edited_experiment_is_named_by_its_field(copies, capsys, field, value, flag):
    path = copies / "whole" / "experiment.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    assert cli.main(["evaluate", "whole"]) == 2
    assert flag in one_line(capsys)


def test_other_images_of_the_same_size_are_refused(copies, world, capsys):
    images = world[0] / "bars.npy"
    try:
        np.save(images, bars(seed=1))
        assert cli.main(["evaluate", "whole"]) == 2
        assert "best.safetensors is of a training on 48 + 6 + 6 images of 8 x 8" in one_line(capsys)
        with pytest.raises(InputError, match=r"checkpoint\.pt is of a training on 48 \+ 6 \+ 6 images"):
            run_experiment(world[1], copies / "half", resume=True)
    finally:
        np.save(images, bars())
    assert run_experiment(world[1], copies / "half", resume=True)["test_elbo"] == world[2]["test_elbo"]


def test_images_that_lie_elsewhere_are_named_by_the_user(copies, world, capsys):
    experiment = copies / "whole" / "experiment.json"
    experiment.write_text(experiment.read_text().replace(str(world[0] / "bars.npy"), "/of/another/machine/bars.npy"))
    assert cli.main(["evaluate", "whole"]) == 2
    assert "/of/another/machine/bars.npy are not on this machine: name their place here with -d" in one_line(capsys)
    assert cli.main(["evaluate", "whole", "-d", str(world[0] / "bars.npy")]) == 0
    assert json.loads(capsys.readouterr().out) == world[2]


def test_weights_without_a_digest_are_read_and_evaluate_says_where_they_disagree(copies, capsys):
    path = copies / "whole" / "best.safetensors"
    _, metadata = load_weights(path)
    weights = load_file(path)
    save_file(weights, path, metadata)
    assert cli.main(["evaluate", "whole"]) == 0
    assert capsys.readouterr().err == ""
    weights["decoder.net.2.bias"] += 0.1
    save_file(weights, path, metadata)
    assert cli.main(["evaluate", "whole"]) == 0
    errors = capsys.readouterr().err.splitlines()
    assert any(line.startswith("svae: warning: test_elbo is ") and " in metrics.json" in line for line in errors)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_weights_that_are_not_finite_are_refused(copies, value, capsys):
    path = copies / "whole" / "best.safetensors"
    model = load_model(path)
    with torch.no_grad():
        model.head.bias[1] = value
    save_model(path, model, Experiment.from_json((copies / "whole" / "experiment.json").read_text()))
    with pytest.raises(InputError, match=r"weights that are not finite \(head\.bias\)"):
        load_model(path)
    assert cli.main(["evaluate", "whole"]) == 2
    assert "not finite" in one_line(capsys)


def edited(**values):
    return lambda experiment: json.dumps(json.loads(experiment) | values)


HEADS = {  # what a stranger may write into the head of a model file
    "fifty layers of 10,000": ({"experiment": edited(hidden=50 * [10_000])}, "holds another model's weights"),
    "a million layers": ({"experiment": edited(hidden=100_000 * [1])}, "at most 100"),
    "20,000 factors": ({"experiment": edited(latent=",".join(["s1", "e1"] * 10_000))}, "the limit is 1,000 factors"),
    "999,999 factors": ({"experiment": edited(latent="999999xs1")}, "the limit is 1,000 factors"),
    "a size of thousands of digits": ({"experiment": edited(latent=f"s{DIGITS}")}, "latent space"),
    "a number of thousands of digits": ({"experiment": lambda _: f'{{"epochs": {DIGITS}}}'}, "not the JSON"),
    "a number of hundreds of digits": ({"experiment": edited(beta=10**400)}, "--beta"),
    "deep JSON": ({"experiment": lambda _: DEEP}, "not the JSON of an experiment"),
    "a list 300 deep": ({"experiment": edited(latent=json.loads(300 * "[" + 300 * "]"))}, "--latent"),
    "control characters": ({"experiment": edited(latent="\x1b[2Js2")}, r"\x1b[2Js2"),
    "giant images": ({"image_shape": lambda _: "[100000, 100000]"}, "the limit is 268,435,456"),
    "a word": ({"image_shape": lambda _: '"hello"'}, "holds no image_shape"),
    "a list of letters": ({"image_shape": lambda _: '["a", "b"]'}, "must be integers"),
    "no sides": ({"image_shape": lambda _: "[]"}, "give (H, W)"),
    "one side": ({"image_shape": lambda _: "[28]"}, "give (H, W)"),
    "a number": ({"image_shape": lambda _: "28"}, "holds no image_shape"),
    "null": ({"image_shape": lambda _: "null"}, "holds no image_shape"),
    "color of eight": ({"image_shape": lambda _: "[8, 8, 8]"}, "holds another model's weights"),
    "deep shape": ({"image_shape": lambda _: DEEP}, "holds no image_shape"),
    "digits": ({"image_shape": lambda _: f"[{DIGITS[:4000]}, 2]"}, "the limit is"),
}


@pytest.mark.parametrize(("words", "said"), HEADS.values(), ids=HEADS)
def test_a_model_file_is_compared_before_anything_is_built(copies, words, said):
    path = copies / "whole" / "best.safetensors"
    _, metadata = load_weights(path)
    save_file(load_file(path), path, metadata | {name: change(metadata[name]) for name, change in words.items()})
    start = time.process_time()
    with pytest.raises(InputError) as refusal:
        load_model(path)
    assert time.process_time() - start < 1
    line = str(refusal.value)
    assert "best.safetensors" in line and said in line and line.isprintable() and len(line) < 2_100


@pytest.mark.parametrize("kind", [torch.int64, torch.complex64, torch.bool])
def test_weights_of_another_kind_are_refused(copies, kind):
    path = copies / "whole" / "best.safetensors"
    _, metadata = load_weights(path)
    save_file({name: tensor.to(kind) for name, tensor in load_file(path).items()}, path, metadata)
    with pytest.raises(InputError, match="holds weights of type"):
        load_model(path)


def test_a_sparse_file_of_weights_is_refused_unread(copies):
    """The head promises a terabyte, and the file, which takes no place on the disk, has it."""
    path, size = copies / "giant.safetensors", 2**40
    _, metadata = load_weights(copies / "whole" / "best.safetensors")
    entry = {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}
    head = json.dumps({"__metadata__": metadata, "encoder.net.0.weight": entry}).encode()
    with open(path, "wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        try:
            file.truncate(8 + len(head) + size)
        except OSError:
            pytest.skip("the file system has no files of a terabyte")
    with pytest.raises(InputError, match="another model's weights"):
        load_model(path)
    path.write_bytes((2**60).to_bytes(8, "little") + b"{}")
    with pytest.raises(InputError, match="not a complete safetensors file"):
        load_model(path)


def test_a_strangers_experiment_chooses_no_machine(copies):
    path = copies / "whole" / "experiment.json"
    strange = {"threads": 1024, "device": "cuda:7", "data_dir": "/of/another/machine"}
    path.write_text(json.dumps(json.loads(path.read_text()) | strange))
    threads = torch.get_num_threads()
    run = load_run(copies / "whole", device="cpu")
    assert torch.get_num_threads() == threads
    assert (run.experiment.threads, run.experiment.data_dir, run.experiment.device) == (None, None, "cpu")
    assert load_run(copies / "whole").experiment.device == "auto"


METRICS = {
    "empty": lambda metrics: "{}",
    "text for a number": lambda metrics: json.dumps(metrics | {"test_elbo": "-3"}),
    "a list": lambda metrics: "[1]",
    "yes for a number": lambda metrics: json.dumps(metrics | {"epochs": True}),
    "deep": lambda metrics: DEEP,
    "digits": lambda metrics: f'{{"epochs": {DIGITS}}}',
}


@pytest.mark.parametrize("command", ["evaluate", "show"])
@pytest.mark.parametrize("change", METRICS.values(), ids=METRICS)
def test_metrics_are_checked_when_they_are_read(copies, change, command, capsys):
    path = copies / "whole" / "metrics.json"
    path.write_text(change(json.loads(path.read_text())))
    assert cli.main([command, "whole"]) == 2
    assert "metrics.json" in one_line(capsys)


@pytest.mark.parametrize("line", ["{}", '{"epoch": 1, "train_elbo": "x"}', "[]", DEEP, "\x00"])
def test_rows_are_checked_when_they_are_read(copies, line, capsys):
    with open(copies / "whole" / "metrics.jsonl", "a") as file:
        file.write(line + "\n")
    assert cli.main(["show", "whole"]) == 2
    assert "metrics.jsonl" in one_line(capsys)


@pytest.mark.parametrize("text", ["x = " + 5_000 * "[", f"[fixed]\nseed = {DIGITS}", f"[{'.'.join(5_000 * ['a'])}]"])
def test_a_sweep_that_is_deep_or_long_is_refused(tmp_path, text):
    (tmp_path / "deep.toml").write_text(text)
    with pytest.raises(InputError, match=r"deep\.toml"):
        read_sweep(tmp_path / "deep.toml")


NAMES = ["experiment.json", "metrics.json", "metrics.jsonl", "best.safetensors"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_file_is_named_and_nothing_waits_for_it(copies, name, kind, capsys):
    path = copies / "whole" / name
    path.unlink()
    {"pipe": os.mkfifo, "device": lambda path: path.symlink_to("/dev/zero"), "folder": os.mkdir}[kind](path)
    assert cli.main(["evaluate", "whole"]) == 2
    assert name in one_line(capsys)


def test_a_checkpoint_that_is_a_pipe_or_a_device_is_refused(copies, world):
    path = copies / "half" / "checkpoint.pt"
    for make in (os.mkfifo, lambda path: path.symlink_to("/dev/zero")):
        path.unlink()
        make(path)
        with pytest.raises(InputError, match=r"checkpoint\.pt: it is a pipe or a device"):
            run_experiment(world[1], copies / "half", resume=True)


def test_text_from_files_reaches_the_terminal_without_control_characters(copies, capsys):
    path = copies / "whole" / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"dataset": "\x1b[31mred\x07"}))
    (copies / "whole" / "\x1b]0;title").touch()
    assert cli.main(["show", "whole"]) == 0
    out = capsys.readouterr().out
    assert r"\x1b[31mred\x07" in out and r"\x1b]0;title" in out
    assert all(sign.isprintable() or sign == "\n" for sign in out)


def test_a_model_that_the_machine_cannot_hold_is_refused(tmp_path, monkeypatch):
    save_model(tmp_path / "m.safetensors", build_vae((8, 8), "s2", (16,)), Experiment(hidden=(16,)))
    monkeypatch.setattr("svae_lib.memory.available_memory", lambda: 10_000)
    with pytest.raises(InputError, match=r"m\.safetensors: needs about 0\.0 MB of memory, and 0\.0 MB are free"):
        load_model(tmp_path / "m.safetensors")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("train --dry-run -d ~/x.npy", "~/x.npy: no home folder is known"),
        ("train --dry-run -d ~nosuchuser/x.npy", "~nosuchuser/x.npy"),
        ("train --dry-run -d frey_faces --data-dir ~/x", "~/x: no home folder is known"),
        ("data list --data-dir ~/x", "~/x: no home folder is known"),
    ],
)
def test_a_user_without_a_home_or_an_entry_in_passwd_reads_one_line(tmp_path, monkeypatch, capsys, line, said):
    def nobody(*_):
        raise KeyError("no such entry")

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert cli.main(line.split()) == 2
    assert said in one_line(capsys)


def test_a_deleted_working_folder_is_one_line(tmp_path):
    code = (
        "import os, shutil, sys; os.chdir(sys.argv[1]); shutil.rmtree(sys.argv[1])\n"
        "from svae_lib.cli import main; sys.exit(main(['train', '-d', './mine.npy']))"
    )
    (tmp_path / "gone").mkdir()
    command = [sys.executable, "-c", code, str(tmp_path / "gone")]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "the working folder was deleted" in done.stderr
