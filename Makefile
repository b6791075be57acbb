# `make demo` and `make test` need Python 3.11+ and make, and nothing running.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
PAGE_TOOLS := tests/page_tools

.PHONY: demo serve test contract examples forum bench device-check peers secrets clean
.PHONY: check check-types check-style check-contracts check-page bytecode

demo: $(VENV)/installed
	$(BIN)/tripletlab demo $(ARGS)

serve: $(VENV)/installed
	$(BIN)/tripletlab serve $(ARGS)

# the forum's question on the Quora pairs: make forum QUORA=quora_question_pairs.parquet
forum: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[exports]'
	$(BIN)/python benchmarks/forum_question.py $(if $(QUORA),--quora $(QUORA)) $(ARGS)

# every timing that has a goal, into benchmarks/goals.md: make bench QUORA=quora_question_pairs.parquet,
# and MODEL=FOLDER of a pretrained one, such as all-MiniLM-L6-v2, for what is asked of such a model
bench: $(VENV)/installed peers
	$(if $(QUORA),TRIPLETLAB_QUORA_FILE=$(abspath $(QUORA))) $(BIN)/python benchmarks/bench.py $(if $(MODEL),--model $(abspath $(MODEL))) $(ARGS)

# what only a GPU can tell, in under eight minutes; without one the same, small, on the CPU
device-check: $(VENV)/installed
	$(BIN)/python benchmarks/device_check.py $(ARGS)

# the libraries that ours is measured against, in an environment of their own
peers: .venv-peers/installed

.venv-peers/installed: constraints.txt
	test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet "$$(grep '^torch==' constraints.txt)"
	.venv-peers/bin/python -m pip install --quiet 'sentence-transformers[train]' pytorch-metric-learning mlflow httpx
	touch $@

# what docker-compose.yml reads: never over what is there. The folder keeps others of this host out;
# the files are readable, because the users in the containers are not the one here
secrets:
	@mkdir -m 700 secrets
	@$(PYTHON) -c 'import secrets; print(secrets.token_hex(24), end="")' > secrets/postgres_password
	@$(PYTHON) -c 'import secrets; print(secrets.token_hex(24), end="")' > secrets/redis_password
	@printf 'postgresql://tripletlab:%s@postgres:5432/tripletlab' "$$(cat secrets/postgres_password)" > secrets/tripletlab_database_url
	@printf 'redis://:%s@redis:6379/0' "$$(cat secrets/redis_password)" > secrets/tripletlab_broker_url
	@chmod 644 secrets/*
	@echo "secrets/ holds the passwords of this deployment; keep a copy where it is safe."

# checks two at once, each told of when it has ended; then tests, four at once on any machine: what
# takes long there waits for processes, and comes first.
# Bytecode is kept also where the environment says otherwise: hundreds of processes read the files
test: export PYTHONDONTWRITEBYTECODE :=
test:
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target check bytecode
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# thousands of requests against the OpenAPI document; a short run of it is in `make test`
contract: $(VENV)/installed
	TRIPLETLAB_TEST_CONTRACT=long $(BIN)/python -m pytest -n 0 --log-cli-level=INFO tests/acceptance/test_api_contract.py $(ARGS)

# what the service answers, into the OpenAPI document
examples: $(VENV)/installed
	PYTHONPATH=tests $(BIN)/python -m support.openapi_examples.calls

check: check-types check-style check-contracts check-page

check-types: $(VENV)/installed
	$(BIN)/mypy

check-style: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-contracts: $(VENV)/installed
	$(BIN)/lint-imports

# of all that tests import, by one process instead of by four that do the same. It says nothing:
# what cannot be imported is told by the tests
bytecode: $(VENV)/installed
	@$(BIN)/python -m pytest --collect-only -qq >/dev/null 2>&1 || true

# the page itself needs no npm, so what checks its scripts is left out where npm is absent
ifneq ($(shell command -v npm 2>/dev/null),)
check-page: $(PAGE_TOOLS)/node_modules/installed
	$(PAGE_TOOLS)/node_modules/.bin/biome check --error-on-warnings --config-path=$(PAGE_TOOLS) api/web/js
	$(PAGE_TOOLS)/node_modules/.bin/tsc --project $(PAGE_TOOLS)
else
check-page:
	@echo "skipped: the page's scripts are not checked, because npm is absent"
	@test -z "$(CI)" # where nothing may be left out
endif

$(PAGE_TOOLS)/node_modules/installed: $(PAGE_TOOLS)/package.json $(PAGE_TOOLS)/package-lock.json
	cd $(PAGE_TOOLS) && npm ci --silent
	touch $@

# torch goes first and alone, so that a CPU build that is already there is taken. The others are
# written by two processes, since a package is thousands of files; where these fail, as where a
# version is not to be had, the command after them does it all. Of the bytecode only that of the
# service is made, not that of 20,000 files, most of which nobody imports
$(VENV)/installed: export PYTHONDONTWRITEBYTECODE :=
$(VENV)/installed: pyproject.toml constraints.txt setup.py worker/training/encoders/kernels.c
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile "$$(grep '^torch==' constraints.txt)"
	-@grep -v -e '^#' -e '^torch==' constraints.txt | xargs -n 42 -P 2 $(BIN)/python -m pip install --quiet --no-compile --no-deps
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[worker,embedded,pretrained,exports,mcp,dev]'
	$(BIN)/python -c 'import api.app, worker.attempts.process, worker.supervisor'
	touch $@

clean:
	rm -rf worker/training/encoders/kernels.*.so
	rm -rf $(VENV) .venv-peers $(PAGE_TOOLS)/node_modules build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
