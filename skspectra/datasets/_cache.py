"""Arrays that take seconds to compute, kept on disk between sessions."""

import os
import sys
import tempfile
import warnings
from functools import cache
from importlib.resources import files
from pathlib import Path

import joblib
import numpy as np

__all__ = ["cache_folder", "load_or_compute"]


def cache_folder():
    """Where computed tables are kept: ``SKSPECTRA_CACHE``, else a folder of the user's.

    Without the variable it is ``skspectra`` in the cache folder of the platform
    (``XDG_CACHE_HOME`` or ``~/.cache``, on macOS ``~/Library/Caches``, on Windows
    ``LOCALAPPDATA``). It may be deleted at any time.
    """
    if os.environ.get("SKSPECTRA_CACHE"):
        return Path(os.environ["SKSPECTRA_CACHE"]).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "~/AppData/Local")
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "skspectra"


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
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
        temporary = Path(file.name)
        try:
            np.save(file, array)
            file.close()
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
