import hashlib
import http.server
import pickle
import threading
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from old_pickles import old_points, old_series, old_spectra, write_old_pickle

from skspectra.datasets import _mn_valence, fetch_mn_valence

NAMES = ["Mn2_615-685eV_thinnest_448.pkl", "Mn3_615-685eV_thin_765.pkl"]
NAMES += ["Mn4_615-685eV_thin_788.pkl", "Digitized_Mn_Usecases.pkl"]
IONS = ["Mn2+", "Mn3+", "Mn4+"]
SPECTRA = [np.random.default_rng(0).normal(size=(n, 700)) for n in (3, 2, 4)]
ENERGY = np.array([641.0, 640.0, 642.5, np.nan])  # as digitised: not in order


def old_references(n_groups=6):
    """One or two digitised spectra in each group."""
    return [
        old_series([old_points(ENERGY, ENERGY + 10 * group + k) for k in range(1 + group % 2)])
        for group in range(n_groups)
    ]


def write_published(folder):
    """Files in the published layout."""
    folder.mkdir()
    for name, spectra in zip(NAMES, SPECTRA, strict=False):
        write_old_pickle(old_spectra(spectra), folder / name)
    write_old_pickle(old_references(), folder / NAMES[3])


def blob_id(path):
    content = path.read_bytes()
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


class Handler(http.server.SimpleHTTPRequestHandler):
    requests = None
    shares = None  # of a file of that name that is sent before the connection breaks

    def log_message(self, *args):
        self.requests.append(self.path)

    def copyfile(self, source, outputfile):
        content = source.read()
        name = self.path.partition("?")[0].rpartition("/")[2]
        outputfile.write(content[: int(self.shares.get(name, 1) * len(content))])


def look_at(address, folder, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(_mn_valence, "_BASE_URL", address)
    monkeypatch.setattr(_mn_valence, "_BLOB_IDS", {n: blob_id(folder / n) for n in NAMES})
    wanted = {
        ion: (name, len(spectra)) for ion, name, spectra in zip(IONS, NAMES, SPECTRA, strict=False)
    }
    monkeypatch.setattr(_mn_valence, "_ACQUIRED", wanted)


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Folder of a server on this machine, and the server's handler."""
    folder = tmp_path / "published"
    write_published(folder)
    handler = type("FolderHandler", (Handler,), {"requests": [], "shares": {}})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=folder))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    look_at(f"http://127.0.0.1:{server.server_port}/", folder, monkeypatch)
    yield folder, handler
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """Folder of files; nothing listens where they are looked for."""
    write_published(tmp_path / "published")
    look_at("http://127.0.0.1:9/", tmp_path / "published", monkeypatch)
    return tmp_path / "published"


def test_what_is_published():
    assert {ion: n for ion, (_, n) in _mn_valence._ACQUIRED.items()} == {
        "Mn2+": 448,
        "Mn3+": 765,
        "Mn4+": 788,
    }
    assert [name for name, _ in _mn_valence._ACQUIRED.values()] == NAMES[:3]
    assert list(_mn_valence._BLOB_IDS) == NAMES
    assert {len(blob_id) for blob_id in _mn_valence._BLOB_IDS.values()} == {40}
    assert _mn_valence._BASE_URL == (
        "https://github.com/MichaelChatzidakis/Mn_Classifier_CNNs/raw/"
        "30d32ca0e895d74ce702133b4f24d804b9f83cf7/Data/"
    )


def test_bunch_and_tuple(published, tmp_path):
    spectra = fetch_mn_valence(data_home=tmp_path / "home")
    assert spectra.data.dtype == np.float32
    assert_allclose(spectra.data, np.concatenate(SPECTRA), rtol=1e-6)
    assert_array_equal(spectra.target, ["Mn2+"] * 3 + ["Mn3+"] * 2 + ["Mn4+"] * 4)
    assert spectra.target_names == ["Mn2+", "Mn3+", "Mn4+"]
    assert_allclose(spectra.spectral_axis[[0, -1]], [615, 684.9])
    assert "MIT" in spectra.DESCR
    X, y = fetch_mn_valence(data_home=tmp_path / "home", return_X_y=True)
    assert_array_equal(X, spectra.data)
    assert_array_equal(y, spectra.target)


def test_references_have_names_and_ascending_axes_of_their_own(published, tmp_path):
    spectra = fetch_mn_valence(data_home=str(tmp_path / "home"))
    names = [
        "Mn4+",
        "Mn2+",
        "Mn2+",
        "Mn3+",
        "Mn2+/Mn3+",
        "Mn2+/Mn3+",
        "Mn3+/Mn4+",
        "mixed",
        "mixed",
    ]
    assert_array_equal(spectra.reference_target, names)
    assert len(spectra.references) == len(names)
    assert_allclose(spectra.references[2], [[e, e + 11] for e in (640.0, 641.0, 642.5)])


def test_second_call_needs_neither_network_nor_published_files(published, tmp_path):
    folder, handler = published
    first = fetch_mn_valence(data_home=tmp_path / "home")
    assert len(handler.requests) == 4
    for path in (tmp_path / "home").glob("*.pkl"):
        path.unlink()
    second = fetch_mn_valence(data_home=tmp_path / "home", download_if_missing=False)
    assert len(handler.requests) == 4
    assert_array_equal(first.data, second.data)
    assert_allclose(first.references[-1], second.references[-1])


def test_default_folder_is_that_of_the_cache(published, tmp_path, monkeypatch):
    monkeypatch.setenv("SKSPECTRA_CACHE", str(tmp_path / "cache"))
    fetch_mn_valence()
    assert (tmp_path / "cache" / "mn-valence" / "mn_valence.npz").exists()


def test_damaged_cache_is_made_again(published, tmp_path):
    fetch_mn_valence(data_home=tmp_path / "home")
    kept = tmp_path / "home" / "mn_valence.npz"
    kept.write_bytes(kept.read_bytes()[:200])
    assert fetch_mn_valence(data_home=tmp_path / "home").data.shape == (9, 700)


@pytest.mark.parametrize("name", ["data", "target", "reference_points", "reference_target"])
def test_cache_of_wrong_shape_is_made_again(name, offline):
    right = fetch_mn_valence(data_home=offline)
    arrays = dict(np.load(offline / "mn_valence.npz"))
    for damaged in (arrays | {name: arrays[name][1:]}, {n: arrays[n] for n in {*arrays} - {name}}):
        np.savez(offline / "mn_valence.npz", **damaged)
        assert_array_equal(fetch_mn_valence(data_home=offline).data, right.data)


def test_without_network_the_error_names_files_and_folder(offline, tmp_path):
    with pytest.raises(OSError, match="Missing Mn2_615.*Mn3_615.*Mn4_615.*Digitized") as error:
        fetch_mn_valence(data_home=tmp_path / "home")
    assert str(tmp_path / "home") in str(error.value)
    assert "http://127.0.0.1:9/" in str(error.value)
    assert list((tmp_path / "home").iterdir()) == []
    with pytest.raises(OSError, match="download_if_missing is False"):
        fetch_mn_valence(data_home=tmp_path / "home", download_if_missing=False)


def test_only_the_missing_files_are_named(offline):
    (offline / NAMES[1]).unlink()
    with pytest.raises(OSError, match=f"Missing {NAMES[1]}: "):
        fetch_mn_valence(data_home=offline)


@pytest.mark.parametrize("download_if_missing", [True, False])
def test_files_put_there_by_hand_are_taken(offline, download_if_missing):
    spectra = fetch_mn_valence(data_home=offline, download_if_missing=download_if_missing)
    assert_allclose(spectra.data, np.concatenate(SPECTRA), rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", [lambda c: c + b"x", lambda c: pickle.dumps(threading.Lock)])
def test_other_files_put_there_by_hand_are_refused_unopened(name, change, offline, monkeypatch):
    path = offline / name
    path.write_bytes(change(path.read_bytes()))
    opened = []
    read = _mn_valence.read_pickled_frames
    monkeypatch.setattr(
        _mn_valence, "read_pickled_frames", lambda content: opened.append(content) or read(content)
    )
    with pytest.raises(ValueError, match=f"{name} is not the published file: .*remove it"):
        fetch_mn_valence(data_home=offline)
    assert path.read_bytes() not in opened
    assert path.exists() and not (offline / "mn_valence.npz").exists()


def test_other_content_from_the_server_leaves_nothing_behind(published, tmp_path):
    folder, _ = published
    (folder / NAMES[0]).write_bytes(b"another file")
    with pytest.raises(ValueError, match=f"{NAMES[0]} is not the published file"):
        fetch_mn_valence(data_home=tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.parametrize("name", [NAMES[0], NAMES[3]])
def test_broken_download_leaves_nothing_behind_and_can_be_repeated(name, published, tmp_path):
    _, handler = published
    handler.shares[name] = 0.5
    with pytest.raises(OSError, match="Missing .*Digitized"):
        fetch_mn_valence(data_home=tmp_path / "home")
    assert {path.name for path in (tmp_path / "home").iterdir()} == set(NAMES[: NAMES.index(name)])
    handler.shares.clear()
    assert fetch_mn_valence(data_home=tmp_path / "home").data.shape == (9, 700)


def test_file_that_the_server_does_not_have(published, tmp_path):
    folder, _ = published
    (folder / NAMES[3]).unlink()
    with pytest.raises(OSError, match="Missing Digitized_Mn_Usecases.pkl: HTTP Error 404"):
        fetch_mn_valence(data_home=tmp_path / "home")
