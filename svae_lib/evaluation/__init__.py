"""Evaluation of a trained model: bounds on likelihoods, classification from its codes, a diagnosis of its latent space.

Every function that samples does so from a seed of its own and leaves torch's global random state as it was, so that the
same model and images always give the same scores. Models are put in eval() and set back.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
