# The entry points of smartcommune. Each target may be cut and run again.
SHELL := /bin/sh
# tox's own cache stays in the checkout
export VIRTUALENV_OVERRIDE_APP_DATA := $(CURDIR)/.tox/virtualenv
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench clean clean-cache

PROFILE ?= vi-huong
COMMAND := .venv/bin/smartcommune
AS_ROOT := tools/as-root

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Prepare this computer: system packages, .venv, Pulumi engine
	@tools/setup

demo: setup ## Bring up a pilot commune in the lab, verify it, show the report (PROFILE=vi-huong)
	@$(COMMAND) apply $(PROFILE) --target lab --yes

test: ## Run lint, types, unit, repository and lab tests
	@tools/setup --tests
	@.venv/bin/tox run --quiet

lint: ## Run the linters and the type checker only
	@tools/setup --tests
	@.venv/bin/tox run --quiet -e lint,types

bench: setup ## Measure each stage of the demo, and write bench/results
	@.venv/bin/python -m bench

clean: ## Remove lab machines, state, .venv and everything else made inside the checkout
	@real=$$(ls -d .state/*/*/site.json 2>/dev/null | grep -v '/lab/site.json$$' || true); \
	if [ -n "$$real" ] && [ "$(FORGET)" != yes ]; then \
	    echo ".state holds the secrets of communes on real machines / .state giữ bí mật của các xã trên máy thật:"; \
	    echo "$$real"; echo "make clean FORGET=yes"; exit 2; \
	fi
	@if [ -x $(COMMAND) ]; then $(COMMAND) lab clean; fi
	@$(AS_ROOT) rm -rf .state .venv .tox .mypy_cache .ruff_cache .pytest_cache .hypothesis .ansible build dist
	@$(AS_ROOT) find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-cache: clean ## Also remove what was downloaded and built (engine, base image, packages)
	@$(AS_ROOT) rm -rf "$$(PYTHONPATH=src python3 -B -c 'from smartcommune import paths; print(paths.cache())')"
