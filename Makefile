# The newcomer's door: `make demo`, `make test`, `make help`.
# Asks of the machine: CPython 3.11 or 3.12, make, git. Everything else is fetched from the lock files.
VENV := .venv
BIN := $(VENV)/bin
ENV := $(VENV)/.ready
ASSETS := dialer/console/static/dist/.built
ARGS ?=
ENGINE ?= pjsua

.DEFAULT_GOAL := help
.PHONY: help env assets demo test check format bench soak pictures postgres asterisk provision lock clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(ENV) $(ASSETS) ## run the whole product on this machine; ENGINE=asterisk ARGS="--policies 60 --until-done"
	@$(BIN)/dialer demo --engine $(ENGINE) $(ARGS)

test: $(ENV) $(ASSETS) ## run every test; ARGS="-k calendar" chooses
	@$(BIN)/python -m pytest -n 3 --dist loadfile $(ARGS)

check: $(ENV) node_modules/.ready ## format, lint, types (Python, TypeScript), import contracts
	@$(BIN)/ruff format --check --quiet . || { echo 'not formatted: make format' >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@tools/npm.sh $(VENV) run --silent types
	@$(BIN)/lint-imports --no-logo

format: $(ENV) ## let ruff format and mend what it can
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

bench: $(ENV) $(ASSETS) ## measure what the caller and the agent wait for, and the dialer against Asterisk alone
	@$(BIN)/python -m bench.answer_to_seat
	@$(BIN)/python -m bench.screen_pop
	@$(BIN)/python -m bench.desk_steps
	@$(BIN)/python -m bench.asterisk_load $(ARGS)

soak: $(ENV) ## kill dialer and Asterisk under calls, again and again, and count what is lost
	@$(BIN)/python -m bench.soak $(ARGS)

pictures: $(ENV) $(ASSETS) ## draw docs/machines.md from the code, and take the gallery (build/screenshots/index.html)
	@$(BIN)/python tools/draw_machines.py
	@$(BIN)/python -m pytest -q tests/browser
	@$(BIN)/python tools/gallery.py

env: $(ENV) ## make the Python environment from requirements.lock
$(ENV): requirements.lock
	@tools/environment.sh $(VENV)
	@touch $@

assets: $(ASSETS) ## bundle the console's browser code
$(ASSETS): node_modules/.ready $(wildcard dialer/console/assets/*)
	@tools/npm.sh $(VENV) run --silent build
	@touch $@
node_modules/.ready: package.json package-lock.json .npmrc | $(ENV)
	@tools/npm.sh $(VENV) ci --silent
	@touch $@

postgres: ## install a PostgreSQL server for the tests (root and apt)
	@tools/provision.sh postgres

asterisk: ## unpack an Asterisk 22 for tests and demonstration into .parts/ (apt)
	@tools/asterisk.sh .parts/asterisk

provision: ## install every real part the tests can use (root and apt)
	@tools/provision.sh postgres browser sipp
	@tools/asterisk.sh .parts/asterisk

lock: $(ENV) ## solve the dependencies anew; ARGS=--upgrade takes newer ones
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --group dev --generate-hashes \
		--no-emit-index-url --no-annotate --custom-compile-command 'make lock' $(ARGS) \
		pyproject.toml --output-file requirements.lock
	@tools/npm.sh $(VENV) install --silent --package-lock-only

clean: ## remove what make built here; databases, recordings and what apt installed stay
	@rm -rf $(VENV) .parts node_modules dialer/console/static/dist build dialer.egg-info
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
