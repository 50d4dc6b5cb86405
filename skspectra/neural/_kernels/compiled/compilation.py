"""Functions that numba compiles once for a machine and keeps on disk."""

import hashlib
import os
import tempfile
from importlib.resources import files
from pathlib import Path

import numba
import platformdirs

__all__ = ["inlined", "kept"]

_OPTIONS = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "reassoc", "nsz"},  # infinity and NaN keep their meaning
}

# For functions that only kernels call: what Python would need takes time to compile.
inlined = numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_OPTIONS)


def kept(function):
    """Compile a function that is called from Python and keep the result on disk.

    It is kept in the folder that ``SKSPECTRA_CACHE`` names, else in the platform's cache folder,
    under the digest of this folder's code, so that nothing outlives what made it. Where that
    folder cannot be written to, every process compiles for itself.
    """
    folder = _folder()
    if not _is_writable(folder):
        return numba.njit(**_OPTIONS)(function)
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)
    finally:
        numba.config.CACHE_DIR = before


def _folder():
    sources = sorted(
        files("skspectra.neural._kernels.compiled").iterdir(), key=lambda path: path.name
    )
    code = b"".join(path.read_bytes() for path in sources if path.name.endswith(".py"))
    cache = os.environ.get("SKSPECTRA_CACHE") or platformdirs.user_cache_dir("skspectra")
    return Path(cache) / f"kernels-{hashlib.sha256(code).hexdigest()[:16]}"


def _is_writable(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
