"""Chapter 09: clusters of directions by mixtures of von Mises-Fisher distributions."""
