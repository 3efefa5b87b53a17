# Every command of this project; `make` alone lists them.
# Recipes that run long use exec: Ctrl-C then reaches the program itself, which cleans up, and no
# shell in between that would end first.

PY := .venv/bin/python
LOCAL := $(PY) -m tools.local
BENCH_ROWS ?= 200000
export BENCH_ROWS
# A few tests start sooner in one process, and each process has a PostgreSQL of its own.
# One process more than processors: each waits for its PostgreSQL now and then.
# What each takes a second or more of, or starts servers.
LONG := recount or kill or stack or long
PARALLEL := -n $(shell echo $$(($$(nproc) + 1))) --maxprocesses 4
MAKEFLAGS += --no-print-directory
# What a person gives reaches the shell in the environment, as text: neither make nor the shell reads
# anything in it. Recipes name it "$$FILE", not "$(FILE)".
GIVEN := DATASET FILE TU DEN AT_A_TIME AGAIN KY MA DON_VI PHAN KY_LOAI CSV UNIT OUT EVIDENCE LANDING HASH DATABASE_URL REVISION PYTHON PEERS
$(foreach name,$(GIVEN),$(eval override $(name) := $$(value $(name))))
export $(GIVEN)
# Tests start a hundred programs: each would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv demo up down superset bi-check psql ingest backfill refresh rows plausible form forms evidence rebuild test test-long test-fast torture lint format \
  bench bench-pages bench-celery migrate reference verify probe airflow screenshots \
  env docs lock clean

help: ## list the commands
	@echo "make <command>:"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 12
	@echo "Ports are chosen free; set PORT_UI, PORT_PG, PORT_TTHC, PORT_QLVB, PORT_REDIS, PORT_SUPERSET to choose them."
	@echo "EXECUTOR=celery has demo and up run the tasks on Redis and WORKERS=2 workers of Celery."

venv: .venv/.installed ## make the virtual environment from requirements.lock

.venv/.installed: requirements.lock
	@for python in $${PYTHON:+"$$PYTHON"} python3.11 python3; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then \
	    found=$$python; break; \
	  fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Python 3.11 is needed and was not found. Install it (on Debian or Ubuntu: python3.11" >&2; \
	  echo "and python3.11-venv), or name it: make PYTHON=/path/to/python3.11" >&2; \
	  exit 1; \
	fi; \
	echo "Installing into .venv with $$found, a minute or two …"; \
	"$$found" -m venv .venv && \
	$(PY) -m pip install --disable-pip-version-check --no-deps --require-hashes -q -r requirements.lock
	@touch $@

# Superset needs older packages than the rest, so it has an environment of its own.
.venv-superset/.installed: bi/superset/requirements.lock | venv
	@# Not compiled: most of it is never imported.
	@echo "Installing Superset into .venv-superset, a minute or two …"
	@$(PY) -m venv --clear .venv-superset && \
	.venv-superset/bin/python -m pip install --disable-pip-version-check --no-deps --require-hashes --no-compile -q \
	  -r bi/superset/requirements.lock
	@touch $@

# What the pipeline is measured beside; compiled now, so that it is not compiled while it is measured.
.venv-peers/.installed: tools/peers/requirements.lock | venv
	@echo "Installing dlt into .venv-peers, a minute or two …"
	@# Where that fails, all else is still measured.
	@if $(PY) -m venv --clear .venv-peers && \
	.venv-peers/bin/python -m pip install --disable-pip-version-check --no-deps --require-hashes -q \
	  -r tools/peers/requirements.lock; then touch $@; else \
	  echo "dlt could not be installed into .venv-peers, for what stands above, and is not measured." \
	  "Mend that (a network, or PIP_INDEX_URL of a mirror) and run make bench PEERS=1 again." >&2; \
	fi

demo: venv ## the main job from nothing to the scoreboard: six months through the real DAGs
	@exec $(LOCAL) demo

up: venv ## like demo, and stay: Airflow and the warehouse keep running
	@exec $(LOCAL) up

down: venv ## stop everything that runs in this clone
	@exec $(LOCAL) down

superset: venv .venv-superset/.installed ## dashboards in Superset over the warehouse; starts the stack where it is down, and stays
	@exec $(LOCAL) superset

bi-check: venv ## check that the dashboards ask for nothing that mart does not have
	@exec $(LOCAL) bi-check

psql: venv ## open the warehouse
	@exec $(LOCAL) psql -- $(ARGS)

ingest: venv ## load one file: make ingest DATASET=ho_so FILE=path
	@[ -n "$$DATASET" ] && [ -n "$$FILE" ] || \
	  { echo "Usage: make ingest DATASET=ho_so FILE=path/of/the/export.xlsx" >&2; exit 2; }
	@exec $(LOCAL) ingest -- "$$DATASET" "$$FILE"

backfill: venv ## pull and count a range of months: make backfill TU=2025-01 DEN=2025-12 [AT_A_TIME=3] [AGAIN=2026-01-31]
	@[ -n "$$TU" ] && [ -n "$$DEN" ] || \
	  { echo "Usage: make backfill TU=2025-01 DEN=2025-12 [AT_A_TIME=3] [AGAIN=2026-01-31: what was pulled before then]" >&2; exit 2; }
	@exec $(LOCAL) backfill $${AT_A_TIME:+--at-a-time="$$AT_A_TIME"} $${AGAIN:+--again="$$AGAIN"} -- "$$TU" "$$DEN"

refresh: venv ## count one month again: make refresh KY=2025-03
	@[ -n "$$KY" ] || { echo "Usage: make refresh KY=2025-03" >&2; exit 2; }
	@exec $(LOCAL) refresh -- "$$KY"

rows: venv ## list the dossiers behind a figure: make rows MA=T9 KY=2025-03 DON_VI=TONG:xa PHAN=con_lai
	@[ -n "$$MA" ] && [ -n "$$KY" ] || { echo "Usage: make rows MA=T9 KY=2025-03 [DON_VI=unit] \
	[PHAN=tu_so|mau_so|con_lai] [KY_LOAI=thang|luy_ke|quy|nua_nam|nam|ky_bao_cao] [REVISION=0] [CSV=file]" >&2; exit 2; }
	@exec $(LOCAL) rows $${PHAN:+--phan="$$PHAN"} $${KY_LOAI:+--ky-loai="$$KY_LOAI"} $${CSV:+--csv="$$CSV"} \
	  $${REVISION:+--revision="$$REVISION"} \
	  -- "$$MA" "$$KY" $${DON_VI:+"$$DON_VI"}

plausible: venv ## list figures that stand out from their own past: make plausible KY=2025-03 [DON_VI=unit]
	@[ -n "$$KY" ] || { echo "Usage: make plausible KY=2025-03 [DON_VI=unit] \
	[KY_LOAI=thang|luy_ke|quy|nua_nam|nam|ky_bao_cao]" >&2; exit 2; }
	@exec $(LOCAL) plausible --ky="$$KY" $${DON_VI:+--don-vi="$$DON_VI"} $${KY_LOAI:+--ky-loai="$$KY_LOAI"}

form: venv ## write a unit's declaration form: make form UNIT="Sở Tư pháp" KY=2025-03 [OUT=file.xlsx]
	@[ -n "$$UNIT" ] && [ -n "$$KY" ] || { echo "Usage: make form UNIT=code-or-name KY=2025-03 [OUT=file]" >&2; exit 2; }
	@exec $(LOCAL) form $${OUT:+--out="$$OUT"} -- "$$UNIT" "$$KY"

forms: venv ## write a period's official files: make forms KY=2025-Q1 [DON_VI=unit] [KY_LOAI=kind] [REVISION=0] [OUT=folder]
	@[ -n "$$KY" ] || { echo "Usage: make forms KY=2025-Q1 [DON_VI=unit] \
	[KY_LOAI=thang|luy_ke|quy|nua_nam|nam|ky_bao_cao] [REVISION=0] [OUT=folder]" >&2; exit 2; }
	@exec $(LOCAL) forms $${DON_VI:+--don-vi="$$DON_VI"} $${KY_LOAI:+--ky-loai="$$KY_LOAI"} \
	  $${REVISION:+--revision="$$REVISION"} $${OUT:+--out="$$OUT"} -- "$$KY"

evidence: venv ## write the evidence about a closed month: make evidence KY=2025-03 [OUT=folder]
	@[ -n "$$KY" ] || { echo "Usage: make evidence KY=2025-03 [OUT=folder]" >&2; exit 2; }
	@exec $(LOCAL) evidence $${OUT:+--out="$$OUT"} -- "$$KY"

rebuild: venv ## rebuild elsewhere what evidence is about: make rebuild EVIDENCE=file.zip LANDING=folder
	@[ -n "$$EVIDENCE" ] || { echo "Usage: make rebuild EVIDENCE=file.zip [LANDING=folder] [HASH=newest hash of the ledger] \
	[DATABASE_URL=an empty warehouse, by its owner]" >&2; exit 2; }
	@exec $(LOCAL) rebuild $${LANDING:+--landing="$$LANDING"} $${HASH:+--hash="$$HASH"} -- "$$EVIDENCE"

screenshots: venv ## take the pictures of docs/faces.md from the stack that make up has started
	@PYTHONPATH=plugins exec $(PY) -m tools.screenshots

airflow: venv ## run an airflow command: make airflow ARGS="dags list"
	@exec $(LOCAL) airflow -- $(ARGS)

env: venv ## print the running stack's environment: eval "$$(make env)"
	@exec $(LOCAL) env

migrate: venv ## bring the warehouse's tables up to date
	@exec $(LOCAL) migrate

reference: venv ## load the files in sql/reference: units, successions, other names
	@exec $(LOCAL) reference

verify: venv ## check that what must always hold holds in the warehouse now
	@exec $(LOCAL) verify $(ARGS)

probe: venv ## look from outside whether all that make up started runs and is in time: exit 0, 1 late, 2 broken
	@exec $(LOCAL) probe $(ARGS)

test: venv ## run the tests, five minutes, or some: make test ARGS="tests/figures -k closed"
	@exec $(PY) -m pytest --durations=10 $(if $(ARGS),$(ARGS),$(PARALLEL) -m "not ($(LONG))")

test-long: venv ## run the other tests: kill loops, pandas recounts, hostile files, browser, running Airflow
	@exec $(PY) -m pytest --durations=10 $(PARALLEL) -m "$(LONG)" $(ARGS)

torture: venv ## accidents and deliveries in great number over every dataset, a quarter of an hour: prints what it tried
	@exec env CCHC_TORTURE=1 $(PY) -m pytest --durations=10 $(PARALLEL) -m torture $(ARGS)

test-fast: venv ## run the tests of figures, and those that need no database: a minute or so
	@exec $(PY) -m pytest --durations=10 --fast $(PARALLEL) $(ARGS)

lint: venv ## check style of Python and SQL, types, and which way imports go
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	cd plugins && "$(CURDIR)"/.venv/bin/lint-imports --no-cache --config ../pyproject.toml
	$(PY) -m sqlfluff lint sql

format: venv ## put Python and SQL into style
	$(PY) -m ruff check --fix
	$(PY) -m ruff format
	$(PY) -m sqlfluff fix sql

bench: venv $(if $(filter 1,$(PEERS)),.venv-peers/.installed) ## measure the pipeline against plain COPY: make bench BENCH_ROWS=1000000 [PEERS=1: and beside dlt and pandas.to_sql]
	@exec $(PY) -m tools.bench

bench-pages: venv ## measure every page and view over five years of months, minutes: make bench-pages BENCH_ROWS=200000
	@exec $(PY) -m tools.bench.pages

bench-celery: venv ## measure a backfill of six months by one of Celery's workers and by two, ten minutes
	@exec $(PY) -m tools.bench.celery

docs: venv ## write docs/dags.md, docs/indicators.md and docs/schema.md from what they describe
	@$(PY) -m tools.dag_docs && $(PY) -m tools.indicator_docs && exec $(PY) -m tools.schema_docs

# The locks name no registry; they are made and checked in by hand. The second is what production needs of the first.
lock: ## resolve pyproject.toml, bi/superset/requirements.in and tools/peers/requirements.in into the four locks (needs uv)
	uv pip compile --generate-hashes --no-header --no-annotate --python-version 3.11 \
	  pyproject.toml --group dev -o requirements.lock
	uv pip compile --generate-hashes --no-header --no-annotate --python-version 3.11 \
	  -c requirements.lock pyproject.toml -o requirements.production.lock
	uv pip compile --generate-hashes --no-header --no-annotate --python-version 3.11 \
	  bi/superset/requirements.in -o bi/superset/requirements.lock
	uv pip compile --generate-hashes --no-header --no-annotate --python-version 3.11 \
	  tools/peers/requirements.in -o tools/peers/requirements.lock

clean: ## stop everything and delete the local databases, logs and landed files
	@if [ -x $(PY) ] && [ -d .cchc ]; then $(LOCAL) down; fi
	rm -rf .cchc
