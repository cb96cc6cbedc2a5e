"""Any flags, any small data: a run ends with finite figures or with one line that says why it cannot.

SVAE_STRESS_SECONDS sets how long it draws runs (default 60); it prints how many it made.
"""

import dataclasses
import json
import math
import os
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from svae_lib.errors import InputError
from svae_lib.experiment import Experiment, load_run, run_experiment
from svae_lib.training import TrainingFailed

SECONDS = float(os.environ.get("SVAE_STRESS_SECONDS", 60))

factor = st.builds(
    "{}{}{}".format, st.sampled_from(["", "", "1x", "3x"]), st.sampled_from("sspe"), st.sampled_from([1, 2, 3, 9, 40])
)
latents = st.lists(factor, min_size=1, max_size=3).map(",".join)
maybe = st.none() | st.integers(0, 5)
experiments = st.builds(
    Experiment,
    latent=latents,
    radius=st.sampled_from([1e-3, 1.0, 30.0]),
    learn_radius=st.booleans(),
    learn_scale=st.booleans(),
    concentration_floor=st.sampled_from([0.0, 1.0, 1e6]),  # kappa pushed to 1e6
    covariance=st.sampled_from(["diagonal", "single", "full"]),
    hidden=st.lists(st.integers(1, 20), min_size=1, max_size=3).map(tuple),
    encoder_network=st.sampled_from(["mlp", "cnn"]),
    decoder_network=st.sampled_from(["mlp", "cnn"]),
    likelihood=st.sampled_from(["bernoulli", "gaussian", "categorical"]),
    beta=st.sampled_from([0.0, 0.1, 1.0, 10.0]),
    kl_warmup=maybe,
    kl_freeze=st.integers(0, 2),
    kl_target=st.sampled_from([0.0, 5.0]),
    epochs=st.integers(1, 4),
    batch_size=st.sampled_from([1, 2, 7, 1000]),
    learning_rate=st.sampled_from([1e-4, 1e-2, 0.1]),
    clip=st.sampled_from([None, 1.0]),
    burn_in=maybe,
    look_ahead=st.integers(1, 3),
    max_restarts=st.integers(0, 2),
    seed=st.integers(0, 2**31 - 1),
    binarize_once=st.booleans(),
    num_importance_samples=st.integers(1, 20),
    validate_log_likelihood=st.booleans(),
    validate_every=st.integers(1, 5),
    save_every=st.integers(1, 5),
    device=st.just("cpu"),
)


class TimeIsUp(Exception):
    """Ends the drawing."""


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_no_run_ends_in_a_traceback_a_nan_or_a_hang():
    outcomes = {"finished": 0, "reported": 0, "refused": 0, "diverged": 0}
    end = time.monotonic() + SECONDS

    @settings(max_examples=10**6, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
              database=None, report_multiple_bugs=False)  # fmt: skip
    @given(experiments, st.integers(3, 30), st.sampled_from([(4, 4), (8, 8), (28, 20), (5, 3)]), st.integers(0, 99))
    def draw(experiment, count, shape, number):
        if time.monotonic() > end:
            raise TimeIsUp
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("error")
            levels = np.random.default_rng(number).integers(0, 256, (count, *shape), dtype=np.uint8)
            if number % 5 == 0:
                levels[:] = 255 * (number % 2)  # a page that is all black or all white
            np.save(Path(folder) / "images.npy", levels)
            experiment = dataclasses.replace(experiment, dataset=str(Path(folder) / "images.npy"))
            start = time.process_time()
            try:
                metrics = run_experiment(experiment, Path(folder) / "run")
                assert json.dumps(load_run(Path(folder) / "run").metrics) == json.dumps(metrics)
                figures = [value for name, value in metrics.items() if name.startswith("test_")]
                finite = all(math.isfinite(figure) for figure in figures)
                # without a KL nothing holds the code: a run may end with scores past the range of float32, and says so
                assert finite or experiment.beta == 0, (experiment, metrics)
                outcomes["finished" if finite else "reported"] += 1
            except InputError as error:
                assert "\n" not in str(error)
                outcomes["refused"] += 1
            except TrainingFailed:
                # a step so large may diverge, and without a KL a normal's deviation may fall to 0: both must be said
                assert experiment.learning_rate == 0.1 or experiment.beta == 0, experiment
                outcomes["diverged"] += 1
            assert time.process_time() - start < 120, experiment  # whoever hangs here burns the processor

    with pytest.raises(TimeIsUp):
        draw()
    print(outcomes)
    assert outcomes["finished"] > 10 * (outcomes["diverged"] + outcomes["reported"])
