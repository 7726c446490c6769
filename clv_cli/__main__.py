"""`python -m clv_cli`, and the entry point `clv`."""

import gc
import sys

# Nearly all that is made lives as long as the program: to look for garbage after every 700 objects, as
# Python does, only costs time.
OBJECTS = 50_000


def main() -> None:
    """Run `clv`; `--version` alone answers before anything else is imported."""
    if sys.argv[1:] == ["--version"]:
        from clv_cli import __version__

        print(f"clv {__version__}")  # noqa: T201 - the one line that needs no terminal
        return
    gc.set_threshold(OBJECTS)
    from clv_cli.main import run_program

    try:
        run_program()
    finally:
        # What is here now goes with the process: Python need not look through it once more.
        gc.freeze()


if __name__ == "__main__":
    main()
