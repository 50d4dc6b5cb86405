"""`python -m skspectra` is the `skspectra` command."""

from skspectra.cli import main

main(prog_name="skspectra")
