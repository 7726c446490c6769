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
    .venv/bin/coverage report --include='clv_cli/metrics/*,clv_cli/measures/*,clv_cli/attribution/*,clv_cli/frames/*,clv_cli/money.py,clv_cli/periods.py,clv_cli/results.py,clv_cli/pipeline.py,clv_cli/glossary/*' --fail-under=95

# Write what the README generates (help texts, command list, outputs)
docs:
    .venv/bin/cog -r README.md

# Cold `clv report` against a bare polars parse; the table goes into clv_cli/ARCHITECTURE.md
bench *sizes="1e6 1e7":
    .venv/bin/python tests/bench/bench.py {{sizes}} --write

# What strict loading costs beside a bare polars read of the same file (default: about 1 GB)
bench-loading lines="8e6":
    nice -n 19 .venv/bin/python tests/bench/loading.py {{lines}}

# Make the shipped sample anew (same seed, same bytes)
sample:
    .venv/bin/python sample_data/generate.py

# Pin what is installed now
pin:
    .venv/bin/pip freeze --exclude-editable | grep -v ' @ ' > constraints.txt
