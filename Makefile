# The words to type; CI types the same. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CONTROLPLANE := $(or $(HADYN_CONTROLPLANE),/opt/hadyn-controlplane/controlplane)
WORKERS := auto
HELM := $(or $(HADYN_HELM),/opt/hadyn-helm/helm)
NAMESPACE := unshare --net sh -c 'ip link set lo up; ip route add local 10.99.0.0/16 dev lo; exec "$$@"' ns

.PHONY: help demo test check integration bench soak docs clean
help:            ## this list
	@sed -nE 's/^([a-z]+): *[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --editable '.[haproxy]' --group dev
	@touch $(READY)

demo: $(READY)   ## hadyn and HAProxy on a folder of manifests, under load, for 30 seconds
	$(BIN)/hadyn demo

test: $(READY)   ## everything that needs no root: tests/, and integration/ with the HAProxy wheel
	$(BIN)/pytest tests integration -m "not root and not versions" -n $(WORKERS) --dist loadfile

$(CONTROLPLANE): $(wildcard integration/controlplane/*.go integration/controlplane/*/*.go integration/controlplane/go.*)
	nice integration/controlplane/build.sh $@

$(HELM): integration/helm/build.sh $(wildcard integration/helm/go.*) | $(CONTROLPLANE)
	nice integration/helm/build.sh $@

integration: $(READY) $(CONTROLPLANE) $(HELM)  ## the rest, as root: every HAProxy version at hand, in a network namespace
	$(NAMESPACE) $(BIN)/pytest integration -m "root or versions"

check: $(READY)  ## linters, types, layers, generated docs up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

bench: $(READY)  ## performance as ratios in one run; writes docs/benchmarks.md
	$(BIN)/python -m integration.bench

soak: $(READY)   ## as root: random changes and faults for half an hour (HADYN_SOAK_SECONDS); writes docs/soak.md
	unshare --mount $(BIN)/python -m tests.soak

docs: $(READY)   ## write the generated docs anew
	$(BIN)/python docs/generate.py

clean:           ## remove what was built
	rm -rf $(VENV) dist build
