"""What takes seconds to compute, kept on disk between sessions: slow without a disk, never fatal.

Every file is the SHA-256 of its content and the content. One that is damaged is removed and made
again; where nothing can be written everything is computed again each time; one warning tells why.
"""

import contextlib
import hashlib
import io
import os
import stat
import warnings
from functools import cache
from importlib.resources import files
from pathlib import Path

import joblib
import numpy as np
import platformdirs

from skspectra._input.files import writing

__all__ = ["cache_folder", "load_or_compute", "private_folder", "read_cached", "write_cached"]

_ADVICE = "Set the environment variable SKSPECTRA_CACHE to another folder."
_warned = set()


def cache_folder():
    """Where computed tables are kept: ``SKSPECTRA_CACHE``, else the platform's cache folder.

    It may be deleted at any time. None where the user has no home folder.
    """
    try:
        given = os.environ.get("SKSPECTRA_CACHE") or platformdirs.user_cache_dir("skspectra")
    except RuntimeError:  # of a user who has no home
        _warn_once(f"This user has no home folder, so that nothing is kept on disk. {_ADVICE}")
        return None
    return Path(given)


def private_folder(name):
    """Make a folder in `cache_folder` for files that run when they are read.

    Returns
    -------
    folder : Path or None
        None, with a warning, where it or the cache folder cannot be made or written to, is not
        owned by the user or can be written to by others.
    """
    parent = cache_folder()
    if parent is None:
        return None
    try:
        for folder in (parent, parent / name):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_private(folder.lstat()):
                _warn_once(
                    f"{folder} is not owned by this user alone, or others can write to it: code "
                    f"that is read from there could be theirs, so nothing is. {_ADVICE}"
                )
                return None
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(None, "Permission denied")
    except OSError as error:
        _warn_unwritable(parent / name, error)
        return None
    return folder


def read_cached(path):
    """Content of a file that `write_cached` wrote for this user.

    Returns
    -------
    content : bytes or None
        None if there is no such file, and if it is damaged or of another user; it is then removed.
    """
    try:
        with open(path, "rb") as file:
            is_private = _is_private(os.fstat(file.fileno()))
            digest, content = file.read(32), file.read()
    except OSError:
        return None
    if is_private and digest == hashlib.sha256(content).digest():
        return content
    reason = "is damaged" if is_private else "is not this user's alone"
    _warn_once(f"{path} {reason}; what it holds is computed again.")
    with contextlib.suppress(OSError):
        os.unlink(path)
    return None


def write_cached(path, content):
    """Write a file for `read_cached`; a warning tells if that cannot be done."""
    path = Path(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with writing(path) as temporary, open(temporary, "wb", opener=_open_private) as file:
            file.write(hashlib.sha256(content).digest())
            file.write(content)
    except OSError as error:
        _warn_unwritable(path.parent, error)


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
        If the result cannot be written, or what was written is damaged; it is returned all the
        same.
    """
    folder = cache_folder()
    if folder is None:
        return compute()
    path = folder / f"{name}-{joblib.hash((arguments, _code_version()))}.npy"
    content = read_cached(path)
    if content is not None:
        return np.load(io.BytesIO(content))
    result = compute()
    file = io.BytesIO()
    np.save(file, result)
    write_cached(path, file.getvalue())
    return result


def _is_private(status):
    """Whether only this user can write to a file or folder, where the system knows users."""
    if not hasattr(os, "getuid"):
        return True
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _open_private(path, flags):
    return os.open(path, flags, 0o600)


def _warn_unwritable(folder, error):
    _warn_once(
        f"Cannot write to {folder} ({error.strerror}): what was computed is not kept for the next "
        f"time. {_ADVICE}"
    )


def _warn_once(message):
    if message not in _warned:
        _warned.add(message)
        warnings.warn(message, stacklevel=3)
