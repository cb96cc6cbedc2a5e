"""What a kill, a full disk, a removed folder and a foreign file do to a training: nothing that a reader cannot mend."""

import functools
import math
import os
import pickle
import resource
import shutil

import pytest
import torch

from svae_lib.errors import InputError
from svae_lib.files import atomic_write, save_weights
from svae_lib.models import ELBO
from svae_lib.reading import load_weights
from svae_lib.training import fit
from svae_lib.training.checkpoints import load_checkpoint, save_checkpoint

quick = functools.partial(fit, epochs=6, batch_size=20, learning_rate=1e-2, progress=False, save_every=2)


def interrupt_after(epoch):
    def on_epoch(history):
        if history.epoch == epoch:
            raise KeyboardInterrupt

    return on_epoch


class Killed(BaseException):
    """Not caught by anything, as kill -9 is not."""


def kill_after(epoch):
    def on_epoch(history):
        if history.epoch == epoch:
            raise Killed

    return on_epoch


@pytest.mark.parametrize("stop, saved", [(interrupt_after(3), 3), (kill_after(3), 2), (interrupt_after(6), 6)])
def test_a_stopped_training_ends_with_the_very_weights_of_one_that_was_not(
    make_model, data, same, tmp_path, stop, saved
):
    path = tmp_path / "checkpoint.pt"
    whole, stopped = make_model("s2,e1"), make_model("s2,e1")
    history = quick(whole, data, checkpoint=tmp_path / "whole.pt")
    with pytest.raises((KeyboardInterrupt, Killed)):
        quick(stopped, data, checkpoint=path, on_epoch=stop)
    assert load_checkpoint(path)["epoch"] == saved
    resumed = make_model("s2,e1", seed=99)
    torch.manual_seed(99)  # nothing but the checkpoint may matter
    again = quick(resumed, data, checkpoint=path, resume=True)
    assert same(whole.state_dict(), resumed.state_dict())
    one, other = load_checkpoint(tmp_path / "whole.pt"), load_checkpoint(path)
    assert same(one["model"], other["model"])
    for mine, theirs in zip(one["optimizer"]["state"].values(), other["optimizer"]["state"].values(), strict=True):
        assert same(mine, theirs)
    without_time = [[{k: v for k, v in row.items() if k != "seconds"} for row in h.rows] for h in (history, again)]
    assert without_time[0] == without_time[1]


def test_restarts_survive_a_stop(make_model, data, same, tmp_path):
    """The noise depends on the restarts: a checkpoint that forgot them would go on with other noise."""

    def poisoned():
        model, plain, calls = make_model(), None, []
        plain = model.elbo

        def elbo(x, noise=None):
            calls.append(torch.is_grad_enabled())
            bad = calls[-1] and sum(calls) == 2
            return ELBO(*(part * (math.nan if bad else 1.0) for part in plain(x, noise)))

        model.elbo = elbo
        return model

    whole = poisoned()
    assert quick(whole, data).restarts == 1
    with pytest.raises(KeyboardInterrupt):
        quick(poisoned(), data, checkpoint=tmp_path / "c.pt", on_epoch=interrupt_after(3))
    resumed = make_model()
    assert quick(resumed, data, checkpoint=tmp_path / "c.pt", resume=True).restarts == 1
    assert same(whole.state_dict(), resumed.state_dict())


def test_resuming_a_finished_training_changes_nothing(make_model, data, same, tmp_path):
    model, again = make_model(), make_model(seed=7)
    history = quick(model, data, checkpoint=tmp_path / "c.pt")
    assert quick(again, data, checkpoint=tmp_path / "c.pt", resume=True) == history
    assert same(model.state_dict(), again.state_dict())


def test_resume_without_a_checkpoint_starts(make_model, data, tmp_path):
    assert quick(make_model(), data, checkpoint=tmp_path / "c.pt", resume=True).epoch == 6


def test_a_checkpoint_holds_the_last_epoch_and_plain_values(make_model, data, tmp_path):
    last = {}
    model = make_model()

    def keep(history):
        last.update({name: tensor.clone() for name, tensor in model.state_dict().items()})

    quick(model, data, checkpoint=tmp_path / "c.pt", on_epoch=keep, learning_rate=0.1)
    state = torch.load(tmp_path / "c.pt", weights_only=True)
    assert all(torch.equal(state["model"][name], tensor) for name, tensor in last.items())
    assert state["history"]["best_epoch"] <= state["epoch"] == 6


@pytest.fixture
def saved(make_model, data, tmp_path):
    path = tmp_path / "checkpoint.pt"
    quick(make_model(), data, epochs=2, checkpoint=path)
    return path


class Payload:
    def __reduce__(self):
        return os.mkdir, ("it_ran",)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(os.urandom(1000)),
        lambda path: path.write_text("hello"),
        lambda path: path.write_bytes(pickle.dumps(Payload())),
        lambda path: torch.save({"format": "svae_lib checkpoint 1", "model": Payload()}, path),
        lambda path: torch.save({"model": {}, "epoch": 3}, path),
        lambda path: torch.save([1, 2], path),
        lambda path: torch.save({"format": "svae_lib checkpoint 1", "seed": 0}, path),
    ],
    ids=["half", "empty", "noise", "text", "pickle", "code", "foreign", "list", "keys"],
)
def test_a_bad_checkpoint_is_refused_by_name_and_runs_nothing(make_model, data, saved, damage, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    damage(saved)
    before = saved.read_bytes()
    with pytest.raises(InputError, match=r"checkpoint\.pt") as caught:
        quick(make_model(), data, checkpoint=saved, resume=True)
    assert "\n" not in str(caught.value)
    assert saved.read_bytes() == before
    assert not (tmp_path / "it_ran").exists()


def test_a_checkpoint_of_another_model_or_seed_is_refused(make_model, data, saved):
    with pytest.raises(InputError, match=r"checkpoint\.pt is of another model"):
        quick(make_model("s3"), data, checkpoint=saved, resume=True)
    with pytest.raises(InputError, match="seed 0, not 1"):
        quick(make_model(), data, checkpoint=saved, resume=True, seed=1)


def test_a_full_disk_leaves_the_last_checkpoint_whole(make_model, data, saved):
    before, limits = saved.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))  # the system refuses what is longer
    try:
        with pytest.raises(InputError, match=r"cannot write .*checkpoint\.pt: File too large; what was saved"):
            quick(make_model(), data, checkpoint=saved, resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["checkpoint.pt"]
    assert quick(make_model(), data, checkpoint=saved, resume=True).epoch == 6


def test_a_folder_removed_or_not_writable_is_told(make_model, data, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    with pytest.raises(InputError, match=r"cannot write .*checkpoint\.pt: No such file"):
        quick(make_model(), data, checkpoint=folder / "checkpoint.pt", on_epoch=lambda _: shutil.rmtree(folder, True))
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Not a directory"):
        atomic_write(tmp_path / "file" / "checkpoint.pt", b"")


@pytest.mark.parametrize("stage", ["fsync", "replace"])
def test_write_whole_replaces_and_cleans_up(tmp_path, monkeypatch, stage):
    path = tmp_path / "x"
    atomic_write(path, b"old")
    atomic_write(path, b"new")
    assert path.read_bytes() == b"new"

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, stage, fail)
    with pytest.raises(InputError, match="No space left"):
        atomic_write(path, b"newer")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_weights_come_back_equal_and_a_damaged_file_is_named(tmp_path, same):
    weights = {"a": torch.randn(3, 4).T, "b": torch.tensor(2.0)}
    save_weights(tmp_path / "w.safetensors", weights, epoch=3)
    assert same(load_weights(tmp_path / "w.safetensors")[0], weights)
    content = (tmp_path / "w.safetensors").read_bytes()
    for damaged in (content[:-1], content[:4], b"", b"\x80\x04}"):
        (tmp_path / "w.safetensors").write_bytes(damaged)
        with pytest.raises(InputError, match=r"w\.safetensors is not a complete"):
            load_weights(tmp_path / "w.safetensors")
    with pytest.raises(InputError, match="there are no weights"):
        load_weights(tmp_path / "none.safetensors")


def test_a_checkpoint_survives_a_round_trip(tmp_path):
    state = {"epoch": 2, "best": {"w": torch.ones(2)}, "history": {"best_elbo": -math.inf, "rows": [{"a": 1.5}]}}
    save_checkpoint(tmp_path / "c.pt", state)
    again = load_checkpoint(tmp_path / "c.pt")
    assert again["history"] == state["history"]
    assert torch.equal(again["best"]["w"], torch.ones(2))
