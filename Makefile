# `make help` explains. Nothing need be prepared: every target first sets up what it uses, and says what it is doing.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: help run test test-model quality lint types unit pythons integration peers kill bench bench-model check format clean prepare-run prepare-model prepare-test
.NOTPARALLEL:
# Else each of the many processes of the tests compiles all of them anew.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
WORKERS ?= 2
in_parallel = --numprocesses $(WORKERS) --durations 20 --durations-min 1
say = @printf '\n== %s\n'

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | while IFS=$$'\t' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

run: prepare-model config.json ## Start SES with the demo robots and, where the machine can, a language model (LLM=off: without)
	@exec $(BIN)/ses run

test: prepare-test lint types unit pythons quality integration peers ## Everything that must hold: rules, types, all tests but the benches and those of the real model
	$(say) 'all well'

lint: prepare-test ## Code rules, formatting, the order of the floors, the scripts
	$(say) 'rules of the code (ruff)'
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	$(say) 'floors (import-linter)'
	@$(BIN)/lint-imports --no-cache >/tmp/ses-floors.$$$$ || { cat /tmp/ses-floors.$$$$; rm -f /tmp/ses-floors.$$$$; exit 1; }; tail -2 /tmp/ses-floors.$$$$; rm -f /tmp/ses-floors.$$$$
	$(say) 'shell scripts (shellcheck)'
	@shellcheck install.sh tools/*.sh .ci/run

types: prepare-test ## Types of the daemon (mypy) and of the widget (tsc)
	$(say) 'types (mypy)'
	@$(BIN)/mypy
	$(say) 'types of the widget (tsc)'
	@npm run --silent --prefix tests/widget types

unit: prepare-test ## Fast tests, no network
	@tools/unit.sh main $(in_parallel)
	$(say) 'unit tests of the widget (node)'
	@npm test --silent --prefix tests/widget

pythons: prepare-test ## The unit tests on the other Pythons of pyproject's classifiers that this machine has
	@tools/unit.sh others $(in_parallel)

integration: prepare-test ## Tests with real servers, processes and a real browser
	$(say) 'integration tests'
	@$(BIN)/pytest -q $(in_parallel) --dist loadfile --no-loadscope-reorder tests/integration docs/examples --ignore tests/integration/llm

quality: prepare-test ## How many phrases of people are understood, by kind and language
	$(say) 'understanding of people (share by kind)'
	@$(BIN)/pytest -q tests/understanding

peers: prepare-test ## Tests with other people's clients
	@if compgen -G 'tests/peers/**/test_*.py' >/dev/null || compgen -G 'tests/peers/test_*.py' >/dev/null; then printf '\n== tests with others'\'' clients\n'; $(BIN)/pytest -q $(in_parallel) --dist loadfile tests/peers; fi

test-model: prepare-test prepare-model ## Tests with the real vLLM and a small model (3.4 GB the first time)
	$(say) 'tests with the real model'
	@$(BIN)/pytest -q tests/integration/llm

kill: prepare-test ## Kill the daemon a hundred times under load: nothing lost, nothing twice
	@SES_KILL_ROUNDS=100 $(BIN)/pytest -q -s tests/integration/test_kill.py

bench: prepare-test ## Measure speed and memory against the budgets
	@$(BIN)/pytest -q -s tests/bench

bench-model: prepare-test prepare-model ## Tokens a second of the model against vLLM's own server, in turn (a quarter of an hour)
	@PYTHONPATH=. $(BIN)/python tests/bench/throughput.py

check: prepare-run config.json ## Check config.json and the robots
	@$(BIN)/ses config
	@$(BIN)/ses check

format: prepare-test ## Lay out the code
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

clean: ## Remove what was built and installed here; conversations, logs and config.json stay
	rm -rf .venv .venv-* .coverage tests/widget/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

config.json:
	@$(BIN)/python tools/demo_config.py >$@.new && mv $@.new $@
	@echo '== made config.json for the demo robots; it is yours to change'

prepare-run:
	@tools/prepare.sh run

prepare-model:
	@tools/prepare.sh model

prepare-test:
	@tools/prepare.sh test
