"""Chapter 05: when does the latent shape have to match the data?"""
