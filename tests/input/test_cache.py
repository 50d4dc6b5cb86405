import errno

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skspectra._input import cache
from skspectra._input.cache import cache_folder, load_or_compute


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SKSPECTRA_CACHE", str(tmp_path / "new"))
    return tmp_path / "new"


class Compute:
    """A computation that counts its calls."""

    calls = 0

    def __call__(self):
        self.calls += 1
        return np.arange(3.0)


def test_computes_once(folder):
    compute = Compute()
    for _ in range(2):
        assert_array_equal(load_or_compute("table", ("Mn2+", 1), compute), np.arange(3.0))
    assert compute.calls == 1
    assert [path.suffix for path in folder.iterdir()] == [".npy"]


def test_other_arguments_or_another_version_of_the_code_compute_again(folder, monkeypatch):
    compute = Compute()
    load_or_compute("table", ("Mn2+", 1), compute)
    load_or_compute("table", ("Mn2+", 2), compute)
    assert compute.calls == 2
    monkeypatch.setattr(cache, "_code_version", lambda: "another")
    load_or_compute("table", ("Mn2+", 1), compute)
    assert compute.calls == 3


def test_damaged_file_is_replaced(folder):
    compute = Compute()
    load_or_compute("table", (), compute)
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:100])
    for _ in range(2):
        assert_array_equal(load_or_compute("table", (), compute), np.arange(3.0))
    assert compute.calls == 2


def test_folder_that_cannot_be_written_to_warns_and_computes(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SKSPECTRA_CACHE", str(tmp_path / "file" / "folder"))
    with pytest.warns(UserWarning, match="Cannot write to .*file.folder .*SKSPECTRA_CACHE"):
        result = load_or_compute("table", (), Compute())
    assert_array_equal(result, np.arange(3.0))


def test_failed_write_leaves_nothing_behind(folder, monkeypatch):
    def full_disk(file, array):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", full_disk)
    with pytest.warns(UserWarning, match="No space left on device"):
        load_or_compute("table", (), Compute())
    assert list(folder.iterdir()) == []


def test_folder_of_the_platform(monkeypatch, tmp_path):
    monkeypatch.delenv("SKSPECTRA_CACHE")
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / name))
    assert cache_folder() == tmp_path / "skspectra"
