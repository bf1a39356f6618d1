# make lab    the course in JupyterLab, against the embedded exchange (ARGS=--no-browser on a server)
# make test   the quick tests: some five minutes on two cores
# make full   all tests but the nightly ones: real Asterisk, real calls, JupyterLab in Chromium (see scripts/asterisk)
# make strict the quick tests in Python's development mode, each warning an error
# make supply-chain   licences and bill of materials of the dependencies, in supply-chain/
# make coverage  the quick tests with the lines that they run counted; fails under pyproject's floor
# make oldest some of the quick tests with the oldest versions that pyproject.toml allows
# make check  formatting, lint, types, layers, spelling and wording, and the types that programs see
# make lite   the course in JupyterLab in the browser, a static site, in lite/
# make docs   the docs site, in site/; EXECUTE=true runs the notebooks and shows their output
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ENVIRONMENT := @$(PYTHON) scripts/environment $(VENV)

# The workers, and the programs that tests start, share compiled modules, even if
# PYTHONDONTWRITEBYTECODE is set: otherwise each would compile hundreds of them.
COMPILED := PYTHONDONTWRITEBYTECODE=

.PHONY: lab lite test coverage full strict supply-chain oldest check docs

lab:
	$(ENVIRONMENT) lab
	$(BIN)/ari-notebook lab $(ARGS)

lite:
	$(ENVIRONMENT) lite
	$(BIN)/python scripts/lite $(ARGS)

# Many tests wait for sound or for another process, so several run in parallel on any number of cores;
# each worker takes three seconds to import what it tests. `make check` runs tests/typing.
test:
	$(ENVIRONMENT) test
	$(COMPILED) $(BIN)/python -m pytest -n 4 --dist worksteal -m 'not slow and not browser and not asterisk and not nightly' \
		--ignore=tests/typing $(ARGS)

coverage:
	$(ENVIRONMENT) test
	$(COMPILED) $(BIN)/coverage run -m pytest -n 4 --dist worksteal \
		-m 'not slow and not browser and not asterisk and not nightly' --ignore=tests/typing $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# The tests of one file run in order, because they share fixtures that take long to start. One process
# per core: they start browsers and servers, and a busy machine makes them slow, not the run quick.
full:
	$(ENVIRONMENT) test lab docs
	$(COMPILED) $(BIN)/python -m pytest -n 2 --dist loadfile --timeout 300 -m 'not nightly' $(ARGS)

strict:
	$(ENVIRONMENT) test
	$(COMPILED) PYTHONDEVMODE=1 $(BIN)/python -m pytest -n 4 --dist worksteal -W error \
		-m 'not slow and not browser and not asterisk and not nightly' --ignore=tests/typing $(ARGS)

supply-chain:
	PYTHON=$(PYTHON) scripts/supply-chain $(ARGS)

OLDEST := .venv-oldest

# Old versions warn of what newer ones changed: only here, warnings are no errors.
oldest:
	test -x $(OLDEST)/bin/python || $(PYTHON) -m venv $(OLDEST)
	$(PYTHON) scripts/oldest > $(OLDEST)/constraints.txt
	$(OLDEST)/bin/python -m pip install --quiet --constraint $(OLDEST)/constraints.txt \
		--editable . hatchling hypothesis ipykernel pytest pytest-timeout setuptools
	$(OLDEST)/bin/python -m pytest -W default -m 'not slow and not browser and not asterisk and not nightly' tests/schema tests/client \
		tests/sessions/test_session.py tests/magics/test_first_call.py tests/store/test_tables.py $(ARGS)

check:
	$(ENVIRONMENT) test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/typing
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python scripts/check_words.py

docs:
	$(ENVIRONMENT) docs lab
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m scripts.docs $(ARGS)
