# Two commands to know: `make run` shows Ghost, `make test` proves it. `make` lists the rest.

PYTHON ?= python3
BIN    := .venv/bin
# Tests wait as much as they work: one more of them at a time than there are processors.
AT_ONCE = $$(( $$(getconf _NPROCESSORS_ONLN) + 1 ))
CONFIG := examples/quickstart/ghost.toml
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# Tests start Ghost some hundred times; without its bytecode, each compiles all of it again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test soak bench check format pictures clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

run: .venv/run.stamp ## start Ghost with six small daemons, and a Slack on this machine
	@echo "for \`ghost\` in another terminal:  . $(BIN)/activate && cd $(dir $(CONFIG))"
	@$(BIN)/ghost up --playground -c $(CONFIG)

test: .venv/test.stamp ## lint, types, architecture, every test (needs Chromium or Chrome, strace, sshd)
	@$(MAKE) --no-print-directory check
	@sh .ci/strace
	@sh .ci/sshd
	@browser="$$(sh .ci/chromium)" || exit 1; \
	echo "testing, with $$browser"; \
	GHOST_CHROMIUM="$$browser" $(BIN)/python -m pytest -n $(AT_ONCE) --maxprocesses 4 --dist worksteal

soak: .venv/test.stamp ## the long tests: Ghost killed 200 times under load (ten minutes)
	$(BIN)/python -m pytest -m soak -s tests

bench: .venv/test.stamp ## how fast Ghost sees deaths, starts again and acks, and what probes cost, beside the floor
	$(BIN)/python bench/restart.py
	$(BIN)/python bench/storm.py
	$(BIN)/python bench/probes.py
	$(BIN)/python bench/ack.py
	$(BIN)/python bench/patch.py

check: .venv/test.stamp ## lint, format, types and layers: everything but the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict ghostbot handlers
	$(BIN)/lint-imports

format: .venv/test.stamp ## let ruff format and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

pictures: .venv/test.stamp ## draw the pictures of the documents again, in a real browser
	@browser="$$(sh .ci/chromium)" || exit 1; \
	GHOST_CHROMIUM="$$browser" $(BIN)/python docs/draw_pictures.py

clean: ## remove what make built; never what Ghost remembers of its daemons
	@if [ -x $(BIN)/ghost ] && $(BIN)/ghost status -c $(CONFIG) >/dev/null 2>&1; then \
	  echo "cannot clean: Ghost is running; end it with \`$(BIN)/ghost down -c $(CONFIG)\`" >&2; \
	  exit 1; \
	fi
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
	  .hypothesis .benchmarks
	find ghostbot handlers tests examples docs -name __pycache__ -type d -prune -exec rm -rf {} +
	@if [ -d examples/quickstart/.ghost ]; then \
	  echo "kept examples/quickstart/.ghost: daemons that Ghost left running are known only there"; \
	fi

# A virtualenv without pip, or whose Python is gone, is made anew; a whole one is kept.
.venv/run.stamp: pyproject.toml constraints.txt
	@PYTHON="$(PYTHON)" sh .ci/venv
	@echo "installing what Ghost needs into .venv (the first time takes a minute)"
	@$(PIP) -e .
	@touch $@

.venv/test.stamp: pyproject.toml constraints.txt
	@PYTHON="$(PYTHON)" sh .ci/venv
	@echo "installing what Ghost and its tests need into .venv (the first time takes minutes)"
	@$(PIP) -e '.[dev]'
	@touch .venv/run.stamp $@
