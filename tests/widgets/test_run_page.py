"""The page of a run: whole in one file, alive for s2 and products of circles, and nothing from a file runs in it."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup

from svae_lib import Experiment, build_vae
from svae_lib.datasets import Split
from svae_lib.plotting import image_grid
from svae_lib.plotting.style import png
from svae_lib.widgets.run_page import write_run_page

MARKUP = "<img src=x onerror=document.title='broken'>"
METRICS = {
    "dataset": MARKUP,
    "latent_space": "s2",
    "seed": 0,
    "epochs": 3,
    "best_epoch": 2,
    "num_importance_samples": 10,
} | dict.fromkeys(("test_log_likelihood", "test_elbo", "test_reconstruction", "test_kl"), -1.25)


@pytest.fixture
def page(tmp_path):
    """Writes the page of a small untrained run in a latent space; gives its path."""

    def write(space: str, labels: torch.Tensor | None):
        images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (6, 8, 8), dtype=np.uint8))
        run = SimpleNamespace(
            model=build_vae((8, 8), space, hidden=(8,)),
            data=SimpleNamespace(test=Split(images, labels)),
            metrics=METRICS | {"latent_space": space},
            experiment=Experiment(latent=space),
        )
        (tmp_path / "samples.png").write_bytes(png(image_grid(images / 255, "Images")))
        write_run_page(tmp_path, run, MARKUP)
        return tmp_path / "run.html"

    return write


@pytest.mark.parametrize(
    ("space", "labels", "panel"),
    [
        ("s2", torch.tensor([0, 1, 1, 2, 3, 3]), "latent globe"),
        ("s2", None, "latent globe"),
        ("2xs1", torch.tensor([0, 1, 1, 2, 3, 3]), "dials"),
        ("s4,e2", None, None),
    ],
)
def test_it_holds_all_that_it_shows(page, space, labels, panel):
    parsed = BeautifulSoup(page(space, labels).read_text(), "html.parser")
    assert all(element["src"].startswith("data:image/png;base64,") for element in parsed.select("[src]"))
    assert parsed.select("link, [onerror], iframe") == [] and MARKUP in parsed.select_one("p").get_text()
    assert MARKUP in parsed.select_one("pre").get_text() and "-1.25" in parsed.select_one("table").get_text()
    assert all(len(picture["alt"]) > 10 for picture in parsed.select("img"))
    frames = parsed.select(".svae-mount > script")
    assert [f'"panel": "{panel}"' in frame.get_text() for frame in frames] == ([] if panel is None else [True])


def test_its_map_moves_without_a_network(page, browser):
    tab = browser.new_page(viewport={"width": 390, "height": 800})
    complaints = []
    tab.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(page("s2", torch.tensor([0, 1, 1, 2, 3, 3])).as_uri())
    longitude = tab.locator(".svae-panel input[type=range]").first
    before = longitude.input_value()
    longitude.press("ArrowRight")
    assert longitude.input_value() != before and complaints == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390 and tab.title() != "broken"
    tab.close()
