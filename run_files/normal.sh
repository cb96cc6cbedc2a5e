#!/bin/sh
# The Gaussian VAE on MNIST, to compare the hyperspherical one with (arXiv 1804.00891, table 1), one run each.
set -e
for z in 2 5 10 20 40; do
    "${PYTHON:-python}" -m svae_lib train --papers -n normal -z "$z" -d mnist -ld runs/normal -en "e$z" "$@"
done
