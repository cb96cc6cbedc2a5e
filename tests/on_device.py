"""The laws of operations and distributions on another device than the CPU: a plugin of pytest.

    SVAE_DEVICE=cuda python -m pytest -p tests.on_device tests/ops tests/distributions

Whatever a test makes lies on that device, the oracles (NumPy, SciPy, mpmath) read a copy on the CPU.
"""

import os

import torch


def _reads_a_copy(method):
    """Tensor's method for NumPy, for a tensor anywhere."""

    def read(self, *args, **kwargs):
        return method(self.detach().cpu() if self.device.type != "cpu" else self, *args, **kwargs)

    return read


def _generator_on(device):
    """torch.Generator, whose default is this device: torch itself keeps to the CPU."""

    class Generator(torch.Generator):
        def __new__(cls, device=device):
            return super().__new__(cls, device=device)

    return Generator


def pytest_configure(config):
    device = torch.device(os.environ["SVAE_DEVICE"])
    torch.set_default_device(device)
    torch.Tensor.numpy = _reads_a_copy(torch.Tensor.numpy)
    torch.Tensor.__array__ = _reads_a_copy(torch.Tensor.__array__)
    torch.Generator = _generator_on(device)
    from_numpy = torch.from_numpy
    torch.from_numpy = lambda array: from_numpy(array).to(device)


def pytest_report_header(config):
    device = torch.empty(0).device
    return f"device: {torch.cuda.get_device_name(device) if device.type == 'cuda' else device}"
