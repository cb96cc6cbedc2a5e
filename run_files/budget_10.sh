#!/bin/sh
# A budget of 10 latent dimensions, split into fewer and larger spheres (arXiv 1910.02912).
set -e
for latent in 10xs1 5xs2 2xs5 s4,s3,s3 s10; do
    "${PYTHON:-python}" -m svae_lib train --latent "$latent" -d static_mnist -e 200 -klw 100 -la 50 -lls 500 \
        -ld runs/budget_10 -en "$latent" "$@"
done
