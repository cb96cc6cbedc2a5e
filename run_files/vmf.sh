#!/bin/sh
# S-VAE on MNIST: von Mises-Fisher posteriors on S^2 ... S^40 (arXiv 1804.00891, table 1), one run each. Flags that you
# add override --papers and those below:
#   sh run_files/vmf.sh -d mnist_5k -e 5 --dry-run
set -e
for z in 2 5 10 20 40; do
    "${PYTHON:-python}" -m svae_lib train --papers -n vmf -z "$z" -d mnist -ld runs/vmf -en "s$z" "$@"
done
