"""Where the latent variable lives: a flat space, a sphere, or a product of them.

A latent space says how many numbers an encoder must give (`parameter_size`), what they mean (`posterior`), and what is
believed before an image is seen (`prior`). It is a module: a learned radius is trained and stored with the rest.
Distributions are built without validation: a check would copy a number to the host at every training step.
"""

from svae_lib.latent_spaces.base import LatentSpace
from svae_lib.latent_spaces.euclidean import Euclidean
from svae_lib.latent_spaces.product import ProductSpace, parse_latent_space
from svae_lib.latent_spaces.sphere import Sphere

__all__ = ["Euclidean", "LatentSpace", "ProductSpace", "Sphere", "parse_latent_space"]
