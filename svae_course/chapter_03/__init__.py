"""Chapter 03: training on MNIST; its panels are the library's LatentGlobe and GreatCirclePanel."""
