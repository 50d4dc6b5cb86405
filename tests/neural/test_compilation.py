"""Compiled kernels on disk: a cache may be slow, never fatal, and never anybody else's."""

import errno
import pickle
import resource
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from skspectra._input import cache
from skspectra.neural._kernels.compiled import backward, extract, forward
from skspectra.neural._kernels.compiled.compilation import _Cache, cached


def add_one(value):
    return value + 1


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_warned", set())
    monkeypatch.setenv("SKSPECTRA_CACHE", str(tmp_path))
    return tmp_path


def run():
    """What a new session gives, and whether it read what was compiled."""
    compiled = cached(add_one)
    assert compiled(1) == 2
    return bool(compiled.stats.cache_hits)


COMPILE = """
import sys
import skspectra.neural
assert "numba" not in sys.modules
sys.path.append(sys.argv[1])
from test_compilation import run
print(run())
"""


def test_another_process_reads_what_this_one_compiled(folder):
    run()
    command = [sys.executable, "-W", "error", "-c", COMPILE, str(Path(__file__).parent)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.stdout.strip(), result.stderr) == ("True", "")


def test_all_kernels_are_cached():
    for kernel in (backward, extract, forward):
        assert isinstance(kernel._cache, _Cache)


def files(folder, ending):
    return [path for path in folder.rglob(f"*{ending}") if path.is_file()]


def test_second_session_reads_what_the_first_compiled(folder):
    assert [run(), run()] == [False, True]
    (kernels,) = folder.iterdir()
    import llvmlite.binding
    import numba

    assert numba.__version__ in kernels.name
    assert llvmlite.binding.get_host_cpu_name() in kernels.name


@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", [lambda c: c[:40], lambda c: c[:-9] + b"\x00" + c[-8:]])
def test_damaged_files_are_compiled_again(folder, ending, damage):
    run()
    (path,) = files(folder, ending)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match=f"{path.name} is damaged; what it holds is computed"):
        assert not run()
    assert run()


class Shell:
    def __reduce__(self):
        return eval, ("open('stolen', 'w')",)


@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
def test_pickles_that_others_put_there_are_not_opened(folder, ending, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run()
    (path,) = files(folder, ending)
    path.write_bytes(b"x" * 32 + pickle.dumps(Shell()))
    with pytest.warns(UserWarning, match="is damaged"):
        run()
    path.chmod(0o666)
    with pytest.warns(UserWarning, match="is not this user's alone"):
        run()
    assert not (tmp_path / "stolen").exists()


def test_folder_that_others_can_write_to_is_not_used(folder):
    folder.chmod(0o777)
    with pytest.warns(UserWarning, match="others can write to it"):
        assert [run(), run()] == [False, False]
    assert not files(folder, "")


def test_without_a_folder_every_session_compiles(folder, monkeypatch):
    (folder / "file").write_text("where the folder should be")
    monkeypatch.setenv("SKSPECTRA_CACHE", str(folder / "file"))
    with pytest.warns(UserWarning, match="Cannot write to"):
        assert [run(), run()] == [False, False]


def test_full_disk_is_told_once_and_everything_is_computed(folder, monkeypatch):
    def full_disk(path, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full_disk)
    with pytest.warns(UserWarning, match="No space left on device") as record:
        assert [run(), run()] == [False, False]
    assert len(record) == 1


def test_limit_on_the_size_of_files_is_told(folder):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        with pytest.warns(UserWarning, match="Cannot write to .*File too large"):
            assert not run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run()
    assert run()
