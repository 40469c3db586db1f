PYTHON := .venv/bin/python
ROWS ?= ../shared/data/qta
ARGS ?=
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-store test format lint types check bench chaos kafka demo-auditor docs constraints

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/.full ## Make .venv and install everything this machine can use

demo: .venv/.light ## The whole flow on sample logs: no broker, no GPU, ends by naming the report
	$(PYTHON) -m auditor demo $(ARGS)

demo-store: .venv/.full ## A store of four weeks and three tenants, for trying reports and policies (minutes)
	$(PYTHON) -m reports.demo_store --rows $(ROWS) $(ARGS)

test: .venv/.full ## All tests, with a real broker where Java and Maven exist (ARGS="-k name" for some, JOBS=4 for more at a time)
	$(PYTHON) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

format: .venv/.full ## Rewrite the code in the one format
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

lint: .venv/.full ## Look for mistakes (ruff)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types: .venv/.full ## Check the types (mypy, strict)
	$(PYTHON) -m mypy

check: lint types test ## What has to be green before a commit

bench: .venv/.full .venv/.rivals ## Measure against the bare parts; prints ratios with the machine they hold for
	$(PYTHON) -m pytest tests/bench -q -s -o timeout=0 $(ARGS)

chaos: .venv/.full ## Kill audits, fleets and the broker, and prove that nothing is lost (ARGS="fleet --kills 100 --seed 7")
	$(PYTHON) -m tests.chaos $(ARGS)

kafka: .venv/.light ## Start Apache Kafka on 127.0.0.1:9092 for development (Java and Maven)
	$(PYTHON) -m conf.kafka.broker $(ARGS)

demo-auditor: .venv/.full ## Make the demo auditor again: base, SFT, DPO, OGDPO (ROWS=folder ARGS="--seeds 7 --until sft --out DIR"; goes on where it stopped)
	$(PYTHON) -m training.demo --rows $(ROWS) $(ARGS)

docs: .venv/.light ## Write docs/configuration.md from conf/default.toml
	$(PYTHON) -m tests.configuration_page > docs/configuration.md

constraints: .venv/.full ## Write the versions installed now to constraints.txt
	@{ sed -n '/^#/p' constraints.txt; $(PYTHON) -m pip list --format=freeze --exclude-editable \
	  | grep -viE '^(nvidia|cuda|triton|pip|setuptools|wheel|uv)[-_=]' | sed 's/_/-/g' | sort -f; } > .venv/constraints.txt
	mv .venv/constraints.txt constraints.txt

.venv/.rivals: pyproject.toml tests/bench/rivals/requirements.txt .venv/.full
	$(PYTHON) -m venv .venv/rivals
	UV_SYSTEM_CERTS=1 VIRTUAL_ENV=.venv/rivals .venv/bin/uv pip install --quiet -e . -r tests/bench/rivals/requirements.txt
	@touch $@

.venv/.light: pyproject.toml constraints.txt .ci/setup
	.ci/setup light
	@touch $@

.venv/.full: pyproject.toml constraints.txt .ci/setup
	.ci/setup full
	@touch .venv/.light $@
