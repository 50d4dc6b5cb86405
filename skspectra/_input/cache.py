"""Arrays that take seconds to compute, kept on disk between sessions."""

import os
import warnings
from functools import cache
from importlib.resources import files
from pathlib import Path

import joblib
import numpy as np
import platformdirs

from skspectra._input.files import writing

__all__ = ["cache_folder", "load_or_compute"]


def cache_folder():
    """Where computed tables are kept: ``SKSPECTRA_CACHE``, else the platform's cache folder.

    It may be deleted at any time.
    """
    return Path(os.environ.get("SKSPECTRA_CACHE") or platformdirs.user_cache_dir("skspectra"))


@cache
def _code_version():
    """Digest of this package's code and data, so that no table outlives what made it."""
    folder = files("skspectra.datasets")
    sources = [*folder.iterdir(), *folder.joinpath("data").iterdir()]
    return joblib.hash({source.name: source.read_bytes() for source in sources if source.is_file()})


def load_or_compute(name, arguments, compute):
    """Return ``compute()``, an array, from disk if it was computed before.

    Parameters
    ----------
    name : str
        Begins the name of the file.
    arguments : tuple
        All that the result depends on besides the code of `skspectra.datasets`, which is part
        of the key too.
    compute : callable
        Called without arguments.

    Returns
    -------
    result : ndarray

    Warns
    -----
    UserWarning
        If the result cannot be written; it is returned all the same.
    """
    path = cache_folder() / f"{name}-{joblib.hash((arguments, _code_version()))}.npy"
    try:
        return np.load(path)
    except (OSError, ValueError, EOFError):  # absent, unreadable or damaged: compute it again
        result = compute()
    try:
        _write(path, result)
    except OSError as error:
        warnings.warn(
            f"Cannot write to {path.parent} ({error.strerror}): what was computed is not kept for "
            "the next time. Set the environment variable SKSPECTRA_CACHE to another folder.",
            stacklevel=2,
        )
    return result


def _write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path) as temporary, temporary.open("wb") as file:
        np.save(file, array)
