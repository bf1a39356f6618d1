# make lab    the course in JupyterLab, against the embedded exchange (ARGS=--no-browser on a server)
# make test   the quick tests: a few minutes
# make full   all tests: real Asterisk, real calls, JupyterLab in Chromium (see scripts/asterisk)
# make oldest some of the quick tests with the oldest versions that pyproject.toml allows
# make check  formatting, lint, types
# make docs   the docs site, in site/; EXECUTE=true runs the notebooks and shows what comes of them
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: lab test full oldest check docs

# An extra is installed once; its stamp is older than pyproject.toml when that changes.
$(VENV)/.has-%: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@

lab: $(VENV)/.has-lab
	$(BIN)/ari-notebook lab $(ARGS)

# Most of them wait for sound to play, so several run side by side, whatever the number of cores;
# those of a file in their order, since they share what takes long to start.
test: $(VENV)/.has-test
	$(BIN)/python -m pytest -n 4 --dist loadfile -m 'not slow and not browser and not asterisk' $(ARGS)

full: $(VENV)/.has-test $(VENV)/.has-lab $(VENV)/.has-docs
	$(BIN)/python -m pytest $(ARGS)

OLDEST := .venv-oldest

oldest:
	test -x $(OLDEST)/bin/python || $(PYTHON) -m venv $(OLDEST)
	$(PYTHON) scripts/oldest > $(OLDEST)/constraints.txt
	$(OLDEST)/bin/python -m pip install --quiet --constraint $(OLDEST)/constraints.txt \
		--editable . hypothesis ipykernel pytest pytest-timeout
	$(OLDEST)/bin/python -m pytest -m 'not slow and not browser and not asterisk' tests/spec tests/client \
		tests/test_session.py tests/magics/test_first_call.py tests/live/test_tables.py $(ARGS)

check: $(VENV)/.has-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.has-docs $(VENV)/.has-lab
	NO_MKDOCS_2_WARNING=1 $(BIN)/python scripts/docs.py $(ARGS)
