"""Chapter 06: how many seeds a comparison needs, and what chance alone does with scores."""
