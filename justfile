# One recipe a habit; `just` alone lists them.
set positional-arguments

default:
    @just --list

# Make the environment (again)
setup:
    python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e ".[dev]"

# All tests
test *args:
    .venv/bin/python -m pytest -q -n 2 "$@"

# Everything that reads the code: format, lint, types, import contracts, generated docs
lint:
    .venv/bin/ruff format --check .
    .venv/bin/ruff check .
    .venv/bin/mypy
    .venv/bin/lint-imports
    .venv/bin/cog --check README.md

# Coverage of the pure packages
cover:
    .venv/bin/python -m pytest -q -n 2 --cov
    .venv/bin/coverage report --fail-under=95

# Write what the README generates (help texts, command list, outputs)
docs:
    .venv/bin/cog -r README.md

# Every goal of speed and memory, with peers, in one run; the table goes into clv_cli/ARCHITECTURE.md
bench *sizes="1e6 1e7":
    .venv/bin/python -m tests.bench.goals {{sizes}} --write

# Memory and time of ten files of ten million lines beside one of them (16 GB of disk, some minutes)
bench-hundred *sizes:
    .venv/bin/python -m tests.bench.hundred {{sizes}} --write

# Only cold `clv report` against a bare polars parse
bench-cold *sizes="1e6":
    .venv/bin/python -m tests.bench.bench {{sizes}} --write

# From a log of 1M customers to their 12-month values; the table goes into clv_cli/ARCHITECTURE.md
bench-models *size="1e6":
    .venv/bin/python -m tests.bench.models {{size}} --write

# All moments of 1M customers beside a bare parse of their usage; the table goes into clv_cli/ARCHITECTURE.md
bench-moments *size="1e6":
    .venv/bin/python -m tests.bench.moments {{size}} --write

# Planted declines and quota crossings found in the sample; the table goes into sample_data/README.md
planted:
    .venv/bin/python -m tests.recipes.planted_moments --write

# How often do 95 % intervals hold the truth; the table goes into clv_cli/ARCHITECTURE.md
coverage-models *bases="200":
    nice -n 19 .venv/bin/python -m tests.recipes.coverage {{bases}} --write

# What strict loading costs beside a bare polars read of the same file (default: about 1 GB)
bench-loading lines="8e6":
    nice -n 19 .venv/bin/python tests/bench/loading.py {{lines}}

# Worlds with a known truth: what the gate passes, what intervals cover; tables for ARCHITECTURE
worlds runs="2000":
    nice -n 19 .venv/bin/python -m tests.recipes.rescue_worlds {{runs}}
    nice -n 19 .venv/bin/python -m tests.recipes.chance_worlds {{runs}}

# Make the shipped sample anew (same seed, same bytes)
sample:
    .venv/bin/python sample_data/generate.py

# Pin what is installed now
pin:
    .venv/bin/pip freeze --exclude-editable | grep -v ' @ ' > constraints.txt

# Warm against cold `clv report`: what the cache saves, as ratios to a bare polars parse
bench-cache lines="1e6":
    .venv/bin/python -m tests.bench.cache {{lines}}

# Every law at full size, with examples of its own each time
laws examples="300":
    CLV_LAWS={{examples}} .venv/bin/python -m pytest -q -n 2 -m hypothesis

# Overlap laws at full size: twice, shuffled, cut; the account foots whatever overlaps
laws-overlap:
    CLV_EXAMPLES=200 .venv/bin/python -m pytest -q -n 2 tests/sources/test_upsert.py

# How often forecast bands hold the truth: made-up businesses, their last year kept back
coverage-forecast businesses="200":
    nice -n 19 .venv/bin/python -m tests.bench.planning_coverage {{businesses}}

# What the forecast adds to `clv report`, by CPU, at so many customers (about twenty lines each)
bench-planning customers="1e6":
    nice -n 19 .venv/bin/python -m tests.bench.planning {{customers}}

# Every switch of the MRR ledger against the pure-Python calculator, at full size
oracle examples="1000":
    CLV_ORACLE_EXAMPLES={{examples}} .venv/bin/python -m pytest -q tests/measures/test_oracle_switches.py

# Every metric of random companies against plain Python: first seed, how many
catalogue first="0" count="1000":
    .venv/bin/python -m tests.metrics.test_catalogue_oracle {{first}} {{count}}

# P1-P9 at full size: 10,000 sequences of refunds, 1,250 sets of lines, 200 ledgers; and closed months
properties examples="10000":
    CLV_EXAMPLES={{examples}} nice -n 19 .venv/bin/python -m pytest -q -n 0 tests/attribution/test_properties.py

# The split's promises on made-up files: footing, rounding, shuffles, refunds, speed; into ARCHITECTURE.md
exactness *sizes="1e6 20":
    .venv/bin/python tests/recipes/exactness.py {{sizes}} --write

# LibreOffice recalculates the finance workbooks: same totals, differences 0.00 (needs soffice)
recalculate:
    .venv/bin/python -m tests.recipes.recalculate

# A written page as readers meet it (Chromium, axe-core): faults, screenshots and the PDF go into a folder
page html out:
    node tests/recipes/page.mjs {{html}} {{out}}

# What a page takes longer than the terminal's report, and how long a forecast takes: the sample, in turn
bench-page rounds="5":
    .venv/bin/python -m tests.bench.page {{rounds}}

# Nightly runs killed at random points, then every system call failing or killing in turn (needs strace)
kills count="200":
    rm -rf bench/kills bench/faults
    nice -n 19 .venv/bin/python -m tests.history.kills {{count}} bench/kills
    nice -n 19 .venv/bin/python -m tests.history.faults bench/faults
    rm -rf bench/kills bench/faults

# Facts of every engine, hashed and timed: polars, narwhals, DuckDB, Sail, and Spark Connect servers named
engines *args="1e6":
    .venv/bin/python -m tests.recipes.engines {{args}}

# One book from files here and from a lake that a server reads: the same report, and what fetching costs
lake *args="1e6":
    .venv/bin/python -m tests.recipes.lake {{args}}
