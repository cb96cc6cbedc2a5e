"""Experiments: the configuration of a run, which loads without torch, and the run itself."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
