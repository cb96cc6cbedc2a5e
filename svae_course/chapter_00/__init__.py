"""Chapter 00: why a latent space would be round."""
