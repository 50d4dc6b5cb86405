import logging
import os
import subprocess
import sys
import warnings

import h5py
import hyperspy.api as hs
import numpy as np
import pandas as pd
import pytest

from skspectra.exceptions import SpectrumWarning
from skspectra.io import read_spectra, to_matrix

AXIS = np.array([635.0, 636.25, 640.5])
SPECTRUM = "energy_eV,intensity\n635,5\n640,0\n645,5\n"


def save_signal(path, shape=(), dtype=np.float32, **energy):
    """Spectra ``(1 + row) * |E - 640|``, piecewise linear, so that interpolation is exact."""
    axis = {"offset": 630.0, "scale": 0.5, "size": 40, "units": "eV", "navigate": False} | energy
    energies = axis.get("axis", axis["offset"] + axis["scale"] * np.arange(axis["size"]))
    scale = 1 + np.arange(np.prod(shape, dtype=int)).reshape(*shape, 1)
    data = (scale * np.abs(energies - 640)).astype(dtype)
    axes = [{"size": size, "navigate": True} for size in shape]
    hs.signals.Signal1D(data, axes=[*axes, axis]).save(path)
    return path


@pytest.mark.parametrize("ending", [".hspy", ".msa", ".HSPY"])
def test_single_spectrum_of_a_hyperspy_format(tmp_path, ending):
    path = save_signal(tmp_path / f"MnO a.1{ending}")
    for given in (path, str(path), [path]):
        X, names = read_spectra(given, AXIS)
        np.testing.assert_allclose(X, [[5, 3.75, 0.5]])
        assert names.tolist() == ["MnO a.1"]


def test_line_scans_and_images_name_each_row_by_its_position(tmp_path):
    scan = save_signal(tmp_path / "scan.hspy", (3,))
    image = save_signal(tmp_path / "image[1].hspy", (2, 2))
    X, names = read_spectra([scan, image], AXIS)
    scales = np.array([1, 2, 3, 1, 2, 3, 4])[:, None]
    np.testing.assert_allclose(X, scales * [5, 3.75, 0.5])
    assert names.tolist() == [
        "scan[0]",
        "scan[1]",
        "scan[2]",
        "image[1][0, 0]",
        "image[1][0, 1]",
        "image[1][1, 0]",
        "image[1][1, 1]",
    ]


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("int16", "float32"), ("int32", "float64"), (">f4", "float32"), ("float64", "float64")],
)
def test_result_is_floating_point_in_the_precision_of_the_file(tmp_path, dtype, expected):
    X, _ = read_spectra(save_signal(tmp_path / "a.hspy", dtype=dtype, scale=1.0), AXIS)
    assert X.dtype == expected
    np.testing.assert_allclose(X, [[5, 3.75, 0.5]])


@pytest.mark.parametrize(
    "energy",
    [
        {"offset": 645.0, "scale": -0.5},
        {"axis": np.array([630.0, 635, 636, 640, 641])},
        {"axis": np.array([641.0, 640, 636, 635, 630])},
    ],
)
def test_axes_that_decrease_or_are_irregular(tmp_path, energy):
    path = save_signal(tmp_path / "a.hspy", **energy)
    np.testing.assert_allclose(read_spectra(path, AXIS)[0], [[5, 3.75, 0.5]])


@pytest.mark.parametrize(
    ("units", "factor"), [("eV", 1), ("keV", 1e-3), ("meV", 1e3), ("Energy loss (eV)", 1)]
)
@pytest.mark.parametrize("ending", [".hspy", ".msa"])
def test_units_of_energy_are_converted(tmp_path, units, factor, ending):
    path = save_signal(
        tmp_path / f"a{ending}", offset=630 * factor, scale=0.5 * factor, units=units
    )
    X, _ = read_spectra(path, np.array(AXIS) * factor, unit=units)
    in_ev, _ = read_spectra(path, AXIS)
    energies = 630 * factor + 0.5 * factor * np.arange(40)
    np.testing.assert_allclose(X, [np.interp(AXIS * factor, energies, abs(energies - 640))])
    np.testing.assert_allclose(in_ev, X, rtol=1e-6)


@pytest.mark.parametrize("units", ["nm", "1/cm", "s", "°", "px", "furlong"])
def test_other_units_are_refused_by_name_until_they_are_asked_for(tmp_path, units):
    path = save_signal(tmp_path / "a.hspy", units=units)
    with pytest.raises(ValueError, match=rf"a\.hspy: The axis.*{units}.*Wanted is an axis in eV"):
        read_spectra(path, AXIS)
    np.testing.assert_allclose(read_spectra(path, AXIS, unit=units)[0], [[5, 3.75, 0.5]])


def test_axis_without_unit_is_taken_with_one_warning_unless_its_name_is_of_another(tmp_path):
    bare = [save_signal(tmp_path / f"{name}.hspy", (2,), units=None) for name in "ab"]
    with pytest.warns(SpectrumWarning, match=r"4 of 4 spectra .*first is 'a\[0\]'") as record:
        X, _ = read_spectra(bare, AXIS)
    assert len(record) == 1 and X.shape == (4, 3)
    path = save_signal(tmp_path / "c.hspy", units=None, name="Wavelength")
    with pytest.raises(ValueError, match=r"c\.hspy: The axis 'Wavelength' holds length"):
        read_spectra(path, AXIS)


def test_channels_that_are_wider_get_the_mean_and_points_do_not(tmp_path):
    path = save_signal(tmp_path / "a.hspy", offset=0.0, scale=1.0)
    means, _ = read_spectra(path, 2.5 + 4 * np.arange(9.0))
    np.testing.assert_allclose(means[0], np.abs(np.arange(1, 37) - 640).reshape(9, 4).mean(axis=1))
    points, _ = read_spectra(path, [1, 15, 30])
    np.testing.assert_allclose(points, [[639, 625, 610]])


def test_reader_is_named_where_several_claim_the_ending(tmp_path):
    path = save_signal(tmp_path / "a.hspy").rename(tmp_path / "a.hdf5")
    with pytest.raises(ValueError, match=r"a\.hdf5 may be of several.*reader=, one of .*'HSPY'"):
        read_spectra(path, AXIS)
    np.testing.assert_allclose(read_spectra(path, AXIS, reader="hspy")[0], [[5, 3.75, 0.5]])
    with pytest.raises(ValueError, match="reader must be one of .*HSPY.* got 'nonsense'"):
        read_spectra(path, AXIS, reader="nonsense")


def test_file_names_that_are_no_text_can_be_printed(tmp_path):
    bad = os.fsencode(tmp_path) + b"/Mn\xffO"
    for content, ending in ((SPECTRUM, b".csv"), ("x", b".csv"), ("x", b".hspy"), ("x", b".npz")):
        path = os.fsdecode(bad + ending)
        with open(path, "w") as file:
            file.write(content)
        if content == SPECTRUM:
            names = read_spectra(path, AXIS)[1].tolist()
            assert names == ["Mn?O"] and "".join(names).encode()
        else:
            with pytest.raises(ValueError, match=r"Mn\?O") as error:
                read_spectra(path, AXIS)
            assert str(error.value).encode()
    save_signal(tmp_path / "a.hspy").rename(os.fsdecode(bad + b".hspy"))
    assert read_spectra(os.fsdecode(bad + b".hspy"), AXIS)[1].tolist() == ["Mn?O"]


def test_names_are_unique(tmp_path, write):
    (tmp_path / "b").mkdir()
    paths = [tmp_path / "MnO.csv", tmp_path / "b" / "MnO.csv", tmp_path / "MnO (2).csv"]
    for path in paths:
        write(path, SPECTRUM)
    _, names = read_spectra([*paths, paths[0]], AXIS)
    assert names.tolist() == ["MnO", "MnO (2)", "MnO (2) (2)", "MnO (3)"]


def test_short_spectra_are_extended_only_on_request(tmp_path, write):
    path = write(tmp_path / "short.csv", SPECTRUM)
    with pytest.raises(ValueError, match=r"short\.csv.*630 to 645.*only cover 635 to 645"):
        read_spectra(path, [630, 640, 645])
    X, _ = read_spectra(path, [630, 640, 647], outside="edge")
    np.testing.assert_allclose(X, [[5, 0, 5]])


@pytest.mark.parametrize("outside", ["raise", "edge"])
@pytest.mark.parametrize("axis", [[600, 634.9], [645.1, 700]])
def test_spectra_without_overlap_are_always_refused(tmp_path, outside, axis, write):
    path = write(tmp_path / "a.csv", SPECTRUM)
    with pytest.raises(ValueError, match=r"a\.csv covers 635 to 645, none of the axis wanted"):
        read_spectra(path, axis, outside=outside)


@pytest.mark.parametrize("fraction", [0, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("ending", [".hspy", ".msa"])
def test_truncated_files_are_refused_by_name(tmp_path, ending, fraction):
    content = save_signal(tmp_path / f"whole{ending}").read_bytes()
    path = tmp_path / f"half{ending}"
    path.write_bytes(content[: int(fraction * len(content))])
    with pytest.raises(ValueError, match=rf"half\{ending} .*(cut short|is empty)"):
        read_spectra(path, AXIS)


def test_nan_in_a_signal_is_refused_by_name(tmp_path):
    path = save_signal(tmp_path / "hole.hspy", (2, 3))
    with h5py.File(path, "a") as file:
        file["Experiments/__unnamed__/data"][1, 2, 3] = np.nan
    with pytest.raises(ValueError, match=r"hole\.hspy.*not all finite"):
        read_spectra(path, AXIS)


def test_complex_signals_are_refused_by_name(tmp_path):
    save_signal(tmp_path / "wave.hspy", dtype=np.complex64)
    with pytest.raises(ValueError, match=r"wave\.hspy.*complex64"):
        read_spectra(tmp_path / "wave.hspy", AXIS)


def test_axis_that_stands_still_is_refused_by_name(tmp_path):
    path = save_signal(tmp_path / "still.hspy", scale=0.0)
    with pytest.raises(ValueError, match=r"still\.hspy.*signal axis must be strictly increasing"):
        read_spectra(path, AXIS)


def test_files_of_no_or_several_spectra_are_refused_by_name(tmp_path):
    image = tmp_path / "image.hspy"
    hs.signals.Signal2D(np.ones((3, 4))).save(image)
    with pytest.raises(ValueError, match=r"image\.hspy holds 0 signals of spectra.*\(\|4, 3\)"):
        read_spectra(image, AXIS)
    both = save_signal(tmp_path / "both.hspy")
    with h5py.File(both, "a") as file, h5py.File(image) as other:
        other.copy(other["Experiments/__unnamed__"], file["Experiments"], "survey")
    X, _ = read_spectra(both, AXIS)
    assert X.shape == (1, 3)
    with h5py.File(both, "a") as file:
        file.copy(file["Experiments/__unnamed__"], file["Experiments"], "second")
    with pytest.raises(ValueError, match=r"both\.hspy holds 2 signals.*40.*by signal="):
        read_spectra(both, AXIS)


def test_unknown_formats_are_refused_by_name(tmp_path, write):
    path = write(tmp_path / "a.docx", "635 5\n640 0\n")
    with pytest.raises(ValueError, match=r"a\.docx.*no format with the ending '\.docx'.*\.csv"):
        read_spectra(path, AXIS)


def test_paths_are_checked_before_anything_is_read(tmp_path, write):
    good = write(tmp_path / "good.csv", "words")
    with pytest.raises(FileNotFoundError, match=r"no file .*gone\.dm3"):
        read_spectra([good, tmp_path / "gone.dm3"], AXIS)
    with pytest.raises(IsADirectoryError, match="is a folder; give the files in it"):
        read_spectra([good, tmp_path], AXIS)
    with pytest.raises(ValueError, match="paths is empty"):
        read_spectra([], AXIS)
    (tmp_path / "empty.dm4").touch()
    with pytest.raises(ValueError, match=r"empty\.dm4 is empty: it has no bytes"):
        read_spectra([good, tmp_path / "empty.dm4"], AXIS)


def test_options_are_checked(tmp_path, write):
    path = write(tmp_path / "a.csv", SPECTRUM)
    with pytest.raises(ValueError, match="outside must be 'raise' or 'edge', got 'zero'"):
        read_spectra(path, AXIS, outside="zero")
    with pytest.raises(ValueError, match="strictly increasing"):
        read_spectra(path, AXIS[::-1])


def test_hyperspy_is_kept_quiet_while_loading(tmp_path, caplog, write):
    """A file of an extension that is not installed, one that is broken: no log lines, no trace."""
    path = save_signal(tmp_path / "a.hspy")
    with h5py.File(path, "a") as file:
        file["Experiments/__unnamed__"].attrs["package"] = "no_such_extension"
    logger = logging.getLogger("hyperspy")
    before = logger.level, list(warnings.filters)
    read_spectra(path, AXIS)
    with pytest.raises(ValueError, match="cannot be read"):
        read_spectra(write(tmp_path / "b.hspy", "x"), AXIS)
    assert caplog.records == []
    assert (logger.level, list(warnings.filters)) == before
    hs.load(path)
    assert "no_such_extension" in caplog.text


def test_without_hyperspy_only_text_is_read(tmp_path, monkeypatch, write):
    spectrum = save_signal(tmp_path / "a.hspy")
    text = write(tmp_path / "a.csv", SPECTRUM)
    monkeypatch.setitem(sys.modules, "hyperspy.api", None)
    assert read_spectra(text, AXIS)[1].tolist() == ["a"]
    for function in (lambda: read_spectra(spectrum, AXIS), lambda: to_matrix(1)):
        with pytest.raises(ImportError, match="HyperSpy is needed.*pip install"):
            function()


def test_import_leaves_heavy_packages_alone():
    code = (
        "import sys, skspectra.io; "
        "sys.exit(str({'hyperspy', 'rsciio', 'pandas', 'dask', 'torch'} & set(sys.modules) or ''))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stderr.strip() == ""


@pytest.mark.real_data
def test_real_files_agree_with_hyperspy_and_numpy(real_data):
    axis = np.arange(620, 660, 0.5)
    X, names = read_spectra(real_data / "lsmo_linescan.hspy", axis)
    assert X.shape == (40, 80) and X.dtype == np.float32
    assert names[[0, 39]].tolist() == ["lsmo_linescan[0]", "lsmo_linescan[39]"]
    signal = hs.load(real_data / "lsmo_linescan.hspy", signal_type="")
    np.testing.assert_allclose(X, signal.isig[620.0:660.0].data)
    X, names = read_spectra(real_data / "sto_core_loss.dm3", np.arange(450, 480, 0.25))
    assert names.tolist() == ["sto_core_loss"]
    signal = hs.load(real_data / "sto_core_loss.dm3", signal_type="")
    np.testing.assert_allclose(X[0], signal.isig[450.0:480.0].data)


@pytest.mark.real_data
def test_real_spectrum_image(real_data):
    axis = 700 + 8 * np.arange(20, 120)
    X, names = read_spectra(real_data / "cuzn_spectrum_image.hspy", axis)
    assert X.shape == (2000, 100)
    assert names[[1, 40, -1]].tolist() == [
        f"cuzn_spectrum_image[{at}]" for at in ("0, 1", "1, 0", "49, 39")
    ]
    signal = hs.load(real_data / "cuzn_spectrum_image.hspy", signal_type="")
    np.testing.assert_allclose(X[5 * 40 + 7], signal.inav[7, 5].isig[20:120].data)


@pytest.mark.real_data
def test_real_digitised_spectra(real_data):
    path = real_data / "mn_l23_literature.csv"
    axis = np.linspace(638, 656, 7)  # points: nothing is averaged
    X, names = read_spectra(path, axis)
    table = pd.read_csv(path)
    assert names.tolist() == table["spectrum"].unique().tolist()
    assert X.shape == (17, axis.size) and np.isfinite(X).all()
    for row, (_, points) in zip(X, table.groupby("spectrum", sort=False), strict=True):
        mean = points.groupby("energy_eV")["intensity"].mean()
        np.testing.assert_allclose(row, np.interp(axis, mean.index, mean))
    with pytest.raises(ValueError, match=r"mn_l23_literature\.csv, spectrum 'A_Data2_LaMnO3'"):
        read_spectra(path, np.arange(635, 665, 0.1))


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["sto_core_loss.dm3", "lsmo_linescan.hspy"])
def test_real_files_cut_in_half_are_refused(real_data, tmp_path, name):
    content = (real_data / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=f"{name} cannot be read"):
        read_spectra(tmp_path / name, np.arange(450, 480))


def test_what_is_no_name_of_a_file_is_told(tmp_path):
    (tmp_path / "a.csv").write_text("635,5\n640,0\n")
    with pytest.raises(FileNotFoundError, match=r"\*.csv. To read many, .*glob\('\*.csv'\)"):
        read_spectra(tmp_path / "*.csv", [635, 640])
    with pytest.raises(FileNotFoundError, match="Download it first"):
        read_spectra("https://example.org/a.csv", [635, 640])
    with (tmp_path / "a.csv").open() as file, pytest.raises(TypeError, match="got an open file"):
        read_spectra(file, [635, 640])
