#!/bin/sh
# Products of spheres on static MNIST, and products of Gaussians to compare with (arXiv 1910.02912, whose scripts have
# batches of 100). The dimensions are manifold dimensions.
set -e
for distribution in vmf normal; do
    for z_dims in 2,3 4,4 4,4,4 9,9,9,9; do
        "${PYTHON:-python}" -m svae_lib train --papers -n productspace -dis "$distribution" -zd "$z_dims" \
            -d static_mnist -bs 100 -ld runs/product -en "$distribution-$z_dims" "$@"
    done
done
