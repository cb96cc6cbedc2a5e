"""The one import of torchvision, because a plain import of it can fail although nothing is broken."""

from importlib import import_module
from types import ModuleType

import torch


def torchvision_datasets() -> ModuleType:
    """Return torchvision.datasets, even where torch is a CPU build and torchvision a CUDA one.

    That pair is what `pip install torchvision` installs after a CPU torch. The compiled part of torchvision then does
    not load, the operators it would declare are missing, and `import torchvision` fails where it registers their shape
    rules: RuntimeError "operator torchvision::nms does not exist". Only the Python part is needed here, so declaring
    the two names (they can never be called) lets the import go through.
    """
    try:
        return import_module("torchvision.datasets")
    except RuntimeError as error:
        if str(error) != "operator torchvision::nms does not exist":
            raise
    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return import_module("torchvision.datasets")
