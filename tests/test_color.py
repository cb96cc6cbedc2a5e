"""Images of any shape, gray or color, on their whole way: data set, training, scores, pictures, files, command line."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from svae_lib import cli, load_model
from svae_lib.datasets import ImageDataset, Split, held_out_images, load_dataset
from svae_lib.evaluation import classify_latents, evaluate
from svae_lib.experiment import Experiment, load_run
from svae_lib.experiment.build import build_model
from svae_lib.experiment.model_file import save_model
from svae_lib.latent_spaces import parse_latent_space
from svae_lib.models import build_vae
from svae_lib.training import fit
from tests.commands import one_line

SHAPES = [(28, 28), (28, 20), (5, 7), (3, 32, 32), (3, 17, 23)]
MODELS = [
    (network, likelihood, shape)
    for network in ("mlp", "cnn")
    for likelihood in ("bernoulli", "gaussian", "categorical")
    for shape in SHAPES
    if len(shape) == 2 or likelihood != "bernoulli"
]
every_model = pytest.mark.parametrize(("network", "likelihood", "image_shape"), MODELS)


def levels(count, image_shape, seed=0):
    """Images that a model can learn: two colors at random, one on each side of a diagonal."""
    generator = np.random.default_rng(seed)
    *channels, height, width = image_shape
    above = np.arange(height)[:, None] * width > np.arange(width) * height
    first, second = generator.integers(0, 256, (2, count, *channels, 1, 1), dtype=np.uint8)
    return np.where(above, first, second).astype(np.uint8)


def dataset(image_shape, count=20):
    images = torch.from_numpy(levels(count, image_shape))
    return ImageDataset("made", *map(Split, (images[:-8], images[-8:-4], images[-4:])))


@every_model
def test_every_model_trains_and_scores_images_of_every_shape(network, likelihood, image_shape, tmp_path):
    data = dataset(image_shape)
    experiment = Experiment(
        latent="s2", hidden=(8,), encoder_network=network, decoder_network=network, likelihood=likelihood
    )
    model = build_model(experiment, data.image_shape)
    assert model.image_shape == data.image_shape == image_shape
    before = {name: value.clone() for name, value in model.state_dict().items()}
    rows = fit(model, data, epochs=2, batch_size=6, progress=False).rows
    assert all(np.isfinite(value) for row in rows for value in row.values())
    assert any(not torch.equal(before[name], value) for name, value in model.state_dict().items())
    x = held_out_images(data.test, model.likelihood)
    assert x.shape == (4, *image_shape)
    assert model.elbo(x).total.shape == model.log_likelihood(x, 3).shape == (4,)
    assert model.sample(3).shape == (3, *image_shape) and model.reconstruct(x).shape == x.shape
    scores = evaluate(model, x, num_importance_samples=2)
    assert scores.num_nan == 0 and np.isfinite(scores.log_likelihood)
    save_model(tmp_path / "model.safetensors", model, experiment)
    again = load_model(tmp_path / "model.safetensors")
    assert again.image_shape == image_shape and torch.equal(again.reconstruct(x), model.reconstruct(x))


@pytest.mark.parametrize("network", ["mlp", "cnn"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", "categorical"])
def test_a_gray_model_takes_the_batches_of_a_data_loader(network, likelihood):
    model, x = build_vae((5, 7), "s2", hidden=(8,), network=network, likelihood=likelihood), torch.rand(4, 5, 7).round()
    scores = []
    for images in x, x[:, None]:
        torch.manual_seed(0)
        scores.append((*model.elbo(images), model.log_likelihood(images, 3), model.embed(images)))
    for with_channel, without in zip(*scores, strict=True):
        assert torch.equal(with_channel, without)


def test_the_colors_of_a_picture_are_learned_each_in_its_channel():
    """A red channel that is bright, a green one that is dark: the reconstruction has them in their places."""
    images = torch.full((40, 3, 8, 8), 20, dtype=torch.uint8)
    images[:, 0] = 230
    space = parse_latent_space("s2", concentration_head="softplus")  # near the prior: all of the sphere is trained
    model = build_vae((3, 8, 8), space, hidden=(16,), likelihood="gaussian", sigma=0.1)
    data = ImageDataset("red", Split(images), Split(images[:2]), Split(images[:2]))
    fit(model, data, epochs=60, batch_size=20, learning_rate=1e-2, progress=False)
    red, green, blue = model.sample(8).mean((0, 2, 3)).tolist()
    assert [red, green, blue] == pytest.approx([230 / 255, 20 / 255, 20 / 255], abs=0.05)


@pytest.fixture(scope="module")
def photographs():
    """Patches of two photographs in color, which ship with scikit-learn, by the photograph they are from."""
    from sklearn.datasets import load_sample_images

    patches, labels = [], []
    for label, photograph in enumerate(load_sample_images().images):
        rows, columns = photograph.shape[0] // 32, photograph.shape[1] // 32
        whole = photograph[: 32 * rows, : 32 * columns].reshape(rows, 32, columns, 32, 3)
        small = whole[:, ::4, :, ::4].swapaxes(1, 2).reshape(-1, 8, 8, 3)
        patches.append(small)
        labels += [label] * len(small)
    return np.concatenate(patches), np.array(labels)


def test_photographs_are_learned_better_than_their_mean(photographs, tmp_path):
    images, labels = photographs
    np.savez(tmp_path / "photographs.npz", images=images, labels=labels)
    data = load_dataset(tmp_path / "photographs.npz")
    assert data.image_shape == (3, 8, 8) and len(data.train) == len(images) - 2 * (len(images) // 10)
    model = build_vae(data.image_shape, "s4", hidden=(64,), likelihood="gaussian")
    fit(model, data, epochs=40, batch_size=50, progress=False)
    x = held_out_images(data.test, model.likelihood)
    error = (model.reconstruct(x) - x).square().mean().item()
    mean = held_out_images(data.train, model.likelihood).mean(0)
    assert error < 0.5 * (x - mean).square().mean().item()
    rows = classify_latents(model, data, num_labels=(100,), num_draws=3)
    assert min(row.accuracy for row in rows) > 0.7  # of two photographs


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SVAE_DATA", str(tmp_path / "nowhere"))
    threads = torch.get_num_threads()
    yield tmp_path
    torch.set_num_threads(threads)


def folder_of_pictures(images):
    Path("pictures").mkdir()
    for number, image in enumerate(images):
        Image.fromarray(np.moveaxis(image, 0, -1)).save(f"pictures/{number:03}.png")
    return "pictures"


def array_of_images(images):
    np.save("images.npy", np.moveaxis(images, 1, -1))
    return "images.npy"


@pytest.mark.parametrize(
    ("network", "likelihood", "store"),
    [
        ("mlp", "gaussian", array_of_images),
        ("cnn", "gaussian", folder_of_pictures),
        ("cnn", "categorical", array_of_images),
    ],
)
def test_color_from_the_command_line(network, likelihood, store, desk, capsys):
    source = store(levels(40, (3, 7, 10)))
    flags = f"-d {source} -en color -e 2 -hd 8 -lls 3 --threads 1 -et {network} -dt {network} -lf {likelihood}".split()
    assert cli.main(["train", "--dry-run", *flags]) == 0
    assert "32 training, 4 validation and 4 test images of 3 x 7 x 10" in capsys.readouterr().out
    assert cli.main(["train", *flags]) == 0
    metrics = json.loads((desk / "runs/color/metrics.json").read_text())
    capsys.readouterr()
    assert cli.main(["evaluate", "runs/color", "--threads", "1"]) == 0
    assert json.loads(capsys.readouterr().out) == metrics
    (desk / "runs/color/reconstructions.png").unlink()
    assert cli.main(["show", "runs/color", "--threads", "1"]) == 0
    shown = np.asarray(Image.open("runs/color/reconstructions.png").convert("RGB")).astype(int)
    assert (np.ptp(shown, axis=-1) > 100).mean() > 0.01  # the originals at least are in color
    model, run = load_model("runs/color"), load_run("runs/color")
    x = held_out_images(run.data.test, model.likelihood)
    assert model.image_shape == (3, 7, 10) and torch.equal(model.embed(x), run.model.embed(x))


def test_color_without_a_likelihood_is_one_line_that_says_what_to_choose(desk, capsys):
    source = array_of_images(levels(40, (3, 7, 10)))
    for flags in ([], ["--dry-run"], ["-lf", "bce"]):
        assert cli.main(["train", "-d", source, *flags]) == 2
        assert "the images are color, 3 x 7 x 10: choose gaussian or categorical (-lf)" in one_line(capsys)
    assert not (desk / "runs").exists()


def test_gray_images_of_any_size_need_no_likelihood(desk):
    np.save("gray.npy", levels(40, (5, 7)))
    flags = "-d gray.npy -en gray -e 1 -hd 8 -lls 3 --threads 1 -et cnn -dt cnn"
    assert cli.main(["train", *flags.split()]) == 0
    assert load_model("runs/gray").image_shape == (5, 7)


def test_color_can_be_classified(desk, capsys):
    images = levels(1_300, (3, 5, 4))
    np.savez("colors.npz", images=images, labels=(images[:, 0, 0, 0] > 127).astype(int))
    flags = "-d colors.npz -en colors -e 2 -hd 16 -lls 2 --threads 1 -lf gaussian"
    assert cli.main(["train", *flags.split()]) == 0
    capsys.readouterr()
    assert cli.main(["classify", "runs/colors", "--threads", "1"]) == 0
    out = capsys.readouterr().out
    assert out.count("labels:") == 6 and out.count("nothing about other seeds") == 1
