"""Files that would run code or reach into other files if they were only loaded."""

import json
import os
import pickle
import subprocess
import sys
import zipfile

import h5py
import hyperspy.api as hs
import numpy as np
import pytest
import zarr

from skspectra.io import list_signals, read_signal, read_spectra

AXIS = np.array([635.0, 640.0])
SIGNAL = "Experiments/__unnamed__"


@pytest.fixture
def trap(tmp_path):
    """Text that makes a file if it is evaluated, and a check that it was not."""
    sprung = tmp_path / "sprung"
    yield f"__import__('pathlib').Path({str(sprung)!r}).touch()"
    assert not sprung.exists()


def functional_axis(expression, size=40):
    return {
        "_type": "FunctionalDataAxis",
        "expression": expression,
        "name": "Energy loss",
        "units": "eV",
        "navigate": False,
        "size": size,
    }


def save(path, shape=(), expression="a * x + b", **options):
    axis = functional_axis(expression) | {"a": 0.5, "b": 630.0}
    axes = [{"size": size, "navigate": True} for size in shape]
    energy = 630 + 0.5 * np.arange(40)
    data = np.broadcast_to(np.abs(energy - 640), (*shape, 40)).copy()
    hs.signals.Signal1D(data, axes=[*axes, axis], **options).save(path)
    return path


def write_group(group, content):
    """Write nested dictionaries as the groups and attributes that HyperSpy makes of them."""
    for key, value in content.items():
        if isinstance(value, dict):
            write_group(group.require_group(key), value)
        elif isinstance(value, np.ndarray):
            group[key] = value
        else:
            group.attrs[key] = value


def test_functional_axes_are_read_as_their_values(tmp_path):
    path = save(tmp_path / "a.hspy", (2,))
    X, _ = read_spectra(path, AXIS)
    np.testing.assert_allclose(X, [[5, 0], [5, 0]])
    assert read_signal(path).axes_manager[-1].axis[3] == pytest.approx(631.5)


@pytest.mark.parametrize("function", [lambda path: read_spectra(path, AXIS), read_signal])
@pytest.mark.parametrize("place", ["signal axis", "navigation axis", "axis of an axis"])
def test_expressions_that_are_more_than_arithmetic_are_refused(tmp_path, trap, function, place):
    path = save(tmp_path / "evil.hspy", (3,))
    with h5py.File(path, "a") as file:
        axis = file[f"{SIGNAL}/axis-{0 if place == 'navigation axis' else 1}"]
        if place == "axis of an axis":
            write_group(axis["x"], {"expression": trap, "_type": "FunctionalDataAxis"})
        else:
            axis.attrs["expression"] = trap
    with pytest.raises(ValueError, match=r"evil\.hspy.*given by .__import__.*Only arithmetic"):
        function(path)


@pytest.mark.parametrize("root", ["metadata", "original_metadata"])
@pytest.mark.parametrize("kind", ["signal", "axes", "axis", "signal in a list", "markers"])
def test_objects_in_metadata_are_left_out(tmp_path, trap, root, kind):
    path = save(tmp_path / "evil.hspy")
    axis = functional_axis(trap, 3)
    signal = {"data": np.ones(3), "axis-0": axis, "metadata": {}, "original_metadata": {}}
    content = {
        "signal": {"_sig_evil": signal},
        "axes": {"_hspy_AxesManager_evil": {"0": axis}},
        "axis": {"_hspy_Axis_evil": axis},
        "signal in a list": {"_list_1_evil": {"0": {"_sig_": signal}}},
        "markers": {"Markers": {"evil": {"class": "Points", "name": trap}}},
    }[kind]
    with h5py.File(path, "a") as file:
        write_group(file[f"{SIGNAL}/{root}"], {"Nested": content})
    np.testing.assert_allclose(read_spectra(path, AXIS)[0], [[5, 0]])
    signal = read_signal(path)
    for metadata in (signal.metadata, signal.original_metadata):
        assert "__import__" not in repr(metadata.as_dictionary())


def test_models_packages_and_attributes_of_a_file_are_left_out(tmp_path, trap):
    path = save(tmp_path / "evil.hspy")
    (tmp_path / "evil_package.py").write_text(trap)
    dump = np.void(pickle.dumps(os.getcwd))
    with h5py.File(path, "a") as file:
        file[SIGNAL].attrs["package"] = "evil_package"
        file[SIGNAL].attrs["package_version"] = "1"
        model = {"_signal": f"/{SIGNAL}", "components": {"_bs__class_dump": dump}}
        write_group(file, {"Analysis": {"models": {"evil": model}}})
        write_group(file[SIGNAL], {"attributes": {"metadata": "evil", "_lazy": True}})
        write_group(file[SIGNAL], {"learning_results": {"factors": np.ones(3)}})
    code = f"from skspectra.io import read_signal; s = read_signal({str(path)!r}, lazy=False);"
    code += "assert len(s.models) == 0 and s.learning_results.factors is None and not s._lazy"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=tmp_path, check=True)


@pytest.mark.parametrize("kind", ["external link", "external storage", "virtual data"])
@pytest.mark.parametrize("ending", [".hspy", ".emd", ".nxs"])
def test_hdf5_that_reaches_into_other_files_is_refused(tmp_path, kind, ending):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["data"] = np.arange(40.0)
    path = save(tmp_path / "evil.hspy").rename(tmp_path / f"evil{ending}")
    with h5py.File(path, "a") as file:
        del file[SIGNAL]["data"]
        if kind == "external link":
            file[SIGNAL]["data"] = h5py.ExternalLink(str(secret), "data")
        elif kind == "external storage":
            external = [(str(secret), 2048, 320)]
            file[SIGNAL].create_dataset("data", (40,), "f8", external=external)
        else:
            layout = h5py.VirtualLayout((40,), "f8")
            layout[:] = h5py.VirtualSource(str(secret), "data", (40,))
            file[SIGNAL].create_virtual_dataset("data", layout)
    for function in (list_signals, read_signal, lambda path: read_spectra(path, AXIS)):
        with pytest.raises(ValueError, match=rf"evil\{ending}.*not safe to read.*other file"):
            function(path)


def test_hdf5_links_in_a_circle_and_inside_the_file_are_read(tmp_path):
    path = save(tmp_path / "a.hspy")
    with h5py.File(path, "a") as file:
        file["circle"] = h5py.SoftLink("/")
        file["hard"] = file["/"]
    np.testing.assert_allclose(read_spectra(path, AXIS)[0], [[5, 0]])


def save_zarr(folder, **array):
    """The files of a .zspy, as zarr 2 wrote them."""
    root = zarr.open_group(folder, mode="w", zarr_format=2)
    root.attrs.update({"file_format": "ZSpy", "file_format_version": "3.3"})
    signal = root.require_group("Experiments").require_group("__unnamed__")
    for name in ("metadata", "original_metadata"):
        signal.require_group(name)
    axis = {"name": "Energy", "units": "eV", "navigate": False, "size": 40}
    signal.require_group("axis-0").attrs.update(axis | {"offset": 630.0, "scale": 0.5})
    data = np.abs(630 + 0.5 * np.arange(40) - 640)
    signal.create_array("data", data=data, chunks=(40,), **array)
    return folder


def zipped(folder):
    archive = folder.with_name(f"zip_{folder.name}")
    with zipfile.ZipFile(archive, "w") as file:
        for path in folder.rglob("*"):
            file.write(path, path.relative_to(folder))
    return archive


@pytest.mark.parametrize("pack", [lambda path: path, zipped])
@pytest.mark.parametrize("place", [".zarray", ".zmetadata"])
def test_zarr_is_read_and_pickles_in_it_are_refused(tmp_path, trap, pack, place):
    folder = save_zarr(tmp_path / "a.zspy")
    if place == ".zmetadata":
        zarr.consolidate_metadata(str(folder), zarr_format=2)
    np.testing.assert_allclose(read_spectra(pack(folder), AXIS)[0], [[5, 0]])
    array = folder / SIGNAL / "data"
    described = folder / place if place == ".zmetadata" else array / place
    document = json.loads(described.read_text())
    entry = document["metadata"][f"{SIGNAL}/data/.zarray"] if "metadata" in document else document
    entry |= {"dtype": "|O", "filters": [{"id": "pickle"}], "compressor": None, "fill_value": None}
    described.write_text(json.dumps(document))
    (array / "0").write_bytes(pickle.dumps(trap))
    with pytest.raises(ValueError, match=r"a\.zspy.*asks for the codec 'pickle'"):
        read_spectra(pack(folder), AXIS)


def test_zarr_stays_inside_its_folder(tmp_path):
    folder = save_zarr(tmp_path / "a.zspy")
    chunk = folder / SIGNAL / "data" / "0"
    chunk.rename(tmp_path / "elsewhere")
    chunk.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match=r"a\.zspy.*not safe to read.*link out of the folder"):
        read_spectra(folder, AXIS)
    chunk.unlink()
    os.mkfifo(chunk)
    with pytest.raises(ValueError, match=r"a\.zspy.*not safe to read.*pipe"):
        read_spectra(folder, AXIS)


def test_little_that_would_take_much_memory_is_read_lazily_only(tmp_path):
    path = save(tmp_path / "a.hspy")
    with h5py.File(path, "a") as file:
        del file[SIGNAL]["data"]
        file[SIGNAL].create_dataset("data", (10**6, 40), "f8", chunks=(1000, 40))
        group = file[SIGNAL]
        group.copy("axis-0", "axis-1")
        group["axis-0"].attrs.update(navigate=True, size=10**6, index_in_array=0)
        group["axis-1"].attrs["index_in_array"] = 1
    folder = save_zarr(tmp_path / "a.zspy")
    described = folder / SIGNAL / "data" / ".zarray"
    document = json.loads(described.read_text())
    described.write_text(json.dumps(document | {"shape": [10**12]}))
    for each in (path, folder):
        with pytest.raises(ValueError, match=rf"{each.name}.*not safe to read.*GiB of memory"):
            read_spectra(each, AXIS)
    assert read_signal(path).axes_manager.navigation_shape == (10**6,)


@pytest.mark.parametrize("pack", [lambda path: path, zipped])
@pytest.mark.parametrize("left", [-1, 10])
def test_cut_chunks_are_refused_before_blosc_reads_beyond_them(tmp_path, pack, left):
    folder = save_zarr(tmp_path / "a.zspy")
    chunk = folder / SIGNAL / "data" / "0"
    chunk.write_bytes(chunk.read_bytes()[:left])
    with pytest.raises(
        ValueError, match=r"a\.zspy.*data/0 has \d+ bytes, but should have .*damaged"
    ):
        read_spectra(pack(folder), AXIS)


def test_two_formats_in_one_file_are_both_looked_into(tmp_path):
    path = save(tmp_path / "evil.hspy")
    with h5py.File(path, "a") as file:
        file["out"] = h5py.ExternalLink("/etc/passwd", "x")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("readme", "a zip too")
    with pytest.raises(ValueError, match="link to another file"):
        read_spectra(path, AXIS)


@pytest.mark.parametrize("reader", ["netCDF", "USID"])
def test_readers_that_evaluate_or_were_not_examined_are_refused(tmp_path, reader):
    path = tmp_path / "a.nc"
    path.write_bytes(b"CDF\1")
    with pytest.raises(ValueError, match=rf"a\.nc is not read as {reader}: .*If you trust"):
        read_spectra(path, AXIS, reader=reader)


def test_pipes_and_devices_are_refused(tmp_path):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    device = tmp_path / "device.msa"
    device.symlink_to("/dev/zero")
    for path in (pipe, device):
        with pytest.raises(OSError, match=f"{path.name} is no file that can be read to its end"):
            read_spectra(path, AXIS)
