#!/bin/sh
# Make .venv hold what pyproject.toml and constraints.txt ask for; where it already does, say so and stop. For make.
#   PYTHON=python3.12   build .venv with this interpreter (else that of .venv, else the first below that is new enough)
#   TORCH_INDEX=URL     take torch and torchvision from this wheel index
# uv installs: that of PATH, or one that pip brings into .venv. Where uv does not run, or fails, pip installs.
set -eu
cd "$(dirname "$0")/.."
venv=.venv
stamp=$venv/svae_lib.stamp # there while .venv is complete; its lines: foundation, torch index, checksum of the inputs
log=$venv/setup.log        # what uv and pip say
cpu_index=https://download.pytorch.org/whl/cpu

say() { printf 'setup: %s\n' "$*"; }
die() { say "$@" >&2; exit 1; }
# INTERPRETER CODE: what the code prints; -P (since Python 3.11) so that it sees what is installed, not this folder.
ask() { "$1" -P -c "$2" 2>/dev/null; }
recorded() { sed -n "$1p" "$stamp" 2>/dev/null || true; }
has() { ask "$venv/bin/python" "import sys, importlib.util as u; sys.exit(None in map(u.find_spec, '$*'.split()))"; }
answers() { ask "$python" "import signal, urllib.request as u; signal.alarm(3); u.urlopen('$1')"; }
is_uv() { "$1" pip install --help 2>/dev/null | grep -q torch-backend; } # and not too old
with_uv() { "$venv/bin/python" -P tools/uv_as_pip.py "$uv" --constraint constraints.txt "$@" >>"$log" 2>&1; }
with_pip() { "$venv/bin/python" -m pip install --constraint constraints.txt "$@" >>"$log" 2>&1; }

find_python() { # of a virtual environment: the interpreter that it was made from
    set -- "$venv/bin/python" python3 python3.13 python3.12 python3.11
    [ -z "${PYTHON:-}" ] || set -- "$PYTHON"
    for candidate; do
        python=$(ask "$candidate" 'import os, sys; print(os.path.realpath(sys._base_executable))') && return
    done
    example="as in make setup PYTHON=/path/to/python3.12"
    [ -n "${PYTHON:-}" ] || die "no Python >= 3.11 found: install one, or name it, $example"
    "$PYTHON" -c '' 2>/dev/null || die "PYTHON=$PYTHON does not run: name a Python >= 3.11, $example"
    die "PYTHON=$PYTHON is $("$PYTHON" -V 2>&1): svae_lib needs Python >= 3.11"
}

make_venv() {
    ask "$python" 'import venv, ensurepip' ||
        die "$python lacks venv or ensurepip: install them (Debian, Ubuntu: apt-get install python3-venv)"
    say "making $venv with $python"
    why=$("$python" -m venv --clear "$venv" 2>&1) || die "cannot make $venv ($(echo "$why" | tail -n 1)):" \
        "move away what stands in its place, or make $PWD writable; then call this again"
}

# A plain torch on Linux brings several GB of CUDA, of no use without an NVIDIA GPU; uv chooses for the machine.
choose_torch() {
    if [ -n "$index" ]; then
        say "torch and torchvision from $index (TORCH_INDEX)"
    elif (answers "$cpu_index/torch/") 2>/dev/null; then
        say "torch and torchvision from PyTorch's own index (about 200 MB, for an NVIDIA GPU several GB)"
        export UV_TORCH_BACKEND="${UV_TORCH_BACKEND:-auto}"
        [ "$(uname; command -v nvidia-smi; ls -d /proc/driver/nvidia 2>/dev/null)" != Linux ] || pip_index=$cpu_index
    else
        say "$cpu_index did not answer within 3 s: torch and torchvision from the package index" \
            "(on Linux several GB, with CUDA, unless pip is set up to find a CPU build)"
    fi
}

install() { # WITH INDEX: everything, with_uv or with_pip; where an index is named, torch from there
    if [ -n "$2" ]; then "$1" --no-deps --index-url "$2" torch torchvision || return; fi
    "$1" --editable '.[course,dev]'
}

# JupyterLab's renderer of panels as it is edited now: the installation took a copy. No links: the server refuses linked
# files, and an installer that removes an older version would remove what lies behind a linked folder.
copy_renderer() {
    renderer=$venv/share/jupyter/labextensions/svae-panels/static entry=svae_lib/widgets/labextension/
    for file in "$entry"remoteEntry.js svae_lib/widgets/*.js svae_course/*/*.js svae_course/panel_data/*.bin; do
        place=$renderer/${file#"$entry"}
        if [ ! -f "$file" ] || cmp -s "$file" "$place"; then continue; fi
        mkdir -p "${place%/*}"
        rm -f "$place"
        cp "$file" "$place"
    done
}

find_python
foundation="$PWD $python $(grep '^torch' constraints.txt | tr '\n' ' ')"
inputs=$(cat pyproject.toml constraints.txt setup.py tools/setup.sh 2>/dev/null | cksum)
index=${TORCH_INDEX:-$(recorded 2)} pip_index=
if has pip torch torchvision jupyterlab pytest svae_lib &&
    [ "$(recorded 1)" = "$foundation" ] && [ "$(recorded 2)" = "$index" ]; then
    if [ "$(recorded 3)" = "$inputs" ]; then copy_renderer; say "$venv is up to date"; exit; fi
    say "pyproject.toml or constraints.txt changed: bringing $venv up to date"
    rm "$stamp" 2>/dev/null || die "cannot write to $PWD/$venv: make it writable, then call this again"
else
    index=${TORCH_INDEX:-}
    make_venv
    choose_torch
fi
: >"$log"
uv=uv
is_uv "$uv" || uv=$venv/bin/uv
is_uv "$uv" || with_pip --only-binary :all: uv || true
say "svae_lib with what its notebooks and tests need (about 150 MB; $log grows as it comes)"
if ! is_uv "$uv" || ! install with_uv "$index"; then
    say "uv does not run here, or failed: pip installs, which takes minutes"
    install with_pip "${index:-$pip_index}" || die "pip failed ($(grep -i -m 1 '^error' "$log" || true)):" \
        "check the network, the index (pip config list) and $log, then call this again"
fi
copy_renderer
printf '%s\n' "$foundation" "$index" "$inputs" >"$stamp.new"
mv "$stamp.new" "$stamp"
say "$venv is ready"
