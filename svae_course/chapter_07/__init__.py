"""Chapter 07: four estimators of a gradient through a random sample, their bias and their variance."""
