"""Chapter 04: what many small spheres buy; its panel of dials is the library's DialsPanel."""
