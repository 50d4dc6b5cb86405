import errno
import os
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skspectra._input import cache
from skspectra._input.cache import cache_folder, load_or_compute


@pytest.fixture(autouse=True)
def nothing_was_warned_of(monkeypatch):
    monkeypatch.setattr(cache, "_warned", set())


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


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:100],
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: b"",
        lambda content: b"\x00" * len(content),
    ],
)
def test_damaged_file_is_replaced_with_a_warning(folder, damage):
    compute = Compute()
    load_or_compute("table", (), compute)
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    with pytest.warns(UserWarning, match=r"table-.*\.npy is damaged") as record:
        assert_array_equal(load_or_compute("table", (), compute), np.arange(3.0))
    assert len(record) == 1
    assert path.read_bytes() == whole
    assert_array_equal(load_or_compute("table", (), compute), np.arange(3.0))
    assert compute.calls == 2


def test_files_are_the_users_alone(folder):
    before = os.umask(0)
    try:
        load_or_compute("table", (), Compute())
    finally:
        os.umask(before)
    (path,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700 and path.stat().st_mode & 0o777 == 0o600


def test_file_that_others_can_write_to_is_not_read(folder):
    compute = Compute()
    load_or_compute("table", (), compute)
    (path,) = folder.iterdir()
    path.chmod(0o620)
    with pytest.warns(UserWarning, match="is not this user's alone"):
        load_or_compute("table", (), compute)
    assert compute.calls == 2


@pytest.mark.parametrize("part", [".", "kernels"])
def test_folder_that_others_can_write_to_is_no_place_for_code(folder, part):
    assert cache.private_folder("kernels") == folder / "kernels"
    (folder / part).chmod(0o770)
    with pytest.warns(UserWarning, match="others can write to it.*SKSPECTRA_CACHE") as record:
        assert cache.private_folder("kernels") is None
        assert cache.private_folder("kernels") is None
    assert len(record) == 1


def test_folder_of_another_user_is_no_place_for_code(folder, monkeypatch):
    cache.private_folder("kernels")
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.warns(UserWarning, match="is not owned by this user alone"):
        assert cache.private_folder("kernels") is None


def test_link_to_a_folder_is_no_place_for_code(folder, tmp_path):
    folder.mkdir(mode=0o700)
    (tmp_path / "elsewhere").mkdir()
    (folder / "kernels").symlink_to(tmp_path / "elsewhere")
    with pytest.warns(UserWarning, match="others can write to it"):
        assert cache.private_folder("kernels") is None


def test_users_without_a_home_have_no_cache(tmp_path):
    """In a process of its own, in a folder where nothing may appear."""
    code = (
        "import os, warnings; warnings.simplefilter('always');"
        "from skspectra._input.cache import load_or_compute, cache_folder;"
        "os.path.expanduser = lambda path: path;"  # as for a user id without an entry
        "print(load_or_compute('table', (), lambda: 3), cache_folder())"
    )
    variables = {k: v for k, v in os.environ.items() if k not in ("HOME", "SKSPECTRA_CACHE")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=variables, capture_output=True, text=True
    )
    assert done.stdout == "3 None\n"
    assert done.stderr.count("no home folder") == 1
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_written_to_warns_and_computes(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SKSPECTRA_CACHE", str(tmp_path / "file" / "folder"))
    with pytest.warns(UserWarning, match="Cannot write to .*file.folder .*SKSPECTRA_CACHE"):
        result = load_or_compute("table", (), Compute())
    assert_array_equal(result, np.arange(3.0))


def test_failed_write_leaves_nothing_behind(folder, monkeypatch):
    def full_disk(path, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full_disk)
    with pytest.warns(UserWarning, match="No space left on device") as record:
        load_or_compute("table", (), Compute())
        load_or_compute("table", (), Compute())
    assert len(record) == 1
    assert list(folder.iterdir()) == []


def test_folder_of_the_platform(monkeypatch, tmp_path):
    monkeypatch.delenv("SKSPECTRA_CACHE")
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / name))
    assert cache_folder() == tmp_path / "skspectra"
