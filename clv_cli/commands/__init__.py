"""One file per command: arguments, one call of `run`, one call of `show`."""
