"""What every test stands on: the same random numbers each time, no window, and the real data where they are."""

import os
import signal
from pathlib import Path

import hypothesis
import pytest

os.environ.setdefault("MPLBACKEND", "Agg")
signal.signal(signal.SIGINT, signal.default_int_handler)  # started in the background, a shell's commands ignore Ctrl-C
hypothesis.settings.register_profile("svae_lib", deadline=None, derandomize=True)
hypothesis.settings.load_profile("svae_lib")


@pytest.fixture(autouse=True)
def _seed():
    import torch

    torch.manual_seed(0)


@pytest.fixture
def glass():
    """A model whose images are its latent points: glass("s2")."""
    from tests.glass import GlassModel

    return GlassModel


@pytest.fixture
def real_data() -> Path:
    """The folder of the real data sets, which SVAE_DATA names."""
    if "SVAE_DATA" not in os.environ:
        pytest.skip("SVAE_DATA does not name a folder of real data sets")
    return Path(os.environ["SVAE_DATA"])
