"""`python -m clv_cli`, and the entry point `clv`."""

import sys


def main() -> None:
    """Run `clv`; `--version` alone answers before anything else is imported."""
    if sys.argv[1:] == ["--version"]:
        from clv_cli import __version__

        print(f"clv {__version__}")  # noqa: T201 - the one line that needs no terminal
        return
    from clv_cli.main import run_program

    run_program()


if __name__ == "__main__":
    main()
