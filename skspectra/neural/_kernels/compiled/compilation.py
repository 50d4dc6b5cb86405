"""Functions that numba compiles once for a machine and keeps on disk."""

import contextlib
import hashlib
import pickle
import re
from importlib.resources import files

import llvmlite.binding
import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile

from skspectra._input.cache import private_folder, read_cached, write_cached

__all__ = ["cached", "inlined"]

_OPTIONS = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "reassoc", "nsz"},  # infinity and NaN keep their meaning
}

# For functions that only kernels call: what Python would need takes time to compile.
inlined = numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_OPTIONS)


def cached(function):
    """Compile a function that is called from Python and keep the result on disk.

    It is kept in the folder that ``SKSPECTRA_CACHE`` names, else in the platform's cache folder,
    under the versions of numba and of this folder's code and the name of the processor, so that
    nothing outlives what made it. Where that folder cannot be written to, or others can write to
    it, every process compiles for itself.
    """
    compiled = numba.njit(**_OPTIONS)(function)
    folder = private_folder(_folder_name())
    if folder is None:
        return compiled
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        compiled._cache = _Cache(function)  # as numba's enable_caching does
    except (OSError, RuntimeError):  # of numba, where it cannot write either
        pass
    finally:
        numba.config.CACHE_DIR = before
    return compiled


def _folder_name():
    sources = sorted(
        files("skspectra.neural._kernels.compiled").iterdir(), key=lambda path: path.name
    )
    code = b"".join(path.read_bytes() for path in sources if path.name.endswith(".py"))
    processor = re.sub(r"\W", "-", llvmlite.binding.get_host_cpu_name())
    digest = hashlib.sha256(code).hexdigest()[:16]
    return f"kernels-numba-{numba.__version__}-{processor}-{digest}"


class _CheckedFile(IndexDataCacheFile):
    """numba's index and data files, pickles both: only whole ones of this user are read."""

    def _load_index(self):
        content = read_cached(self._index_path)
        stamp, overloads = pickle.loads(content) if content else (None, {})
        return overloads if stamp == self._source_stamp else {}

    def _save_index(self, overloads):
        write_cached(self._index_path, self._dump((self._source_stamp, overloads)))

    def _load_data(self, name):
        content = read_cached(self._data_path(name))
        if content is None:
            raise OSError("damaged")  # numba then compiles
        return pickle.loads(content)

    def _save_data(self, name, data):
        write_cached(self._data_path(name), self._dump(data))


class _Cache(FunctionCache):
    """Keeps compiled functions in checked files."""

    def __init__(self, function):
        super().__init__(function)
        locator = self._impl.locator
        self._cache_file = _CheckedFile(
            locator.get_cache_path(), self._impl.filename_base, locator.get_source_stamp()
        )

    def save_overload(self, sig, data):
        with contextlib.suppress(OSError):  # a full disk; the next session compiles again
            super().save_overload(sig, data)
