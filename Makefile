# The commands of svae_lib. Each makes .venv itself; each can be run twice.
#   PYTHON=python3.12   the interpreter that .venv is built with
#   TORCH_INDEX=URL     the wheel index that torch and torchvision come from

PY := .venv/bin/python
# The files side by side, a worker a core (see tests/conftest.py); WORKERS=0 runs one after the other in one process.
WORKERS ?= auto
PYTEST := $(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
PYTEST += --nbval --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg

# A thread that waits gives its core away, in notebooks that import torch first too (see svae_lib/threads.py).
export OMP_WAIT_POLICY ?= PASSIVE

# As root, JupyterLab needs a flag; without a display, it prints its address instead of opening a browser.
LAB_FLAGS := --ServerApp.ip=127.0.0.1
ifeq ($(shell id -u),0)
LAB_FLAGS += --allow-root
endif
ifeq ($(shell uname -s)$(DISPLAY)$(WAYLAND_DISPLAY),Linux)
LAB_FLAGS += --no-browser
endif

.PHONY: help setup lab test test-all notebooks site bench clean

help:
	@echo "make setup      create .venv and install everything into it"
	@echo "make lab        open the notebooks in JupyterLab"
	@echo "make test       what CI runs: lint, tests, doctests, notebooks, browser"
	@echo "make test-all   the same, plus the tests marked slow"
	@echo "make notebooks  run notebooks/scripts/*.py into notebooks/*.ipynb; update README's tables and strip"
	@echo "make site       build the course and the reference as web pages, in site/"
	@echo "make bench      measure speed, as ratios"
	@echo "make clean      remove .venv and the caches; runs/ stays"

setup:
	@PYTHON="$(PYTHON)" TORCH_INDEX="$(TORCH_INDEX)" sh tools/setup.sh

lab: setup
	@echo "lab: JupyterLab in notebooks/; press Ctrl-C twice to stop it"
	@$(PY) -m jupyterlab $(LAB_FLAGS) notebooks

test: setup
	@echo "test: lint, then tests, doctests and notebooks"
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet .
	@$(PYTEST) tests svae_lib svae_course docs notebooks/*.ipynb

test-all: setup
	@echo "test-all: lint, then tests (slow ones included), doctests and notebooks"
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet .
	@$(PYTEST) -m "" tests svae_lib svae_course docs notebooks/*.ipynb

notebooks: setup
	@echo "notebooks: running notebooks/scripts/*.py"
	@$(PY) tools/build_notebooks.py
	@$(PY) tools/chapters.py
	@$(PY) tools/results_table.py
	@$(PY) tools/heads_table.py
	@$(PY) tools/picture_strip.py
	@echo "notebooks: README's tables of chapters and results are up to date"

site: setup
	@echo "site: web pages of the course and the reference, from what the notebooks store; in site/"
	@$(PY) -m docs.build site

bench: setup
	@echo "bench: each of ours against its peer, in turns; about ten minutes, on an otherwise idle machine"
	@$(PY) -m pytest -o "python_files=bench_*.py" --write-readme benchmarks

clean:
	@echo "clean: removing .venv, build folders and caches"
	@rm -rf .venv build site dist *.egg-info .pytest_cache .ruff_cache .hypothesis .benchmarks
	@find docs svae_lib svae_course tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
