"""Files of version 0.1.0, which stored an experiment under the papers' names, are still read."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from svae_lib import cli
from svae_lib.errors import InputError
from svae_lib.experiment import Experiment, RunFolder, load_model, load_run, run_experiment
from svae_lib.experiment.run import score
from svae_lib.experiment.table import read_rows

RUN = Path(__file__).parent / "run_of_0_1_0"  # two epochs on mnist_5k, written by that version
WEIGHTS = sorted((Path(__file__).parents[2] / "notebooks" / "weights").glob("*.safetensors"))
EXPERIMENT = Experiment(
    latent="s2,s2,e2", learn_radius=True, radius=1.5, concentration_head="softplus", covariance="full", hidden=(4,),
    likelihood="gaussian", sigma=0.4, kl_warmup=1, epochs=2, batch_size=50, learning_rate=0.01, min_improvement=0.1,
    look_ahead=7, num_importance_samples=2, save_every=2, device="cpu", threads=1,
)  # fmt: skip


def test_the_experiment_of_a_run_has_our_names():
    assert "loss_function" in (RUN / "experiment.json").read_text()
    assert RunFolder(RUN).experiment == EXPERIMENT


def test_a_run_scores_as_it_did():
    run = load_run(RUN)
    factor = run.model.latent_space.factors[0]
    assert factor.learn_radius and factor.concentration_head == "softplus"  # the only head there was
    assert len(run.rows) == run.metrics["epochs"] == 2
    assert score(run.experiment, run.model, run.data) == pytest.approx(
        {name: value for name, value in run.metrics.items() if name.startswith("test_") or name.startswith("num_")},
        rel=1e-5,
    )


def test_a_run_that_is_finished_is_resumed_as_such_and_another_experiment_refused(tmp_path):
    folder = shutil.copytree(RUN, tmp_path / "run")
    assert run_experiment(EXPERIMENT, folder, resume=True) == RunFolder(RUN).metrics
    with pytest.raises(InputError, match="was started with --likelihood gaussian, not categorical"):
        run_experiment(replace(EXPERIMENT, likelihood="categorical", sigma=None), folder, resume=True)


def test_old_and_new_runs_stand_in_one_table(tmp_path):
    shutil.copytree(RUN, tmp_path / "old")
    RunFolder(tmp_path / "new").create(replace(EXPERIMENT, seed=1))
    RunFolder(tmp_path / "new").write_metrics(RunFolder(RUN).metrics)
    (row,), missing = read_rows(tmp_path)
    assert row.seeds == 2 and missing == []


def test_the_file_of_a_sweep_is_read_and_its_runs_are_found_under_their_old_names(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("few.toml").write_text(
        '[fixed]\nlatent = "s2,s2,e2"\nlearn-radius = true\nradius = 1.5\nbatch_size = 50\nkl_warmup = 1\nepochs = 2\n'
        'covariance_matrix = "full"\nloss_function = "mse"\nsigma = 0.4\nlr = 0.01\nlook_ahead = 7\nmin_improv = 0.1\n'
        'll_sample = 2\nrs = 0\nconcentration_head = "softplus"\n[grid]\nh_dims = [[4], [5]]\n'
    )
    shutil.copytree(RUN, "runs/few/mnist_5k-s2_s2_e2-h_dims=4-0")
    assert cli.main(["sweep", "few.toml", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "runs/few/mnist_5k-s2_s2_e2-h_dims=4-0  finished",
        "runs/few/mnist_5k-s2_s2_e2-hidden=5-0",
    ]


@pytest.mark.parametrize("path", WEIGHTS, ids=lambda path: path.stem)
def test_the_stored_weights_are_models(path):
    assert str(load_model(path).latent_space) == path.stem


def test_a_key_under_both_names_is_refused():
    old = json.loads((RUN / "experiment.json").read_text())
    with pytest.raises(InputError, match="'hidden' gives hidden a second time"):
        Experiment.from_json(json.dumps(old | {"hidden": [4]}))
