# make demo   a picture, from a fresh clone
# make test   lint, types and all ordinary tests
PYTHON ?= python3
RUN := .venv/bin/python

.PHONY: demo test test-all check bench setup setup-dev clean

setup:
	@$(PYTHON) tools/set_up.py

setup-dev:
	@$(PYTHON) tools/set_up.py --dev

demo: setup
	@$(RUN) main.py run workflows/demo.json

check: setup-dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) tools/check_web.py

test: check
	$(RUN) -m pytest

# Also the full-size checkpoint and the long rounds: minutes to an hour, several GB of disk and memory.
test-all: check
	$(RUN) -m pytest -m "not gpu"

bench: setup
	@for file in benchmarks/*.py; do $(RUN) $$file; done

clean:
	rm -rf .venv .patchbay
