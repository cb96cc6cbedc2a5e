#!/bin/sh
# Beyond the papers: flat and round factors together, Power Spherical posteriors, a learned radius.
set -e
run() {
    name="$1"; shift
    "${PYTHON:-python}" -m svae_lib train -d mnist -e 80 -lls 500 -ld runs/mixed -en "$name" "$@"
}
run s4s4e2 --latent s4,s4,e2 "$@"
run p4p4 --latent 2xp4 "$@"
run radius --latent s2,s2 --learn-radius "$@"
