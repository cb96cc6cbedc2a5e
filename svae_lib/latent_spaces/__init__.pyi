from .base import LatentSpace as LatentSpace
from .euclidean import Euclidean as Euclidean
from .product import ProductSpace as ProductSpace
from .product import parse_latent_space as parse_latent_space
from .sphere import Sphere as Sphere
