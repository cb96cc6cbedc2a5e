"""Chapter 08: three distributions around a direction, compared at equal KL."""
