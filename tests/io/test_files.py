import logging
import subprocess
import sys
import warnings

import h5py
import hyperspy.api as hs
import numpy as np
import pandas as pd
import pytest

from skspectra.io import read_spectra, to_matrix

AXIS = np.array([635.0, 636.25, 640.5])


def save_signal(path, shape=(), dtype=np.float32, **energy):
    """Spectra ``(1 + row) * |E - 640|``, piecewise linear, so that interpolation is exact."""
    axis = {"offset": 630.0, "scale": 0.5, "size": 40, "units": "eV", "navigate": False} | energy
    energies = axis.get("axis", axis["offset"] + axis["scale"] * np.arange(axis["size"]))
    scale = 1 + np.arange(np.prod(shape, dtype=int)).reshape(*shape, 1)
    data = (scale * np.abs(energies - 640)).astype(dtype)
    axes = [{"size": size, "navigate": True} for size in shape]
    hs.signals.Signal1D(data, axes=[*axes, axis]).save(path)
    return path


def write_text(path, text):
    path.write_text(text)
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


TEXTS = {
    "comma": "635,5\n640,0\n645,5\n",
    "comma and header": "Energy (eV),Intensity\n635,5\n640,0\n645,5\n",
    "comma and spaces": "635, 5\n640, 0\n 645, 5\n",
    "any header": "x,y\n635,5\n640,0\n645,5\n",
    "columns swapped": "counts per eV,energy loss\n5,635\n0,640\n5,645\n",
    "semicolon and decimal comma": "E;I\n635,0;5,0\n640,0;0,0\n645,0;5,0\n",
    "decimal comma without header": "635,0;5,0\n640,0;0,0\n645,0;5,0\n",
    "tab": "635\t5\n640\t0\n645\t5\n",
    "spaces": "  635   5\n  640   0\n  645   5",
    "header of several words": "Energy loss (eV)   Counts, a.u.\n635 5\n640 0\n645 5\n",
    "comments and blank lines": "# taken on Monday, 5\n\n635 5\n  # half way\n640 0\n\n645 5\n\n",
    "windows": "\ufeff635,5\r\n640,0\r\n645,5\r\n",
    "scientific": "6.35e2 5e0\n6.40e2 0e0\n6.45E+2 5\n",
    "not in order": "645,5\n635,5\n640,0\n",
    "repeated energies": "635,5\n645,4\n640,0\n645,6\n",
    "further columns": "index,energy,comment,intensity\n0,635,a,5\n1,640,b,0\n2,645,c,5\n",
    "three columns of which one is the name": "name,eV,MnO\nx ,635,5\nx,640,0\nx,645,5\n",
}


@pytest.mark.parametrize("text", TEXTS)
def test_text(tmp_path, text):
    X, names = read_spectra(write_text(tmp_path / "MnO.csv", TEXTS[text]), AXIS)
    np.testing.assert_allclose(X, [[5, 3.75, 0.5]], rtol=1e-12)
    assert names.tolist() == ["x" if "name" in text else "MnO"]


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt", ".dat", ".xy", ".asc", ".TXT"])
def test_endings_of_text(tmp_path, ending):
    X, _ = read_spectra(write_text(tmp_path / f"a{ending}", TEXTS["spaces"]), AXIS)
    np.testing.assert_allclose(X, [[5, 3.75, 0.5]])


def test_text_in_another_encoding(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("Energie (eV);Zähler\n635;5\n645;5\n".encode("latin-1"))
    np.testing.assert_allclose(read_spectra(path, AXIS)[0], [[5, 5, 5]])


def test_long_table_holds_one_spectrum_per_name(tmp_path):
    table = pd.DataFrame(
        {
            "spectrum": ["MnO", "MnO2", "MnO", "MnO2", "MnO2"],
            "source": ["Garvie; Craven, 1994"] * 5,
            "Intensity": [1.0, 2, 3, 4, 8],
            "energy_eV": [630.0, 630, 650, 640, 650],
        }
    )
    path = tmp_path / "literature.csv"
    table.to_csv(path, index=False)
    X, names = read_spectra(path, [630, 635, 645])
    assert names.tolist() == ["MnO", "MnO2"]
    np.testing.assert_allclose(X, [[1, 1.5, 2.5], [2, 3, 6]])


def test_names_are_unique(tmp_path):
    (tmp_path / "b").mkdir()
    paths = [tmp_path / "MnO.csv", tmp_path / "b" / "MnO.csv", tmp_path / "MnO (2).csv"]
    for path in paths:
        write_text(path, TEXTS["comma"])
    _, names = read_spectra([*paths, paths[0]], AXIS)
    assert names.tolist() == ["MnO", "MnO (2)", "MnO (2) (2)", "MnO (3)"]


def test_short_spectra_are_extended_only_on_request(tmp_path):
    path = write_text(tmp_path / "short.csv", TEXTS["comma"])
    with pytest.raises(ValueError, match=r"short\.csv.*630 to 645.*only cover 635 to 645"):
        read_spectra(path, [630, 640, 645])
    X, _ = read_spectra(path, [630, 640, 647], outside="edge")
    np.testing.assert_allclose(X, [[5, 0, 5]])


@pytest.mark.parametrize("outside", ["raise", "edge"])
@pytest.mark.parametrize("axis", [[600, 634.9], [645.1, 700]])
def test_spectra_without_overlap_are_always_refused(tmp_path, outside, axis):
    path = write_text(tmp_path / "a.csv", TEXTS["comma and header"])
    with pytest.raises(ValueError, match=r"a\.csv covers 635 to 645 eV, none of the axis wanted"):
        read_spectra(path, axis, outside=outside)


def test_error_in_a_table_names_the_spectrum(tmp_path):
    text = "spectrum,energy,intensity\na,630,1\na,650,1\nb,638,1\nb,642,1\n"
    path = write_text(tmp_path / "table.csv", text)
    with pytest.raises(ValueError, match=r"table\.csv, spectrum 'b'.*cover 638 to 642"):
        read_spectra(path, AXIS)


def test_different_units_are_refused(tmp_path):
    ev = save_signal(tmp_path / "one.hspy")
    kev = save_signal(tmp_path / "two.msa", units="keV")
    with pytest.raises(ValueError, match=r"one\.hspy is in eV, .*two\.msa is in keV"):
        read_spectra([ev, kev], AXIS)
    text = write_text(tmp_path / "three.txt", "energy_keV intensity\n0.63 1\n0.65 1\n")
    with pytest.raises(ValueError, match=r"one\.hspy is in eV, .*three\.txt is in keV"):
        read_spectra([ev, text], AXIS)


def test_missing_units_are_taken_as_those_of_the_axis(tmp_path):
    paths = [
        save_signal(tmp_path / "a.hspy", units="eV"),
        save_signal(tmp_path / "b.hspy", units=None),
        save_signal(tmp_path / "c.msa", units=None),
        save_signal(tmp_path / "d.msa", units="ev "),
        write_text(tmp_path / "e.csv", TEXTS["comma"]),
        write_text(tmp_path / "f.csv", TEXTS["comma and header"]),
    ]
    X, _ = read_spectra(paths, AXIS)
    np.testing.assert_allclose(X, np.tile([5, 3.75, 0.5], (6, 1)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("# nothing\n\n", "is empty"),
        ("energy,intensity\n", "a header and no numbers"),
        ("635,5\n640,zero\n", "line 2: 'zero' is not a number"),
        ("# x\n635,5\n\n640,\n", "line 4: '' is not a number"),
        ("five,635\n640,1\n", "line 1: 'five' is not a number"),
        ("635,5\n640,0\n645", "line 3: 1 columns where .* 2. Is the file cut short"),
        ("635\n640\n", "has 1 columns, unnamed. Wanted are two columns"),
        ("635,5,1\n640,0,1\n", "has 3 columns, unnamed"),
        ("E,I,dI\n635,5,1\n640,0,1\n", "has 3 columns, named E, I, dI"),
        ("energy,a,b\n635,5,1\n640,0,1\n", "has 3 columns, named energy, a, b"),
        ("635,5\n640,nan\n645,0\n", "intensities are not all finite"),
        ("635,5\n640,inf\n645,0\n", "intensities are not all finite"),
        ("635,5\nnan,1\n645,0\n", "an energy is NaN"),
        ("635,5\n635,6\n", "a single energy"),
        ("spectrum,eV,I\na,635,5\n,640,0\n", "line 3: the column 'spectrum' is empty"),
        ("\0\0\0", "is not text"),
    ],
)
def test_bad_text_is_refused_by_name(tmp_path, text, message):
    path = write_text(tmp_path / "bad.csv", text)
    with pytest.raises(ValueError, match=rf"bad\.csv.*{message}"):
        read_spectra(path, AXIS)


@pytest.mark.parametrize("fraction", [0, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("ending", [".hspy", ".msa"])
def test_truncated_files_are_refused_by_name(tmp_path, ending, fraction):
    content = save_signal(tmp_path / f"whole{ending}").read_bytes()
    path = tmp_path / f"half{ending}"
    path.write_bytes(content[: int(fraction * len(content))])
    with pytest.raises(ValueError, match=rf"half\{ending} .*cut short"):
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
    with pytest.raises(ValueError, match=r"both\.hspy holds 2 signals.*40.*save the one"):
        read_spectra(both, AXIS)


def test_unknown_formats_are_refused_by_name(tmp_path):
    path = write_text(tmp_path / "a.docx", "635 5\n640 0\n")
    with pytest.raises(ValueError, match=r"a\.docx.*no format with the ending '\.docx'.*\.csv"):
        read_spectra(path, AXIS)


def test_paths_are_checked_before_anything_is_read(tmp_path):
    good = write_text(tmp_path / "good.csv", "words")
    with pytest.raises(FileNotFoundError, match=r"no file .*gone\.dm3"):
        read_spectra([good, tmp_path / "gone.dm3"], AXIS)
    with pytest.raises(IsADirectoryError, match="is a folder; give the files in it"):
        read_spectra([good, tmp_path], AXIS)
    with pytest.raises(ValueError, match="paths is empty"):
        read_spectra([], AXIS)


def test_options_are_checked(tmp_path):
    path = write_text(tmp_path / "a.csv", TEXTS["comma"])
    with pytest.raises(ValueError, match="outside must be 'raise' or 'edge', got 'zero'"):
        read_spectra(path, AXIS, outside="zero")
    with pytest.raises(ValueError, match="strictly increasing"):
        read_spectra(path, AXIS[::-1])


def test_hyperspy_is_kept_quiet_while_loading(tmp_path, caplog):
    """A file of an extension that is not installed, one that is broken: no log lines, no trace."""
    path = save_signal(tmp_path / "a.hspy")
    with h5py.File(path, "a") as file:
        file["Experiments/__unnamed__"].attrs["package"] = "no_such_extension"
    logger = logging.getLogger("hyperspy")
    before = logger.level, list(warnings.filters)
    read_spectra(path, AXIS)
    with pytest.raises(ValueError, match="cannot be read"):
        read_spectra(write_text(tmp_path / "b.hspy", "x"), AXIS)
    assert caplog.records == []
    assert (logger.level, list(warnings.filters)) == before
    hs.load(path)
    assert "no_such_extension" in caplog.text


def test_without_hyperspy_only_text_is_read(tmp_path, monkeypatch):
    spectrum = save_signal(tmp_path / "a.hspy")
    text = write_text(tmp_path / "a.csv", TEXTS["comma"])
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
    axis = np.arange(638, 658, 0.25)
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
