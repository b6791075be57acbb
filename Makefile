# `make demo` and `make test` need Python 3.11+ and make, and nothing running.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: demo serve test contract examples check forum clean

demo: $(VENV)/installed
	$(BIN)/tripletlab demo $(ARGS)

serve: $(VENV)/installed
	$(BIN)/tripletlab serve $(ARGS)

# the forum's question on the Quora pairs: make forum QUORA=quora_question_pairs.parquet
forum: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python benchmarks/forum_question.py $(if $(QUORA),--quora $(QUORA)) $(ARGS)

test: check
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

# thousands of requests against the OpenAPI document; a short run of it is in `make test`
contract: $(VENV)/installed
	TRIPLETLAB_TEST_CONTRACT=long $(BIN)/python -m pytest -n 0 --log-cli-level=INFO tests/acceptance/test_api_contract.py $(ARGS)

# what the service answers, into the OpenAPI document
examples: $(VENV)/installed
	$(BIN)/python tests/examples_of_calls_for_tests.py

check: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# torch goes first and alone, so that a CPU build that is already there is taken
$(VENV)/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "$$(grep '^torch==' constraints.txt)"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[worker,embedded,dev]'
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
