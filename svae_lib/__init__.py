"""Hyperspherical latent spaces: distributions on the sphere, and the variational auto-encoders built on them.

The public names, which __init__.pyi lists, load on first use, so that `import svae_lib` and `svae --help` stay quick.
"""

import lazy_loader

from svae_lib.threads import wait_without_spinning

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

wait_without_spinning()  # before torch loads OpenMP
