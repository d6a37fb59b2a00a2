# The only list of commands. Values: PORT, BIND, PLUMBLINE_HOME, MODEL=none|small|FOLDER|URL,
# REPO=path or address, WAIT_MODEL=true, PYTHON=/path/to/python; of make bundle BUNDLE and KEY;
# of make programme GATE, ROWS and LEAVE.
.DEFAULT_GOAL := help
BUNDLE ?= .plumbline/bundle
KEY ?= .plumbline/signing-key.pem
GATE ?= commit
.PHONY: help run up down status test programme check format lock pictures bundle clients vscode clean product dev

environment := sh appliance/local/environment.sh
python := .venv/bin/python
local := $(python) -m appliance.local

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

run: product ## start everything in the foreground; Ctrl-C stops it all
	@exec $(local) run

up: product ## start everything in the background
	@exec $(local) up

down: ## stop everything
	@if [ -x $(python) ]; then exec $(local) down; fi

status: ## show which programs run
	@if [ -x $(python) ]; then exec $(local) status; else echo "Nothing is installed yet: make run"; fi

test: dev ## all of CI's tests
	@exec $(python) -m tests

programme: dev ## the test programme of GATE=commit|nightly|release, with its report
	@exec $(python) -m tests.programme $(GATE) $(if $(ROWS),--only $(ROWS)) $(if $(LEAVE),--without $(LEAVE)) $(OPTIONS)

check: dev ## format, lint, types, imports, playbooks, missing migrations, tests
	$(python) -m ruff format --check .
	$(python) -m ruff check .
	$(python) -m mypy
	.venv/bin/lint-imports
	cd ansible && ../.venv/bin/ansible-lint --offline --profile production
	DJANGO_SETTINGS_MODULE=tests.settings $(python) -W ignore::RuntimeWarning manage.py \
	  makemigrations --check --dry-run
	@exec $(python) -m tests

format: dev ## format the code and put imports in order
	$(python) -m ruff check --fix .
	$(python) -m ruff format .

lock: dev ## resolve the requirements anew, with hashes
	$(python) -m uv pip compile pyproject.toml --universal --python-version 3.11 \
	  --generate-hashes --upgrade -q --no-annotate --no-header -o requirements/product.txt
	$(python) -m uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	  --generate-hashes --upgrade -q --no-annotate --no-header -c requirements/product.txt \
	  -o requirements/dev.txt
	$(python) -m uv pip compile requirements/install.in --universal --python-version 3.12 \
	  --generate-hashes --upgrade -q --no-annotate --no-header -c requirements/dev.txt \
	  -o requirements/install.txt
	grep -A 99 '^uv==' requirements/dev.txt | awk 'NR > 1 && !/^ / { exit } 1' > requirements/uv.txt

pictures: dev ## make the pictures of the documentation anew, those of VS Code too
	PICTURES=docs/images PLUMBLINE_PICTURES=docs/images $(python) -m pytest -m slow -n 0 -q \
	  tests/journeys/test_pictures.py tests/clients/vscode/test_in_editor.py

bundle: dev ## collect what a site without internet installs from; docs/install.md
	@exec $(python) -m appliance.local.bundle $(BUNDLE) --key $(KEY) $(OPTIONS)

clients: dev ## build the command-line client for the page where people download it
	@exec $(python) -m appliance.local.clients

vscode: ## build the VS Code extension for the page where people download it
	@exec sh clients/vscode/package.sh "$${PLUMBLINE_HOME:-.plumbline}/clients"

clean: down ## remove the environments and caches; keep the data folder
	rm -rf .venv .venv-vllm .venv-quantize .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	rm -rf clients/vscode/node_modules clients/vscode/packing/node_modules

product:
	@$(environment) product

dev:
	@$(environment) dev
