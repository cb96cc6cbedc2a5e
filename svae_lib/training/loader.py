"""The training images on the device, in batches."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from svae_lib.datasets import to_unit


def reseed(seed: int, *key: int) -> None:
    """Make all of torch's noise from here on a function of a training's seed and this key."""
    torch.manual_seed(int(np.random.SeedSequence((seed, *key)).generate_state(1)[0]))


class ImageLoader:
    """Batches of observed images, of which each process takes its shard.

    Args:
        images: (N, *image_shape), uint8, on the device.
        likelihood: The model's, which observes an image each time it is seen.
        batch_size: Of the whole batch, over all processes.
        seed: The training's.
        observe_once: Whether the likelihood observes the images here and never again.
        rank: This process's, of `world_size`.

    Attributes:
        shard_sizes: how many images `epoch` gives at each step.
        batch_fractions: (steps,), the part of all images that is in each batch of an epoch; the last may be smaller.
    """

    def __init__(
        self,
        images: Tensor,
        likelihood: nn.Module,
        batch_size: int,
        seed: int,
        observe_once: bool = False,
        rank: int = 0,
        world_size: int = 1,
    ):
        self.images, self.observe = images, likelihood.observe
        if observe_once:
            observed = self.observe(images, torch.Generator(images.device).manual_seed(seed))
            self.images, self.observe = (255 * observed).round().to(torch.uint8), to_unit
        self.batch_size, self.seed, self.rank, self.world_size = batch_size, seed, rank, world_size
        sizes = [len(batch) for batch in torch.arange(len(images)).split(batch_size)]
        self.shard_sizes = [max(len(range(rank, size, world_size)), 1) for size in sizes]
        self.batch_fractions = torch.tensor(sizes).to(images.device, torch.float32) / len(images)

    def __len__(self) -> int:
        return len(self.batch_fractions)

    def epoch(self, epoch: int, restarts: int) -> Iterator[tuple[Tensor, float]]:
        """Give this process's part of each batch; epoch and restarts fix the order of the images, and all noise.

        Args:
            epoch: From 1.
            restarts: Of the training so far, so that an epoch that failed is tried again with other noise.

        Yields:
            Images (B, *image_shape), float32 in [0, 1], and the weight that makes the processes' mean the batch's mean.
        """
        reseed(self.seed, epoch, restarts)
        batches = torch.randperm(len(self.images)).to(self.images.device).split(self.batch_size)
        reseed(self.seed, epoch, restarts, 1 + self.rank)
        for batch in batches:
            shard = batch[self.rank :: self.world_size]
            weight = len(shard) * self.world_size / len(batch)
            yield self.observe(self.images.index_select(0, shard if len(shard) else batch[:1])), weight  # none: any, 0
