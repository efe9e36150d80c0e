# `make` alone lists the targets.
.DEFAULT_GOAL := help
.PHONY: help run demo serve migrate admin verify test test-unit screenshots looks faults faults-quick faults-mutants simulation fuzz clients postman bench bench-quick bench-layers bench-growth bench-scaling bench-guessing bench-large bench-docs lint format typecheck coverage sure openapi lock clean lighthouse pythons monitoring audit

PORT ?=
DATA ?= var
ARGS ?=
BOOKINGS ?=
SEED ?=
SEEDS ?= 10000
SECONDS ?= 600
FIGURES ?=

VENV := .venv
FUZZ_VENV := .venv-fuzz
CLIENTS_VENV := .venv-clients
PYTHON := $(VENV)/bin/python
RUN_READY := $(VENV)/.run-ready
DEV_READY := $(VENV)/.dev-ready
FUZZ_READY := $(FUZZ_VENV)/.ready
CLIENTS_READY := $(CLIENTS_VENV)/.ready
AUDIT_VENV := .venv-audit
AUDIT_READY := $(AUDIT_VENV)/.ready

# $(call environment,FOLDER): nothing is left of one that could not be made whole.
define environment
@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed.")'
@python3 -m venv $(1) || { rm -rf $(1); exit 1; }
endef

# $(call install,FOLDER,LOCK): what the lock names and nothing else. pip follows no dependency and
# builds nothing, so it never looks at what has been released since; then it tells what is lacking.
define install
@$(1)/bin/python -m pip install --quiet --disable-pip-version-check \
	--require-hashes --no-deps --only-binary :all: -r $(2)
@lacking=$$($(1)/bin/python -m pip check --disable-pip-version-check) || \
	{ echo "$(1) is not what $(2) says (if it is an old one, make clean):"; echo "$$lacking"; exit 1; } >&2
endef

with_port = $(if $(PORT),TICKETING_PORT=$(PORT))

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## ?(.*)/  make \1\t\2/' | expand -t 20

run: $(RUN_READY)  ## serve on 127.0.0.1:8000 with a MongoDB of its own (PORT=, DATA=)
	@$(with_port) $(PYTHON) -m ticketing run --data "$(DATA)"

demo: $(RUN_READY)  ## fill an empty calendar with a year of a made-up venue (DATA=)
	@$(with_port) $(PYTHON) -m ticketing demo --data "$(DATA)"

serve: $(RUN_READY)  ## run gunicorn as in production, on TICKETING_MONGODB_URI (PORT=)
	@$(with_port) $(PYTHON) -m ticketing serve

migrate: $(RUN_READY)  ## bring the database of TICKETING_MONGODB_URI up to date
	@$(PYTHON) -m ticketing migrate

admin: $(RUN_READY)  ## make an administrator: EMAIL=, the password is asked for (DATA=)
	@$(with_port) $(PYTHON) -m ticketing create-admin "$(EMAIL)" --data "$(DATA)"

verify: $(RUN_READY)  ## prove that counters, bookings and audit agree (DATA=, EVENT=, RESUME=, HEAD=, HEADS=)
	@$(with_port) $(PYTHON) -m ticketing verify --data "$(DATA)" $(if $(EVENT),--event "$(EVENT)") $(if $(RESUME),--resume "$(RESUME)") $(if $(HEADS),--heads "$(HEADS)") $(foreach head,$(HEAD),--head "$(head)")

# Loads, proxies and browsers want the machine for themselves, so they come one after the other. The rest waits
# for disks and servers half of the time: three at once keep two cores busy.
ALONE := tests/system/load tests/system/deployment/test_nginx.py tests/system/browser
SIDE_BY_SIDE := -n 3 --dist loadfile $(addprefix --ignore=,$(ALONE))

# A minute of a thousand seeds; its threads are greenlets, and with its lines counted it would be four.
SIMULATION := tests/simulation/test_simulation.py

test: $(DEV_READY)  ## everything, on the embedded MongoDB (ARGS= goes to pytest)
	@$(PYTHON) -m pytest $(SIDE_BY_SIDE) $(ARGS)
	@$(PYTHON) -m pytest $(ALONE) $(ARGS)

test-unit: $(DEV_READY)  ## what needs no server, without the simulation: seconds
	@$(PYTHON) -m pytest -n 2 -m "not system" --ignore=$(SIMULATION) $(ARGS)

pythons:  ## what needs no server, with each Python from 3.11 to 3.14 that is here
	@for version in 3.11 3.12 3.13 3.14; do \
		python$$version -c "" 2>/dev/null || { echo "Python $$version is not here."; continue; }; \
		python$$version -m venv .venv-$$version && \
		$(MAKE) --no-print-directory test-unit VENV=.venv-$$version || exit 1; \
	done

screenshots: $(DEV_READY)  ## pictures of all pages and two contact sheets, in screenshots/ (needs chromium)
	@$(PYTHON) -m tests.system.browser.screenshots $(ARGS)

looks: $(DEV_READY)  ## every page with axe-core: wide, narrow, dark, twice as large, forced colours (needs chromium)
	@EVERY_LOOK=yes $(PYTHON) -m pytest tests/system/browser/test_looks.py $(ARGS)

lighthouse: $(DEV_READY)  ## every page by lighthouse, at least 95 of each (needs npx and chromium)
	@$(PYTHON) -m tests.system.browser.lighthouse $(ARGS)

monitoring: $(DEV_READY)  ## a short load before the real Prometheus: every query answered, an alert fired (needs prometheus)
	@$(PYTHON) -m pytest tests/system/monitoring $(ARGS)

faults: $(DEV_READY)  ## break a running office for SECONDS=600 and check what clients were told (SEED=)
	@$(PYTHON) -m tests.faults --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

faults-quick: $(DEV_READY)  ## the quickest of the faults, about three minutes
	@$(PYTHON) -m tests.faults --quick $(if $(SEED),--seed $(SEED))

faults-mutants: $(DEV_READY)  ## builds with a guard taken out: each has to be noticed, twenty minutes
	@$(PYTHON) -m tests.faults --mutants $(if $(SEED),--seed $(SEED))

simulation: $(DEV_READY)  ## the write path in a made-up world: SEEDS=10000, or one SEED= with all its steps
	@$(PYTHON) -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

fuzz: $(DEV_READY) $(FUZZ_READY)  ## ask the live service what its OpenAPI document allows (SECONDS=)
	@$(PYTHON) -m tests.system.fuzz $(abspath $(FUZZ_VENV))/bin/schemathesis --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

clients: $(DEV_READY) $(CLIENTS_READY)  ## what others make of the OpenAPI document: linters, generated clients, newman (node)
	@$(PYTHON) -m tests.system.clients $(CLIENTS_VENV) $(CLIENTS_VENV)/node

postman: $(DEV_READY)  ## write postman_collection.json from the OpenAPI document
	@$(PYTHON) -m tests.system.clients.postman

bench: $(DEV_READY)  ## the rush on one hot event and what else people do, each against what it should come to (needs wrk)
	@$(PYTHON) -m bench.rush $(ARGS)

bench-quick: $(DEV_READY)  ## the same, each once: fails where an answer or the books are wrong, never for a time (needs wrk)
	@$(PYTHON) -m bench.rush --quick $(ARGS)

bench-layers: $(DEV_READY)  ## what gunicorn, Flask, checking and committing each add to a sale (needs wrk)
	@$(PYTHON) -m bench.layers $(ARGS)

bench-growth: $(DEV_READY)  ## sales, bookings and statistics where one event has 1000 bookings up to BOOKINGS=100000 (needs wrk)
	@$(PYTHON) -m bench.growth --bookings $(or $(BOOKINGS),100000) $(ARGS)

bench-scaling: $(DEV_READY)  ## the rush with 1 to 8 workers, and with two and four hosts (needs wrk)
	@$(PYTHON) -m bench.scaling $(ARGS)

bench-large: $(DEV_READY)  ## what each request costs where one event has BOOKINGS=1000000
	@$(PYTHON) -m bench.large --bookings $(or $(BOOKINGS),1000000) $(ARGS)

bench-guessing: $(DEV_READY)  ## a till that sells while 64 connections guess passwords, a minute
	@$(PYTHON) -m bench.guessing $(ARGS)

bench-docs: $(DEV_READY)  ## put figures into the docs, tables and chart: FIGURES="bench.json bench-growth.json"
	@$(PYTHON) -m bench.document $(FIGURES)

lint: $(DEV_READY)  ## ruff
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .

format: $(DEV_READY)  ## let ruff format and mend
	@$(VENV)/bin/ruff format . && $(VENV)/bin/ruff check --fix .

typecheck: $(DEV_READY)  ## mypy, strict
	@$(VENV)/bin/mypy

coverage: $(DEV_READY)  ## the tests with branch coverage, never below 90 %
	@$(PYTHON) -m pytest -n 2 $(SIMULATION) $(ARGS)
	@$(PYTHON) -m pytest $(SIDE_BY_SIDE) --ignore=$(SIMULATION) --hypothesis-profile=sure \
		--cov --cov-report= --cov-fail-under=0 --durations=20 $(ARGS)
	@$(PYTHON) -m pytest $(ALONE) --hypothesis-profile=sure \
		--cov --cov-append --cov-report=term $(ARGS)

sure:  ## all that CI checks, one after the other (needs wrk)
	@$(MAKE) --jobs=2 --output-sync=target --no-print-directory lint typecheck clients
	@$(MAKE) --no-print-directory faults-quick
	@$(MAKE) --no-print-directory fuzz SECONDS=20 SEED=1
	@$(MAKE) --no-print-directory bench-quick
	@$(MAKE) --no-print-directory coverage

openapi: $(DEV_READY)  ## print the OpenAPI document
	@$(PYTHON) -m ticketing openapi

lock: $(DEV_READY)  ## write requirements*.txt anew from requirements*.in , keeping pins (ARGS=--upgrade)
	@for name in requirements requirements-dev requirements-fuzz requirements-clients requirements-audit; do \
		$(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
			--no-strip-extras --no-emit-index-url $(ARGS) -o $$name.txt $$name.in || exit 1; \
	done

audit: $(AUDIT_READY)  ## ask PyPI which of the locked versions have known holes (needs a network)
	@failed=0; for lock in requirements*.txt; do \
		echo "$$lock"; $(AUDIT_VENV)/bin/pip-audit --strict --require-hashes --disable-pip -r $$lock || failed=1; \
	done; exit $$failed

clean:  ## remove what the other targets made, but not your data in var/
	@rm -rf .venv* .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis .coverage* htmlcov \
		build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PYTHON):
	$(call environment,$(VENV))

$(RUN_READY): requirements.txt | $(PYTHON)
	@echo "Installing what the service needs ..." >&2
	$(call install,$(VENV),$<)
	@touch $@

$(DEV_READY): requirements-dev.txt | $(PYTHON)
	@echo "Installing what the service and its tests need ..." >&2
	$(call install,$(VENV),$<)
	@touch $@

$(FUZZ_READY): requirements-fuzz.txt
	@echo "Installing what the fuzzing needs ..." >&2
	$(call environment,$(FUZZ_VENV))
	$(call install,$(FUZZ_VENV),$<)
	@touch $@

$(CLIENTS_READY): requirements-clients.txt
	@echo "Installing what looks at the API from outside ..." >&2
	$(call environment,$(CLIENTS_VENV))
	$(call install,$(CLIENTS_VENV),$<)
	@touch $@

$(AUDIT_READY): requirements-audit.txt
	@echo "Installing what the audit needs ..." >&2
	$(call environment,$(AUDIT_VENV))
	$(call install,$(AUDIT_VENV),$<)
	@touch $@
