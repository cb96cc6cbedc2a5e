#!/bin/sh
# A budget of 10 latent dimensions, split into fewer and larger spheres (arXiv 1910.02912, whose scripts have batches of
# 100).
set -e
for latent in 10xs1 5xs2 2xs5 s4,s3,s3 s10; do
    "${PYTHON:-python}" -m svae_lib train --papers --latent "$latent" -d static_mnist -bs 100 -ld runs/budget_10 \
        -en "$latent" "$@"
done
