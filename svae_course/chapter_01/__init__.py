"""Chapter 01: how a von Mises-Fisher distribution is sampled."""
