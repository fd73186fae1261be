# make book    compute and render the book         make bench   measure, and write the figures as JSON
# make test    run the tests                       make serve   build the book and show it at 127.0.0.1
# make explore open the notebooks in JupyterLab
# make crash   kill the smoke book ten times, and hold what is made in the end against an undisturbed one
# make clean   remove the book and the caches; runs in results/ and .venv/ stay
PROFILE ?= quick
WORKERS ?= 2
PORT ?= 8000
# The first of these that is 3.11 or newer and can make virtual environments; PYTHON=... names another.
PYTHON ?= python3.14 python3.13 python3.12 python3.11 python3

.PHONY: book test crash bench serve explore clean install

# Compiled modules are kept, whatever is set: all processes import them.
book: .venv/.book
	PYTHONDONTWRITEBYTECODE= .venv/bin/lottery book --profile $(PROFILE) --workers $(WORKERS)

# One thread a process: several tests run side by side. Each process takes tests that lie together, of which many share
# what is made once for their file, and in the end some of the other's. They are one more than there are workers: a third
# of their time tests wait, for kernels, for workers of a grid, for the moment of a kill.
test: .venv/.installed
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n $$(($(WORKERS) + 1)) --dist worksteal

crash: .venv/.installed
	PYTHONDONTWRITEBYTECODE= .venv/bin/python tests/crash.py

# A missed bar is told, and no failure: a busy machine misses bars too. A benchmark that crashes is one.
bench: .venv/.installed
	PROFILE=$(PROFILE) .venv/bin/python tests/benchmarks

serve: book
	@echo "The book is at http://127.0.0.1:$(PORT) (stop with Ctrl-C)"
	.venv/bin/python -m http.server $(PORT) --bind 127.0.0.1 --directory book/_build/html

# Notebooks name their files as seen from this folder, so kernels have to start here: of a notebook's folder the server
# finds nothing below the root named last, and takes the root.
# A double click opens a .py as the notebook that it is, in the JupyterLab of .venv alone.
explore: .venv/.installed
	@.venv/bin/jupytext-config --settings-file .venv/etc/jupyter/labconfig/default_setting_overrides.json \
	  set-default-viewer python
	@echo "JupyterLab shows $(CURDIR)/notebooks; outputs are not kept when a notebook is closed"
	.venv/bin/jupyter lab notebooks --MappingKernelManager.root_dir="$(CURDIR)"

clean:
	rm -rf book/_build .pytest_cache .ruff_cache
	find lottery tests notebooks -name __pycache__ -type d -prune -exec rm -rf {} +

install: .venv/.installed

# What a book and the commands of users need; `make test`, `crash`, `bench`, `explore` and `install` add the rest to it. A
# .venv that is there and works is kept, so that a build of torch chosen by hand stays. pip compiles on one core all that
# it installs, of which a book imports half: that compiles as it is imported. Tests import more, in more than a hundred
# processes, so all cores compile for them what is not left out as large and imported by few: the tests of others,
# hundreds of models of transformers. Among the rest are templates and old syntax that does not compile, hence no word of
# failures.
INSTALL = .venv/bin/python -m pip install --disable-pip-version-check --no-compile --constraint constraints.txt --editable
LEFT_OUT = /tests/|/(pip|setuptools|sqlalchemy|debugpy|networkx)/|/torch/(_inductor|testing)/|/transformers/models/(?!auto|bert|roberta)

.venv/.book: pyproject.toml constraints.txt
	@if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then \
	  new=""; bare=""; \
	  for python in $(PYTHON); do \
	    $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    if $$python -c 'import ensurepip, venv' 2>/dev/null; then new=$$python; break; fi; \
	    bare=$${bare:-$$python}; \
	  done; \
	  if [ -z "$$new" ] && [ -n "$$bare" ]; then \
	    echo "$$bare cannot make a virtual environment: run 'apt-get install python3-venv', then make again." >&2; \
	    exit 2; \
	  elif [ -z "$$new" ]; then \
	    echo "None of these is Python 3.11 or newer: $(PYTHON). Install one, or name it: make PYTHON=/path/to/python3." >&2; \
	    exit 2; \
	  fi; \
	  $$new -m venv --clear .venv || exit 2; \
	fi
	$(INSTALL) ".[book,minilm,hub,onnx,bench]"
	@touch .venv/.book

.venv/.installed: .venv/.book
	$(INSTALL) ".[book,minilm,batch,explore,hub,onnx,bench,dev]"
	@.venv/bin/python -m compileall -qq -j 0 -x '$(LEFT_OUT)' .venv/lib || true
	@touch .venv/.installed
