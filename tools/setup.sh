#!/bin/sh
# Make .venv hold what pyproject.toml and constraints.txt ask for; where it already does, say so and stop. For make.
#   PYTHON=python3.12   build .venv with this interpreter (else: that of a .venv that works, else the first below that
#                       is new enough)
#   TORCH_INDEX=URL     take torch and torchvision from this wheel index
set -eu
cd "$(dirname "$0")/.."
venv=.venv
# There only while .venv is complete; three lines: what it stands on, its torch index, the files that matter.
stamp=$venv/svae_lib.stamp
cpu_index=https://download.pytorch.org/whl/cpu

say() { printf 'setup: %s\n' "$*"; }
die() { say "$@" >&2; exit 1; }
ask() { # INTERPRETER CODE ARGUMENTS: what the code prints; -P so that it sees what is installed, not this folder
    interpreter=$1 code=$2
    shift 2
    "$interpreter" -P -c "$code" "$@" 2>/dev/null
}
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
recorded() { sed -n "$1p" "$stamp" 2>/dev/null || true; }
has() {
    ask "$venv/bin/python" 'import sys, importlib.util as u; sys.exit(None in map(u.find_spec, sys.argv[1:]))' "$@"
}

answers() { ask "$python" 'import signal, sys, urllib.request as u; signal.alarm(3); u.urlopen(sys.argv[1])' "$1"; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        "$PYTHON" -c '' 2>/dev/null ||
            die "PYTHON=$PYTHON does not run: name a Python >= 3.11, as in make setup PYTHON=python3.12"
        new_enough "$PYTHON" || die "PYTHON=$PYTHON is $("$PYTHON" -V 2>&1): svae_lib needs Python >= 3.11"
        python=$PYTHON
    else
        for python in "$venv/bin/python" python3 python3.13 python3.12 python3.11 none; do
            if new_enough "$python"; then break; fi
        done
        [ "$python" != none ] ||
            die "no Python >= 3.11 found: install one, or name it, as in make setup PYTHON=/path/to/python3.12"
    fi
    # Of a virtual environment: the interpreter that it was made from.
    python=$(ask "$python" 'import os, sys; print(os.path.realpath(sys._base_executable))')
}

make_venv() {
    ask "$python" 'import venv, ensurepip' ||
        die "$python lacks venv or ensurepip: install them (Debian, Ubuntu: apt-get install python3-venv)"
    say "making $venv with $python"
    "$python" -m venv --clear "$venv" || die "$python could not make $venv"
}

# A plain torch on Linux brings several GB of CUDA, of no use without an NVIDIA GPU: there the index of CPU wheels goes
# first.
install_torch() {
    index=${TORCH_INDEX:-}
    if [ -n "$index" ]; then
        say "torch and torchvision from $index (TORCH_INDEX)"
    elif [ "$(uname -s)" != Linux ]; then
        say "torch and torchvision from the package index (about 100 MB)"
    elif [ -e /proc/driver/nvidia/version ] || command -v nvidia-smi >/dev/null; then
        say "an NVIDIA GPU: torch and torchvision from the package index (several GB, with CUDA)"
    elif (answers "$cpu_index/torch/") 2>/dev/null; then
        say "no NVIDIA GPU: torch and torchvision from $cpu_index (about 200 MB)"
        index=$cpu_index
    else
        say "no NVIDIA GPU, but $cpu_index did not answer within 3 s:" \
            "torch and torchvision from the package index" \
            "(several GB, with CUDA, unless pip is set up to find a CPU build)"
    fi
    if [ -n "$index" ]; then
        pip install --no-deps --index-url "$index" torch torchvision
    else
        pip install torch torchvision
    fi
}

pip() { # its progress is for a terminal, not for a log
    "$venv/bin/python" -m pip --disable-pip-version-check "$@" --constraint constraints.txt $([ -t 1 ] || echo -qq) ||
        die "pip failed, see above; once the cause is gone, the same command goes on"
}

find_python
foundation="$PWD $python $(grep '^torch' constraints.txt | tr '\n' ' ')"
index=${TORCH_INDEX:-$(recorded 2)}
inputs=$(cat pyproject.toml constraints.txt tools/setup.sh | cksum)
if has pip torch torchvision jupyterlab pytest svae_lib &&
    [ "$(recorded 1)" = "$foundation" ] && [ "$(recorded 2)" = "$index" ]; then
    if [ "$(recorded 3)" = "$inputs" ]; then
        say "$venv is up to date"
        exit
    fi
    say "pyproject.toml or constraints.txt changed: bringing $venv up to date"
    rm "$stamp"
else
    make_venv
    install_torch
fi
say "svae_lib with what its notebooks and tests need (about 150 MB)"
pip install --editable '.[course,dev]'
printf '%s\n' "$foundation" "$index" "$inputs" >"$stamp.new"
mv "$stamp.new" "$stamp"
say "$venv is ready"
