"""Chapter 02: what a concentration costs as the dimension grows."""
