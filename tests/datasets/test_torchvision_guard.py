"""A CPU torch beside a CUDA torchvision: the import fails once, the guard repeats it, other errors pass."""

import os
import subprocess
import sys

import pytest
import torch

from svae_lib.datasets import _torchvision

# What torchvision does at import, with a leftover submodule and without the compiled part.
FAKE = {
    "__init__.py": "from torchvision import extension, _meta, datasets",
    "extension.py": "",
    "_meta.py": """
import torch
for name in ("nms", "qnms"):
    @torch.library.register_fake(f"torchvision::{name}")
    def shape_rule(dets, scores, iou_threshold):
        return dets.new_empty(dets.shape[0])
""",
    "datasets.py": "class MNIST: pass",
}
CODE = """
try:
    import torchvision
except RuntimeError as error:
    assert str(error) == "operator torchvision::nms does not exist", error
else:
    raise SystemExit("this torchvision imports without help: the test shows nothing")
from svae_lib.datasets._torchvision import torchvision_datasets
assert torchvision_datasets() is torchvision_datasets()
print(torchvision_datasets().MNIST.__name__)
"""


def test_the_guard_mends_a_torchvision_without_its_operators(tmp_path):
    (tmp_path / "torchvision").mkdir()
    for name, text in FAKE.items():
        (tmp_path / "torchvision" / name).write_text(text)
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout.strip(), done.stderr) == ("MNIST", "")


def test_the_installed_torchvision_knows_where_mnist_is():
    datasets = _torchvision.torchvision_datasets()
    for known in (datasets.MNIST, datasets.FashionMNIST):
        assert len(known.resources) == 4 and all(mirror.endswith("/") for mirror in known.mirrors)


@pytest.mark.parametrize("error", [RuntimeError("operator torchvision::nms is broken"), ImportError("no torchvision")])
def test_other_errors_pass_untouched(error, monkeypatch):
    def fail(name):
        raise error

    monkeypatch.setattr(_torchvision, "import_module", fail)
    monkeypatch.setattr(torch.library, "define", lambda *_: pytest.fail("nothing may be declared"))
    with pytest.raises(type(error), match=str(error)):
        _torchvision.torchvision_datasets()
