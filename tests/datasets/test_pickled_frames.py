import codecs
import contextlib
import pickle
import threading

import numpy as np
import old_pickles
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from old_pickles import (
    old_array,
    old_data_frame,
    old_labels,
    old_points,
    old_spectra,
    write_old_pickle,
)
from pandas.compat.pickle_compat import Unpickler

from skspectra.datasets._pickled_frames import read_pickled_frames


@pytest.mark.filterwarnings("ignore:numpy.core:DeprecationWarning")
def test_pandas_agrees_that_the_pickles_are_its_own(tmp_path, monkeypatch):
    # the older modules are not known to pandas today
    monkeypatch.setattr(old_pickles, "INDEXES", "pandas.core.indexes")
    energy = np.array([641.0, 640.0, np.nan])
    path = write_old_pickle(old_points(energy, 2 * energy), tmp_path / "frame.pkl")
    with path.open("rb") as file:
        frame = Unpickler(file, encoding="latin1").load()
    assert list(frame.columns) == ["Energy", "Intensity"]
    assert_allclose(frame.to_numpy(), np.stack([energy, 2 * energy], axis=1))


def test_frames_of_several_blocks_and_of_the_oldest_layout(tmp_path):
    values = np.arange(6.0).reshape(2, 3)
    blocks = [
        ((1, 2, 1), old_labels(["b"]), old_array(np.array([[7, 8, 9]]))),
        ((0, 3, 2), old_labels(["a", "c"]), old_array(values)),
    ]
    frame = old_data_frame(old_labels(["a", "b", "c"]), blocks, 3)
    for newer in (True, False):
        manager = frame.state["_data"]
        manager.state = manager.state if newer else manager.state[:3]
        read = read_pickled_frames(write_old_pickle(frame, tmp_path / "frame.pkl").read_bytes())
        assert read.labels == ["a", "b", "c"]
        assert_allclose(read.items, [values[0], [7, 8, 9], values[1]])


class Malicious:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize(
    ("content", "name"),
    [
        (Malicious(exec, "raise SystemExit"), "exec"),
        ([1.0, "text", Malicious(open, "stolen", "w")], "open"),
        (Malicious(getattr, np.ndarray, "tofile"), "getattr"),
        (Malicious(np.load, "file"), "load"),
        (threading.Thread, "Thread"),
    ],
)
def test_anything_else_than_arrays_is_refused(content, name, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "malicious.pkl"
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    with pytest.raises(ValueError, match=rf"cannot be read .*\b{name} is no part of"):
        read_pickled_frames(path.read_bytes())
    assert [path.name for path in tmp_path.iterdir()] == ["malicious.pkl"]


def test_other_encodings_than_that_of_arrays_are_refused(tmp_path):
    path = tmp_path / "encoded.pkl"
    path.write_bytes(pickle.dumps(Malicious(codecs.encode, "text", "rot13"), protocol=2))
    with pytest.raises(ValueError, match="the encoding 'rot13' is none of an array"):
        read_pickled_frames(path.read_bytes())


def test_names_inside_known_names_are_refused(tmp_path):
    path = tmp_path / "nested.pkl"
    path.write_bytes(b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.")
    with pytest.raises(ValueError, match="numpy.ndarray.tofile is no part of an array"):
        read_pickled_frames(path.read_bytes())


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_pickle_cut_short(share, tmp_path):
    path = write_old_pickle(old_spectra(np.ones((2, 700))), tmp_path / "spectra.pkl")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match="cannot be read as a pickle of arrays"):
        read_pickled_frames(path.read_bytes())


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<i8", "|b1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_python_3_are_read(dtype, order):
    values = np.array(np.arange(6).reshape(2, 3), dtype=dtype, order=order)
    for protocol in (2, 4):
        read = read_pickled_frames(pickle.dumps(values, protocol=protocol))
        assert_array_equal(read, values)
        assert read.dtype == values.dtype


class Crafted:
    """Pickles as an array with a state that numpy would believe."""

    def __init__(self, shape, code, data):
        self.state = (1, shape, CraftedDtype(code), False, data)

    def __reduce__(self):
        return np.empty(0).__reduce__()[0], (np.ndarray, (0,), b"b"), self.state


class CraftedDtype:
    def __init__(self, code):
        self.code = code

    def __reduce__(self):
        return np.dtype, (self.code,), (3, "<", None, None, None, -1, -1, 0)


@pytest.mark.parametrize(
    ("shape", "code", "data"),
    [
        ((2,), "O8", b"A" * 16),  # addresses that numpy would follow
        ((2**29,), "f8", b"A" * 16),  # 4 GB
        ((3,), "f8", b"A" * 16),
        ((2,), "O8", [1]),
        ((-1, 0), "f8", b""),
        ((2,), "V8", b"A" * 16),
        ((2,), "f8", 3),
        ((2,), "M8", b"A" * 16),
    ],
)
def test_arrays_whose_parts_contradict_each_other_are_refused(shape, code, data):
    with pytest.raises(ValueError, match="cannot be read as a pickle of arrays"):
        read_pickled_frames(pickle.dumps(Crafted(shape, code, data), protocol=2))


def test_damaged_bytes_are_refused_or_read_and_never_crash(tmp_path):
    spectra = np.random.default_rng(0).normal(size=(3, 5))
    content = write_old_pickle(old_spectra(spectra), tmp_path / "spectra.pkl").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(2000):
        changed = bytearray(content)
        for at in rng.integers(len(content), size=rng.integers(1, 4)):
            changed[at] = rng.integers(256)
        with contextlib.suppress(ValueError):
            read_pickled_frames(bytes(changed))
