# The targets that a contributor needs; `make` alone lists them. Set-up is a part of each, done once.

bin := .venv/bin
out := demo-out
abreast := --numprocesses $$(( $$(nproc) + 1 )) --dist loadscope
compile := uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --annotation-style line

# Without it every worker, and every program that a test starts, would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test acceptance check bench fuzz trust conformance lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the whole main job on the loopback laboratory; reports land in demo-out/
	@.ci/set-up demo
	$(bin)/cyberposture demo --out $(out)

test: ## every test but those of `acceptance`; `make test only=tests/unit/scoring` runs some
	@.ci/set-up test
	$(bin)/pytest $(or $(only),$(abreast) -m "not acceptance and not browser and not slow")

acceptance: ## the tests with the real nmap, real services, killed workers, a browser, whole sets
	@.ci/set-up test
	timeout 60m $(bin)/pytest $(abreast) -m "acceptance or browser or slow"

check: ## format, lint, types, layers and content
	@.ci/set-up test
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy
	$(bin)/lint-imports --no-logo
	$(bin)/cyberposture catalogue check

bench: ## every bench in benchmarks/, with figures and ratios
	@.ci/set-up test
	@set -e; for bench in $(sort $(wildcard benchmarks/bench_*.py)); do \
		echo "== $$bench"; $(bin)/python $$bench; \
	done

fuzz: ## every property on twenty times as many cases; `make fuzz times=100` on more
	@.ci/set-up test
	timeout 60m $(bin)/pytest -m hypothesis --fuzz $(or $(times),20) \
		--numprocesses auto --dist loadscope tests/unit tests/store

trust: ## scans by real workers, disturbed again and again; `make trust scans=30` more of them
	@.ci/set-up test
	TRUST_SCANS=$(or $(scans),10) timeout 60m $(bin)/pytest --numprocesses 0 \
		tests/services/test_scan_by_workers.py tests/services/test_scan_in_zones.py \
		tests/store/test_sudden_death.py

conformance: ## our OSCAL and our HTML, read by independent programs in a folder of their own
	@.ci/set-up test
	@.ci/conformance
	$(bin)/pytest tests/conformance

lock: ## write the lock files anew from pyproject.toml, with newer versions where there are any
	@.ci/set-up test
	$(bin)/$(compile) --upgrade --extra pdf --group build --output-file requirements.txt
	$(bin)/$(compile) --upgrade --group dev --constraint requirements.txt \
		--output-file requirements-dev.txt
	$(bin)/$(subst compile pyproject.toml,compile,$(compile)) --upgrade --group conformance \
		--output-file requirements-conformance.txt

clean: ## remove what set-up, tests and the demonstration made
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf build dist $(out)
	find cyberposture tests -name __pycache__ -type d -prune -exec rm -rf {} +
