# make lab    the course in JupyterLab, against the embedded exchange (ARGS=--no-browser on a server)
# make test   the quick tests: a few minutes
# make full   all tests: real Asterisk, real calls, JupyterLab in Chromium (see scripts/asterisk)
# make check  formatting, lint, types
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: lab test full check

# An extra is installed once; its stamp is older than pyproject.toml when that changes.
$(VENV)/.has-%: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@

lab: $(VENV)/.has-lab
	$(BIN)/ari-notebook lab $(ARGS)

test: $(VENV)/.has-test
	$(BIN)/python -m pytest -m 'not slow and not browser' $(ARGS)

full: $(VENV)/.has-test $(VENV)/.has-lab
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.has-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
