"""One process or several: Lightning's Fabric, or an object with the same methods that does nothing."""

import atexit
import os
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from svae_lib.errors import InputError, import_optional
from svae_lib.process import end_with_parent, environment_integer

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_PRECISIONS = "32-true", "bf16-mixed"  # "16-mixed" would need a scaled loss, and wins nothing over bf16 here


class SingleProcess:
    """One process in full precision, with the part of Fabric's interface that a Trainer uses.

    Args:
        device: The model's and the images'.
    """

    global_rank = 0
    world_size = 1
    is_global_zero = True

    def __init__(self, device: torch.device):
        self.device = device

    def setup_module(self, model: nn.Module) -> nn.Module:
        """Move the model to the device."""
        return model.to(self.device)

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients of the loss."""
        loss.backward()

    def all_reduce(self, tensor: Tensor) -> Tensor:
        """Return the mean over processes: the tensor itself."""
        return tensor

    def broadcast(self, value: object) -> object:
        """Return what rank zero holds: the value itself."""
        return value

    def barrier(self) -> None:
        """Wait for the other processes, of which there are none."""


def launch(device: torch.device, precision: str | None = None) -> "Fabric | SingleProcess":
    """Join the processes that torchrun or `fabric run` has started, or stay alone.

    Args:
        device: Of a single process; of several, only its type counts, and each takes the device of its local rank.
        precision: "32-true", which None stands for, or "bf16-mixed": bfloat16 inside the model's forward pass.

    Returns:
        Lightning's Fabric for several processes or mixed precision, else a SingleProcess.

    Raises:
        InputError: For an unknown precision, a WORLD_SIZE that is no number, and where Fabric is needed and missing.
    """
    precision, world_size = precision or "32-true", environment_integer("WORLD_SIZE", 1)
    if precision not in _PRECISIONS:
        raise InputError(f"precision {precision!r}: choose from {', '.join(_PRECISIONS)}")
    if world_size == 1 and precision == "32-true":
        return SingleProcess(device)

    Fabric = import_optional("lightning_fabric", extra="distributed").Fabric
    if world_size == 1:
        devices = [device.index or 0] if device.type == "cuda" else 1
        return Fabric(accelerator=device.type, devices=devices, precision=precision)
    local_size = environment_integer("LOCAL_WORLD_SIZE", world_size)
    options = {"devices": local_size, "num_nodes": world_size // local_size, "precision": precision}
    fabric = Fabric(accelerator=device.type, strategy="ddp", **options)
    if not torch.distributed.is_initialized():
        atexit.register(_destroy_process_group)
        if "TORCHELASTIC_RUN_ID" in os.environ:  # torchrun's; killed, it would leave its processes training
            end_with_parent()
    if "LT_CLI_USED" not in os.environ:  # `fabric run` has launched it
        fabric.launch()
    return fabric


def _destroy_process_group() -> None:
    """End the processes' connections: an interpreter that ends with their threads running is aborted, or hangs."""
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
