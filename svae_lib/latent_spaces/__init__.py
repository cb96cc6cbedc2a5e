"""Latent spaces: a Euclidean space, a sphere, or a product of them.

A latent space says how many numbers an encoder must give (`parameter_size`), which posterior they describe
(`posterior`), and which distribution is the prior (`prior`). It is a module: a learned radius is trained and stored
with the rest of a model. Distributions are built without validation: a check would copy a number to the host at every
training step.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)  # torch is imported on first use
