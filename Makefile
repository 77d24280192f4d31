.PHONY: demo test soak bench lint types lock clean setup servers

bin := .venv/bin
# Bytecode is kept, also where the environment asks for none: each worker reads all tests, and they start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/bytecode
# One more than there are cores: many tests wait for a process or a server.
workers := $(shell echo $$(( $$(nproc) + 1 )))
pytest := $(bin)/python -m pytest --numprocesses $(workers) --dist worksteal
# What takes long and shows little of which code is run: processes that are killed, or started for each question, mails by the
# thousand. To measure a process costs more than many a process.
heavy := tests/test_crash.py tests/test_pop3_breaking.py tests/test_intake.py tests/test_fuzz.py tests/test_patterns.py tests/test_network.py \
	tests/test_estimate.py tests/test_samples.py tests/test_workers.py tests/test_corpus.py tests/test_examine_command.py \
	tests/test_docs_run.py tests/example_host tests/cli/test_ingest.py tests/cli/test_canary.py tests/cli/test_commands.py tests/lmtp tests/benchmarks
# What is compared by the time that it takes runs alone: beside other work the ratios are another machine's.
alone := tests/benchmarks/test_speed.py

demo: setup ## set everything up, and run the main job over a small CRM's bounce mailbox
	@$(bin)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --upgrade \
		--target .cache/demo ./example_host
	@PYTHONPATH=.cache/demo $(bin)/python -m example_host.demo

test: setup ## set everything up, and run all tests; COVERAGE=1 sees to it that they reach enough of the code
	@$(MAKE) --no-print-directory --jobs 2 .cache/compiled servers types lint
	@$(bin)/python -m pytest --numprocesses 0 $(alone)
ifdef COVERAGE
	@$(pytest) $(heavy) --ignore=$(alone)
	@$(pytest) --cov --cov-report=term $(addprefix --ignore=,$(heavy))
else
	@$(pytest) --ignore=$(alone)
endif

soak: setup servers ## what takes longer: kills, millions of mails; results belong into docs
	@$(bin)/python tests/servers/fetch.py --mtas
	@$(bin)/python -m pytest -m soak --numprocesses 0 -s -p no:randomly tests/soak

bench: setup servers ## ratios against the standard library, flufl.bounce and a bare IMAP loop, in one run
	@BENCH=1 $(bin)/python -m pytest tests/benchmarks -s --numprocesses 0 -p no:randomly

# Every worker reads all tests: they are compiled once before, beside what else is to be looked after, and not by each at the same time.
.cache/compiled: $(shell find tests bounce_plugin hooks example_host -name '*.py') .ci/requirements.lock | setup
	@$(bin)/python -m pytest --collect-only -qq > .cache/collected.log || { cat .cache/collected.log; exit 1; }
	@touch $@

lint: setup
	@$(bin)/ruff check --quiet .
	@$(bin)/ruff format --check --quiet .
	@$(bin)/lint-imports --no-cache > .venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }

types: setup
	@$(bin)/mypy

setup:
	@.ci/setup

servers: setup ## the mail and database servers that tests start, unpacked under .cache, never installed
	@$(bin)/python tests/servers/fetch.py

lock: ## pin the dependencies of pyproject.toml anew
	@$(bin)/python -m pip install --quiet uv
	@$(bin)/uv pip compile pyproject.toml --extra postgresql --extra oauth --extra lmtp --extra metrics --group dev --universal --python-version 3.11 \
		--generate-hashes --upgrade --no-header --quiet --output-file .ci/requirements.lock

clean:
	rm -rf .venv .cache dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
