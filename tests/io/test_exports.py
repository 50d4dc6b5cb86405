"""What other programs export: read right, or refused with what it is and what to do."""

import gzip
import io
import re
import zipfile

import h5py
import hyperspy.api as hs
import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from skspectra.io import list_signals, read_spectra

AXIS = np.array([635.0, 636.25, 640.5])
ONE = [[5, 3.75, 0.5]]
TWO = [[5, 3.75, 0.5], [10, 7.5, 1]]
MSA = (
    "#FORMAT      : EMSA/MAS Spectral Data File\n#VERSION     : 1.0\n#NPOINTS     : 3\n"
    "#NCOLUMNS    : 1\n#XUNITS      : {unit}\n#DATATYPE    : Y\n#XPERCHAN    : 5\n"
    "#OFFSET      : 635\n#SPECTRUM    : \n5,\n0,\n5,\n#ENDOFDATA   :\n"
)

TABLES = {
    "R": ('"eV" "MnO"\n"1" 635 5\n"2" 640 0\n"3" 645 5\n', None),
    "R, of words": ('"eV" "counts"\n"first point" 635 5\n"x" 640 0\n"y" 645 5\n', None),
    "R, without quotes": ("eV counts\n1 635 5\n2 640 0\n3 645 5\n", None),
    "R, of two": (
        '"eV" "MnO of 2020" "II"\n"1" 635 5 10\n"2" 640 0 0\n"3" 645 5 10\n',
        ["MnO of 2020", "II"],
    ),
    "Roman numbers": ("E,I,II\n635,5,10\n640,0,0\n645,5,10\n", ["I", "II"]),
    "pandas, melted": (
        pd.DataFrame({"eV": [635, 640, 645], "a": [5, 0, 5], "b": [10, 0, 10]})
        .melt("eV")
        .to_csv(index=False),
        ["a", "b"],
    ),
    "pandas, two levels": (
        pd.DataFrame(
            [[5, 10], [0, 0], [5, 10]],
            index=pd.Index([635, 640, 645], name="energy_eV"),
            columns=pd.MultiIndex.from_tuples([("MnO", "a"), ("MnO2", "b")]),
        ).to_csv(),
        ["MnO a", "MnO2 b"],
    ),
}


@pytest.mark.filterwarnings("ignore:.*come without a unit")
@pytest.mark.parametrize("text, names", TABLES.values(), ids=TABLES)
def test_tables_of_other_programs(tmp_path, text, names):
    path = tmp_path / "one.txt"
    path.write_text(text)
    X, found = read_spectra(path, AXIS)
    np.testing.assert_allclose(X, ONE if names is None else TWO)
    assert found.tolist() == (names or ["one"])


def test_msa_is_known_by_its_first_line(tmp_path):
    path = tmp_path / "MnO.txt"
    path.write_text(MSA.format(unit="eV"))
    np.testing.assert_allclose(read_spectra(path, AXIS)[0], ONE)
    path.write_text(MSA.format(unit="nm"))
    with pytest.raises(ValueError, match="MnO.txt.* holds length"):
        read_spectra(path, AXIS)


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", "energy_eV,counts\n635,5\n640,0\n")
    return buffer.getvalue()


def of_matlab():
    buffer = io.BytesIO()
    savemat(buffer, {"energy": AXIS})
    return buffer.getvalue()


FOREIGN = {
    "a.csv.gz": (gzip.compress(b"635,5\n"), "compressed by gzip: unpack it"),
    "gzip.csv": (gzip.compress(b"635,5\n"), "compressed by gzip: unpack it"),
    "a.xlsx": (zipped(), "save the sheet as CSV"),
    "a.mat": (of_matlab(), "scipy.io.loadmat"),
    "a.parquet": (b"PAR1", "pandas.read_parquet"),
    "a.json": (b'{"energy_eV": [635]}', "json.load"),
    "a.itx": (b"IGOR\nWAVES", "of Igor"),
    "Igor.txt": (b"IGOR\nWAVES e i\nBEGIN\n\t635\t5\n\t640\t0\nEND\n", "of Igor"),
    "a.txt": (b"##TITLE=MnO\n##XUNITS=NANOMETERS\n635 5\n640 0\n", "JCAMP-DX"),
    "a.csv": (b"<!DOCTYPE html><p>404</p>", "web page"),
    "lfs.csv": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_no_spectrum_is_told(tmp_path, name):
    path, (content, advice) = tmp_path / name, FOREIGN[name]
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"{re.escape(name)}.*{advice}"):
        read_spectra(path, AXIS)


@pytest.mark.parametrize(
    "text, message",
    [
        ("eV,ion,I\n635,a,5\n640,a,0\n635,b,5\n640,b,0\n", "If 'ion' tells the spectra apart"),
        (",MnO,MnO2\n635,5,1\n640,0,2\n", r"no column of energy.*columns=\(0, 1\)"),
        ("eV I\n1 5 .1\n2 3 .1\n3 4 .1\n", "3 columns without titles"),
        ("0,1\n635,5\n640,0\n645,5\n", "may be the numbers of the columns"),
        ("eV,I\n635,5\n640,0\nof Origin\n", "line 4, 'of Origin', has 1 field"),
        ("spectrum,valence,mean_valence,novelty\na,Mn2+,2.1,.3\nb,Mn2+,2,.1\n", "of answers"),
    ],
)
def test_what_is_missing_in_a_table_is_told(tmp_path, text, message):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_spectra(path, AXIS)


def test_two_rows_of_an_array_are_to_be_columns(tmp_path):
    np.save(tmp_path / "a.npy", [AXIS, AXIS])
    with pytest.raises(ValueError, match="save its transpose"):
        read_spectra(tmp_path / "a.npy", AXIS)


@pytest.mark.parametrize("n_spectra", [None, 2])
def test_energies_that_nexus_has_among_positions_are_the_signal_axis(tmp_path, n_spectra):
    path = tmp_path / "scan.nxs"
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs["NX_class"], entry.attrs["default"] = "NXentry", "data"
        data = entry.create_group("data")
        data.attrs["NX_class"], data.attrs["signal"] = "NXdata", "counts"
        data.attrs["axes"] = ["scan", "energy"] if n_spectra else ["energy"]
        data["energy"] = [635.0, 640.0, 645.0]
        data["energy"].attrs["units"] = "eV"
        if n_spectra:
            data["scan"] = [0.0, 1.0]
        data["counts"] = [[5.0, 0, 5], [10, 0, 10]] if n_spectra else [5.0, 0, 5]
    X, names = read_spectra(path, AXIS)
    np.testing.assert_allclose(X, TWO if n_spectra else ONE)
    assert names.tolist() == (["scan[0]", "scan[1]"] if n_spectra else ["scan"])
    assert list_signals(path).iloc[0].signal == (3,)


def test_nexus_of_hyperspy_is_read_as_hyperspy_does(tmp_path):
    signal = hs.signals.Signal1D(np.array([5.0, 0, 5]))
    axis = signal.axes_manager[-1]
    axis.name, axis.units, axis.offset, axis.scale = "Energy", "eV", 635, 5
    signal.save(tmp_path / "one.nxs")
    np.testing.assert_allclose(read_spectra(tmp_path / "one.nxs", AXIS)[0], ONE)
