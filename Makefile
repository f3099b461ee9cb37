# One word per need; bare `make` prints the list. `.venv` is made as needed, and again only when the
# requirements change. Tools are called as modules of its Python, so that a path with spaces does no harm.

PYTHON ?= python3
PY := .venv/bin/python
ARGS ?=
SOURCES := menus sms_service workers tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help run phone test bench chaos tour lint fix check-menus seed words migration
.DELETE_ON_ERROR:

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: .venv/runtime.txt ## start everything; PORT=8000 VAR_DIR=var can be set; Ctrl-C stops it
	@exec $(PY) -m sms_service run --with-parent

phone: .venv/runtime.txt ## a feature phone in the terminal, against the running service (ARGS="--number ...")
	@exec $(PY) -m sms_service phone $(ARGS)

test: lint ## lint and the whole test suite, with the real servers it needs
	@exec $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: .venv/development.txt ## measure; results are appended to benchmarks/results.csv
	@exec $(PY) -m benchmarks $(ARGS)

chaos: .venv/development.txt ## storms of faults, SEEDS=20 or SEEDS=101-150; results in benchmarks/chaos.csv
	@exec $(PY) -m tests.chaos --seeds $(or $(SEEDS),20) $(ARGS)

tour: .venv/development.txt ## take a picture of every page of the desk, into docs/tour (needs chromium)
	@exec $(PY) -m tests.e2e.desk.tour

lint: .venv/development.txt ## style, types and who may import whom
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet . || { echo "run: make fix"; exit 1; }
	@$(PY) -m mypy --no-error-summary
	@$(PY) -c "from importlinter.cli import lint_imports_command as lint; lint()" >.venv/imports.log 2>&1 \
		|| { cat .venv/imports.log; exit 1; }

fix: .venv/development.txt ## format, and mend what the linter can mend
	@$(PY) -m ruff check --fix --quiet . || true
	@$(PY) -m ruff format .

check-menus: .venv/runtime.txt ## prove that every screen fits, every link lives, every word exists
	@exec $(PY) -m sms_service check-menus

seed: .venv/runtime.txt ## put the fictional demo content into the database
	@exec $(PY) -m sms_service seed-demo

words: .venv/runtime.txt ## collect and compile the words of the desk's pages
	@exec $(PY) -m sms_service.web.console.words

migration: .venv/runtime.txt ## write a new database revision from the models: NAME=add_something
	@exec $(PY) -m sms_service.store.new_revision "$(NAME)"

# A copy of the requirements as they were installed: a stamp, and something to look at.
.venv/runtime.txt: requirements.txt | .venv/bin/python
	$(call install,$<)
	@cp $< $@

.venv/development.txt: requirements-dev.txt requirements.txt | .venv/bin/python
	$(call install,$<)
	@cp requirements.txt .venv/runtime.txt
	@cp $< $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: PYTHON=/path/to/it make ..."; exit 1; }
	@echo "making .venv"
	@$(PYTHON) -m venv .venv \
		|| { rm -rf .venv; echo "venv does not work here; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

# A dot a package; pip's own words only when it fails.
define install
@printf 'installing packages (first time only, about a minute) '
@{ $(PY) -m pip install --no-input --disable-pip-version-check --progress-bar off -r $(1) 2>&1 \
	|| echo "pip has failed"; } | tee .venv/install.log \
	| while read -r word _; do case "$$word" in Collecting) printf .;; Installing) printf ' unpacking';; esac; done; echo
@if grep -q '^pip has failed' .venv/install.log; then cat .venv/install.log; exit 1; fi
endef
