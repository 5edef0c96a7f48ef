# SPDX-License-Identifier: Apache-2.0
# Millrace. `make demo` and `make test` are all that a newcomer needs; `make help` lists the rest.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup venv build demo run test test-long bench bench-quick bench-api fuzz format lint image-rehearsal clean

BINARY := .build/release/millrace

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 18

setup: ## install what is missing from apt (root or sudo)
	@deploy/local/setup.sh

venv: setup
	@deploy/local/venv.sh .venv Tests/integration/requirements.txt

build: setup ## release build: .build/release/millrace
	swift build -c release --product millrace

demo: build venv ## run an example flow on real data and show what it did; DATA_DIR=… keeps the data
	@.venv/bin/python deploy/demo/demo.py --binary $(BINARY) $(if $(DATA_DIR),--data-dir "$(DATA_DIR)")

run: build ## serve on 127.0.0.1:8080, all roles in one, until Ctrl-C; DATA_DIR=… for the data
	@deploy/local/run.sh

test: venv ## unit and integration tests; KAFKA_HOME=… for a real broker, PYTEST_ARGS=… for pytest
	@deploy/local/test.sh

test-long: venv ## what takes long: the 5 GB input, a million flows with ten million runs
	@deploy/local/test.sh long

bench: build ## the control plane against its peers; results in Benchmarks/control-plane/results.md
	@Benchmarks/control-plane/run.sh $(BENCH_ARGS)

bench-quick: build ## the same in a few minutes, with smaller numbers
	@Benchmarks/control-plane/run.sh --quick $(BENCH_ARGS)

bench-api: build ## requests per second of the api with signatures on, beside nginx and moto; results in Benchmarks/api/results.md
	@Benchmarks/api/run.sh $(BENCH_ARGS)

fuzz: setup ## coverage-guided fuzzing of the decoder and the signature parser, SECONDS (600) each
	@deploy/local/fuzz.sh $(or $(SECONDS),600)

format: ## rewrite the Swift sources as .swift-format says
	swift format --in-place --recursive --parallel Package.swift Sources Tests

lint: ## fail on anything that format would change
	swift format lint --strict --recursive --parallel Package.swift Sources Tests

image-rehearsal: ## the Dockerfile's steps without a container engine
	@deploy/rehearse-image.sh

clean: ## remove builds and virtual environments
	rm -rf .build .venv .venv-bench .venv-bench-api
