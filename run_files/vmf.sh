#!/bin/sh
# S-VAE on MNIST: von Mises-Fisher posteriors on S^2 ... S^40 (arXiv 1804.00891, table 1). Flags that you add
# override those below:
#   sh run_files/vmf.sh -d mnist_5k -e 5 --dry-run
set -e
for z in 2 5 10 20 40; do
    "${PYTHON:-python}" -m svae_lib train -n vmf -z "$z" -d mnist -e 200 -klw 100 -la 50 -lls 500 \
        -ld runs/vmf -en "s$z" "$@"
done
