# Needs only Python 3.11 or later and make; without make: python3 run.py evaluate
PYTHON ?= python3

.PHONY: help evaluate test lab build campaign setup
# two goals at once must not both make .venv
.NOTPARALLEL:

help:
	@$(PYTHON) run.py help

evaluate test lab build campaign setup:
	@$(PYTHON) run.py $@ $(ARGS)
