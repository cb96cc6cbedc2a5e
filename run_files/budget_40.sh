#!/bin/sh
# A budget of 40 latent dimensions, split into fewer and larger spheres (arXiv 1910.02912, whose scripts have batches of
# 100).
set -e
for latent in 40xs1 20xs2 10xs4 5xs8 4xs10 2xs20 s40; do
    "${PYTHON:-python}" -m svae_lib train --papers --latent "$latent" -d static_mnist -bs 100 -ld runs/budget_40 \
        -en "$latent" "$@"
done
