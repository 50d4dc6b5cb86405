"""The `skspectra` command."""

from skspectra.cli._main import main

__all__ = ["main"]
