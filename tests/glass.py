"""A model whose images are its latent points, so that a test can read back from a picture what was decoded."""

import torch

from svae_lib.latent_spaces import parse_latent_space


class GlassModel(torch.nn.Module):
    """decode writes the coordinates into the first row of an 8 x 8 image, as (z + 2) / 4; embed reads them.

    The spheres have radius 1 unless a test asks for another below 2.
    """

    def __init__(self, space: str, radius: float | str = 1.0):
        super().__init__()
        self.latent_space, self.likelihood = parse_latent_space(space, radius=radius), self
        self.unused = torch.nn.Parameter(torch.zeros(()))

    def decode(self, z):
        images = torch.zeros(*z.shape[:-1], 8, 8)
        images[..., 0, : z.shape[-1]] = (z + 2) / 4
        return images

    def mean(self, parameters):
        return parameters

    def embed(self, images):
        return 4 * images[..., 0, : self.latent_space.event_size] - 2

    def image(self, *z):
        return self.decode(torch.tensor(z))
