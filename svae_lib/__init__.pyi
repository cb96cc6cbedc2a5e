from .clustering import VonMisesFisherClustering as VonMisesFisherClustering
from .datasets import load_dataset as load_dataset
from .distributions import HypersphericalUniform as HypersphericalUniform
from .distributions import PowerSpherical as PowerSpherical
from .distributions import ProductDistribution as ProductDistribution
from .distributions import SphericalCauchy as SphericalCauchy
from .distributions import VonMisesFisher as VonMisesFisher
from .distributions import VonMisesFisherMixture as VonMisesFisherMixture
from .evaluation import evaluate as evaluate
from .experiment import Experiment as Experiment
from .experiment import load_model as load_model
from .experiment import run_experiment as run_experiment
from .latent_spaces import Euclidean as Euclidean
from .latent_spaces import ProductSpace as ProductSpace
from .latent_spaces import Sphere as Sphere
from .latent_spaces import parse_latent_space as parse_latent_space
from .models import VAE as VAE
from .models import ProductSpaceVAE as ProductSpaceVAE
from .models import build_vae as build_vae
from .training import Schedule as Schedule
from .training import fit as fit

__version__: str
