"""Text in the ways that people and programs write it."""

import re

import numpy as np
import pandas as pd
import pytest

from skspectra.exceptions import SpectrumWarning
from skspectra.io import read_spectra

pytestmark = pytest.mark.filterwarnings("ignore:.*come.? without a unit")

AXIS = np.array([635.0, 636.25, 640.5])
ONE = [[5, 3.75, 0.5]]
TWO = [[5, 3.75, 0.5], [10, 7.5, 1]]

TEXTS = {
    "comma": "635,5\n640,0\n645,5\n",
    "comma and header": "Energy (eV),Intensity\n635,5\n640,0\n645,5\n",
    "comma and spaces": "635, 5\n640, 0\n 645, 5\n",
    "any header": "x,y\n635,5\n640,0\n645,5\n",
    "columns swapped": "counts per eV,energy loss\n5,635\n0,640\n5,645\n",
    "only the intensity is named": "counts,x\n5,635\n0,640\n5,645\n",
    "y before x": "y,x\n5,635\n0,640\n5,645\n",
    "one letter": "E,I,dI\n635,5,1\n640,0,1\n645,5,1\n",
    "semicolon and decimal comma": "E;I\n635,0;5,0\n640,0;0,0\n645,0;5,0\n",
    "decimal comma without header": "635,0;5,0\n640,0;0,0\n645,0;5,0\n",
    "decimal comma and spaces": "635,0 5,0\n640,0 0,0\n645,0 5,0\n",
    "decimal comma in quotes": 'E,I\n"635,0","5,0"\n"640,0","0,0"\n"645,0","5,0"\n',
    "tab": "635\t5\n640\t0\n645\t5\n",
    "every line ends with a tab": "635\t5\t\n640\t0\t\n645\t5\t\n",
    "spaces": "  635   5\n  640   0\n  645   5",
    "header of several words": "Energy loss (eV)   Counts, a.u.\n635 5\n640 0\n645 5\n",
    "comments and blank lines": "# taken on Monday, 5\n\n635 5\n  # half way\n640 0\n\n645 5\n\n",
    "windows": "\ufeff635,5\r\n640,0\r\n645,5\r\n",
    "old macintosh": "635,5\r640,0\r645,5\r",
    "scientific": "6.35e2 5e0\n6.40e2 0e0\n6.45E+2 5\n",
    "not in order": "645,5\n635,5\n640,0\n",
    "repeated energies": "635,5\n645,4\n640,0\n645,6\n",
    "further columns": "index,energy,comment,intensity\n0,635,a,5\n1,640,b,0\n2,645,c,5\n",
    "named columns": "name,eV,MnO\nx ,635,5\nx,640,0\nx,645,5\n",
    "lines above the header": "Title: Mn\nStep: 1.0 eV\nEnergy (eV)\tI\n635\t5\n640\t0\n645\t5\n",
    "athena": "# Athena\n#----\n#  energy  norm  i0\n 635 5 9\n 640 0 9\n 645 5 9\n",
    "spec": "#S 1 scan\n#L energy  counts\n635 5\n640 0\n645 5\n",
    "xdi": "# XDI/1.0\n# Column.1: energy eV\n# Column.2: mutrans\n# ---\n635 5\n640 0\n645 5\n",
    "fehler": "Energie (eV);Intensität;Fehler\n635;5;1\n640;0;1\n645;5;1\n",
    "errors are no spectrum": "E (eV),Intensity error,Intensity\n635,1,5\n640,1,0\n645,1,5\n",
    "an error of another": "E,MnO,dMnO\n635,5,1\n640,0,1\n645,5,1\n",
    "in brackets": "E,MnO,u(MnO)\n635,5,1\n640,0,1\n645,5,1\n",
    "plus minus": "E,MnO,+/-\n635,5,1\n640,0,1\n645,5,1\n",
    "what was measured beside": "E,MnO,current (mA),bad\n635,5,1,0\n640,0,1,0\n645,5,1,0\n",
    "other comments": "% 2020 12 01\n! 1 2\n// a 3 4\n635 5\n* half 1 2\n640 0\n645 5\n",
    "units below": "Energy,Intensity\n(keV),(counts)\n.635,5\n.64,0\n.645,5\n",
    "units of errors below": "E,error,I\neV,a.u.,a.u.\n635,1,5\n640,1,0\n645,1,5\n",
    "origin": "Energy\tSignal\nkeV\tcounts\n\tMnO\n.635\t5\n.640\t0\n.645\t5\n",
    "units between titles": "A\tB\nE\tSignal\nkeV\tcounts\nMn\tO\n.635\t5\n.640\t0\n.645\t5\n",
    "a section": "[Data]\n635,5\n640,0\n645,5\n",
    "Spanish": "Energía (eV);Cuentas;Incertidumbre\n635;5;1\n640;0;1\n645;5;1\n",
    "Italian": "Energia (eV);Conteggi;Errore\n635;5;1\n640;0;1\n645;5;1\n",
    "an error called otherwise": "E,MnO,eMnO\n635,5,1\n640,0,1\n645,5,1\n",
    "an error behind": "E,MnO,MnO_err\n635,5,1\n640,0,1\n645,5,1\n",
    "absorption and detectors": "E,mutrans,i0,itrans\n635,5,1,2\n640,0,1,2\n645,5,1,2\n",
    "lines of two fields": "Time,12:00\nVoltage,200 kV\nE (eV),Counts\n635,5\n640,0\n645,5\n",
    "in meV": "energy_meV,counts\n635000,5\n640000,0\n645000,5\n",
    "in keV": "Energy / keV,counts\n.635,5\n.64,0\n.645,5\n",
}


def write(path, text):
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", TEXTS)
def test_text(tmp_path, text):
    X, names = read_spectra(write(tmp_path / "MnO.csv", TEXTS[text]), AXIS)
    np.testing.assert_allclose(X, ONE, rtol=1e-12)
    assert names.tolist() == ["x" if "named" in text and "name" in TEXTS[text] else "MnO"]


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt", ".dat", ".xy", ".asc", ".TXT", ".xdi"])
def test_endings_of_text(tmp_path, ending):
    X, _ = read_spectra(write(tmp_path / f"a{ending}", TEXTS["spaces"]), AXIS)
    np.testing.assert_allclose(X, ONE)


@pytest.mark.parametrize(
    "encoding", ["latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"]
)
def test_text_in_other_encodings(tmp_path, encoding):
    path = tmp_path / "a.txt"
    path.write_bytes("Energie (eV);Zähler\n635;5\n640;0\n645;5\n".encode(encoding))
    np.testing.assert_allclose(read_spectra(path, AXIS)[0], ONE)


MARKS = {
    "US, tab": ("Energy (eV)\tCounts\n635.0\t1,500\n640.5\t987\n645.0\t12,500\n", None),
    "thin space": ("E;I\n635.0;1\u2009500\n640.5;987\n645.0;12\u2009500\n", None),
    "US, quoted": ('E,I\n635.0,"1,500"\n640.5,987\n645.0,"12,500"\n', None),
    "DE": ("E;I\n635,0;1.500\n640,5;987\n645,0;12.500\n", None),
    "DE, decimals too": ("E;I\n635,0;1.500,0\n640,5;987,0\n645,0;12.500,0\n", None),
    "Swiss": ("E;I\n635.0;1'500\n640.5;987\n645.0;12’500\n", None),
    "French": ("E;I\n635,0;1\u202f500,0\n640,5;987,0\n645,0;12\xa0500,0\n", None),
    "space": ("E;I\n635,0;1 500\n640,5;987\n645,0;12 500\n", None),
    "space, tab": ("E\tI\n635.0\t1 500.0\n640.5\t987.0\n645.0\t12 500.0\n", None),
    "Fortran": ("635.0 0.15D+04\n640.5 9.87d+02\n645.0 12500.D+00\n", None),
    "only a point": ("E;I\n635.000;1500\n640.500;987\n645.000;12500\n", None),
    "only a comma": ("E;I\n635,000;1500\n640,500;987\n645,000;12500\n", ","),
    "as asked, comma": ("E;I\n635,000;1500\n640,500;987\n645,000;12500\n", ","),
}


@pytest.mark.parametrize("text", MARKS)
def test_one_decimal_mark_for_a_file(tmp_path, text):
    content, decimal = MARKS[text]
    X, _ = read_spectra(write(tmp_path / "a.csv", content), [635, 640.5, 645], decimal=decimal)
    np.testing.assert_allclose(X, [[1500, 987, 12500]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("630.5\t0,25\n631.5\t0,50\n", r"comma in '0,25' and a point in '630\.5'"),
        ("630\t1,234\n631\t2,345\n", "'1,234' .*decimal comma and with a comma between thousands"),
        ("630.000\t1,234\n631.000\t2,345\n", r"decimal=',' or decimal='\.'"),
        ("630.5\t1,23,456\n631.5\t1,234,567\n", "comma in '1,23,456' and a point in '630"),
        ("630.5\t1_000\n631.5\t2_000\n", "no line with two numbers"),
    ],
)
def test_marks_that_may_be_read_in_two_ways_are_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=rf"a\.txt.*{message}"):
        read_spectra(write(tmp_path / "a.txt", text), AXIS, outside="edge")


SEVERAL = {
    "wide": "energy,MnO,Mn2O3\n635,5,10\n640,0,0\n645,5,10\n",
    "wide, counted": "Energy (eV),Counts MnO,Counts Mn2O3\n635,5,10\n640,0,0\n645,5,10\n",
    "wide, numbered": "energy,1,2\n635,5,10\n640,0,0\n645,5,10\n",
    "wide, pixels": '"E (eV)","(0, 0)","(0, 1)"\n635,5,10\n640,0,0\n645,5,10\n',
    "wide, units below": "E,MnO,Mn2O3\neV,a.u.,a.u.\n635,5,10\n640,0,0\n645,5,10\n",
    "numbered and counted": "index,energy,1,2,err\n0,635,5,10,1\n1,640,0,0,1\n2,645,5,10,1\n",
    "numbers for names": "index,energy,1,2,3\n0,645,5,10,3\n1,635,5,10,3\n2,640,0,0,3\n",
    "of elements": "energy,K,R\n635,5,10\n640,0,0\n645,5,10\n",
    "French": "Énergie;MnO;Mn2O3;incertitude\n635;5;10;1\n640;0;0;1\n645;5;10;1\n",
    "with names of spectra": "E,A,A\neV,arb,arb\n,MnO,Mn2O3\n635,5,10\n640,0,0\n645,5,10\n",
    "counted": "No.,E,MnO,Mn2O3\n1,635,5,10\n2,640,0,0\n3,645,5,10\n",
    "wide, errors": "energy,MnO,MnO_err,Mn2O3,sigma\n635,5,1,10,1\n640,0,1,0,1\n645,5,1,10,1\n",
    "sample": "sample,energy,counts\na,635,5\na,640,0\na,645,5\nb,635,10\nb,640,0\nb,645,10\n",
    "id": "Spectrum ID;E;I\n1;635;5\n1;640;0\n1;645;5\n2;635;10\n2;640;0\n2;645;10\n",
    "pixels": "x,y,eV,counts\n0,0,635,5\n0,0,640,0\n0,0,645,5\n0,1,635,10\n0,1,640,0\n0,1,645,10\n",
    "x, y and I": "x,y,E,I\n0,0,635,5\n0,0,640,0\n0,0,645,5\n0,1,635,10\n0,1,640,0\n0,1,645,10\n",
    "axes that differ": "scan,E,I\n1,635,5\n1,640,0\n1,645,5\n2,630,20\n2,640,0\n2,650,20\n",
    "numbers": "id,E,I\n1.1,630,10\n1.1,640,0\n1.1,650,10\n1.10,630,20\n1.10,640,0\n1.10,650,20",
    "in turns": "scan,E,I\n1,635,5\n2,635,10\n1,640,0\n2,640,0\n1,645,5\n2,645,10\n",
}


@pytest.mark.parametrize("text", SEVERAL)
def test_tables_of_several_spectra(tmp_path, text):
    X, names = read_spectra(write(tmp_path / "a.csv", SEVERAL[text]), AXIS)
    np.testing.assert_allclose(X[:2], TWO)
    assert names.tolist() == {
        "numbers for names": ["1", "2", "3"],
        "of elements": ["K", "R"],
        "French": ["MnO", "Mn2O3"],
        "with names of spectra": ["A arb MnO", "A arb Mn2O3"],
        "wide": ["MnO", "Mn2O3"],
        "wide, counted": ["Counts MnO", "Counts Mn2O3"],
        "wide, errors": ["MnO", "Mn2O3"],
        "wide, pixels": ["(0, 0)", "(0, 1)"],
        "wide, units below": ["MnO a.u.", "Mn2O3 a.u."],
        "counted": ["MnO", "Mn2O3"],
        "sample": ["a", "b"],
        "pixels": ["0, 0", "0, 1"],
        "x, y and I": ["0, 0", "0, 1"],
        "numbers": ["1.1", "1.10"],
    }.get(text, ["1", "2"])


IN_ROWS = {
    "numbers and names": "valence,sample,635,640,645\n2,a,5,0,5\n3,b,10,0,10\n",
    "frame": ",635,640,645\n0,5,0,5\n1,10,0,10\n",
    "frame without its index": "635,637.5,640,642.5,645\n5,2.5,0,2.5,5\n10,5,0,5,10\n",
    "names": "sample,635,640,645\na,5,0,5\nb,10,0,10\n",
    "names that repeat": "valence;635,0;640,0;645,0\nMn2+;5,0;0,0;5,0\nMn2+;10,0;0,0;10,0\n",
    "decreasing": "sample\t645\t640\t635\na\t5\t0\t5\nb\t10\t0\t10\n",
    "with the unit": "energy_keV,.635,.640,.645\na,5,0,5\nb,10,0,10\n",
    "names behind": "635,637.5,640,642.5,645,label\n5,2.5,0,2.5,5,a\n10,5,0,5,10,b\n",
    "numbers behind": "sample,635,640,645,valence\na,5,0,5,2\nb,10,0,10,3\n",
    "numbers that run": "sample,635,640,645\n5,5,0,5\n6,10,0,10\n",
    "temperatures": "Temperature (K),635,640,645\n300,5,0,5\n10,10,0,10\n",
}


@pytest.mark.parametrize("text", IN_ROWS)
def test_tables_with_a_spectrum_in_each_row(tmp_path, text):
    X, names = read_spectra(write(tmp_path / "MnO.csv", IN_ROWS[text]), AXIS)
    np.testing.assert_allclose(X, TWO)
    numbered = text in ("frame without its index", "names that repeat")
    counted = {
        "frame": ["0", "1"],
        "numbers and names": ["2, a", "3, b"],
        "numbers behind": ["a, 2", "b, 3"],
        "numbers that run": ["5", "6"],
        "temperatures": ["300", "10"],
    }.get(text, ["a", "b"])
    assert names.tolist() == (["MnO[0]", "MnO[1]"] if numbered else counted)


def test_frames_with_energies_as_names_come_back(tmp_path):
    spectra = np.random.default_rng(0).poisson(100, size=(3, 40))
    frame = pd.DataFrame(spectra, columns=np.linspace(630, 649.5, 40), index=["a", "b", "c"])
    frame.to_csv(tmp_path / "rows.csv")
    frame.T.to_csv(tmp_path / "columns.csv", index_label="energy_eV")
    in_rows = read_spectra(tmp_path / "rows.csv", frame.columns)
    in_columns = read_spectra(tmp_path / "columns.csv", frame.columns)
    for (X, names), want in zip((in_rows, in_columns), (spectra, spectra), strict=True):
        np.testing.assert_array_equal(X, want)
        assert names.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("635,640,645\n636,1,1\n637,1,1\n638,1,1\n", "without titles"),
        (",1,2,3\n635,5,6,7\n640,0,1,2\n", "first row and the first column may both be the ener"),
        ("dose,635,640,645\n5,1,2,3\n6,0,1,2\n", "the title 'energy_eV' if it is, else 'sample'"),
    ],
)
def test_a_first_row_and_a_first_column_that_may_both_be_the_axis(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_spectra(write(tmp_path / "a.csv", text), AXIS)


ROWS = "{0},{1},{2},{3}\n635,5,10,1\n640,0,0,1\n645,5,10,1\n"


@pytest.mark.parametrize(
    ("titles", "message"),
    [
        (
            "energy_nominal,energy_calibrated,counts,i0",
            "may be the energy: 'energy_nominal', 'ener",
        ),
        ("energy,counts,intensity,i0", "may be the intensity: 'counts', 'intensity'"),
        ("energy,counts,counts,i0", "may be the intensity: 'counts', 'counts'"),
        ("energy,raw counts,corrected counts,i0", "may be the intensity: 'raw counts', 'corr"),
        ("energy,intensity,normalized intensity,i0", "may be the intensity"),
        ("eV,eV_shifted,counts,i0", "may be the energy: 'eV', 'eV_shifted'"),
        ("energy,norm,flat,i0", "may be the intensity: 'norm', 'flat'"),
        ("energy,background,sigma,i0", "no column of intensity: 'energy', 'background'"),
        ("counts,intensity,sigma,i0", "no column of energy"),
        ("energy,I0,It,If", r"only counts of detectors: 'energy', 'I0', 'It', 'If'\. Abs.*ln\(I0"),
        ("energy,i0,itrans,irefer", "only counts of detectors"),
        ("energy,i1,i2,i0", "only counts of detectors"),
    ],
)
def test_columns_that_may_be_several_are_refused_until_chosen(tmp_path, titles, message):
    titles = titles.split(",")
    path = write(tmp_path / "a.csv", ROWS.format(*titles))
    with pytest.raises(ValueError, match=rf"a\.csv has .*{message}.*columns="):
        read_spectra(path, AXIS)
    chosen = (0, 1, 2) if len(set(titles)) < 4 else titles[:3]
    X, names = read_spectra(path, AXIS, columns=chosen)
    np.testing.assert_allclose(X, TWO)
    assert read_spectra(path, AXIS, columns=(0, -2))[0][0, 0] == 10


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (("energy", "MnO2"), r"a\.csv has 0 columns called 'MnO2'; its columns are 'energy', 'a'"),
        ((0, 7), "has 3 columns, and none of number 7"),
        ((0, 0), "one column chosen"),
        (("energy",), "columns must name the energy and"),
        ("energy", "columns must name the energy and"),
    ],
)
def test_columns_that_are_not_there_are_refused(tmp_path, columns, message):
    path = write(tmp_path / "a.csv", "energy,a,b\n635,5,1\n640,0,1\n")
    with pytest.raises(ValueError, match=message):
        read_spectra(path, AXIS, columns=columns)


RUN = [630.0, 631, 632, 633, 634, 635, 636, 637]


@pytest.mark.parametrize(
    ("energies", "message"),
    [
        (RUN + RUN, "are repeated"),
        (RUN + [energy + 0.25 for energy in RUN], "start again"),
        (RUN + [energy - 0.25 for energy in RUN[::-1]], "start again"),
        (RUN[::-1] + [energy + 0.25 for energy in RUN[::-1]], "start again"),
        (sorted(RUN + RUN), "are repeated"),
    ],
)
def test_spectra_below_one_another_are_never_averaged(tmp_path, energies, message):
    text = "\n".join(f"{energy},{number % 3}" for number, energy in enumerate(energies))
    with pytest.raises(ValueError, match=rf"a\.csv: the energies {message}.*'spectrum'"):
        read_spectra(write(tmp_path / "a.csv", text), [631, 632])


def test_points_out_of_order_and_slips_of_digitising_are_one_spectrum(tmp_path):
    rng = np.random.default_rng(0)
    energies = np.linspace(630, 660, 100)
    slips = energies + rng.uniform(-0.2, 0.2, 100)
    for each in (rng.permutation(energies), slips, slips[::-1]):
        text = "\n".join(f"{energy},{2 * energy}" for energy in each)
        X, _ = read_spectra(write(tmp_path / "a.csv", "energy,counts\n" + text), [635, 650])
        np.testing.assert_allclose(X, [[1270, 1300]])


def test_two_columns_without_titles_in_the_wrong_order_are_refused(tmp_path):
    path = write(tmp_path / "a.txt", "5 635\n0 640\n5 645\n")
    with pytest.raises(ValueError, match=r"second column runs in one direction.*columns=\(1, 0\)"):
        read_spectra(path, AXIS)
    np.testing.assert_allclose(read_spectra(path, AXIS, columns=(1, 0))[0], ONE)


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


def test_error_in_a_table_names_the_spectrum(tmp_path):
    text = "spectrum,energy,intensity\na,630,1\na,650,1\nb,638,1\nb,642,1\n"
    with pytest.raises(ValueError, match=r"table\.csv, spectrum 'b'.*cover 638 to 642"):
        read_spectra(write(tmp_path / "table.csv", text), AXIS)


def test_what_counts_the_rows_is_no_spectrum(tmp_path):
    table = pd.DataFrame({"E": np.arange(630, 650.0), "step": np.arange(20), "MnO": np.ones(20)})
    table.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(ValueError, match=r"a\.csv: the column 'step' goes from 0 to 19 in equal"):
        read_spectra(tmp_path / "a.csv", AXIS)
    X, _ = read_spectra(tmp_path / "a.csv", AXIS, columns=("E", "step"))
    np.testing.assert_allclose(X, [AXIS - 630])


def test_units_below_titles_are_of_another_quantity(tmp_path):
    text = "Wavelength\tIntensity\nnm\tcounts\n\tMnO\n635\t5\n640\t0\n645\t5\n"
    with pytest.raises(ValueError, match=r"'Wavelength \(nm\)' holds length, no energy"):
        read_spectra(write(tmp_path / "a.txt", text), AXIS)


@pytest.mark.parametrize("title", ["k", "q", "R", "Kanal", "Wellenlänge", "Energy (channels)"])
def test_quantities_are_known_by_their_symbol_and_in_other_languages(tmp_path, title):
    path = write(tmp_path / "a.csv", f"{title},chi\n635,5\n640,0\n645,5\n")
    with pytest.raises(ValueError, match=rf"'{re.escape(title)}' holds .*, no energy"):
        read_spectra(path, AXIS)


@pytest.mark.parametrize("title", ["Wavelength (nm)", "Raman shift (cm-1)", "Time (s)", "Channel"])
def test_other_quantities_are_refused_by_name(tmp_path, title):
    path = write(tmp_path / "a.csv", f"{title},Counts\n635,5\n640,0\n645,5\n")
    unit = title.partition("(")[2].rstrip(")") or title
    with pytest.raises(ValueError, match=rf"a\.csv: The axis.*{unit}.*Wanted is an axis in eV"):
        read_spectra(path, AXIS)
    X, _ = read_spectra(path, AXIS, unit=unit)
    np.testing.assert_allclose(X, ONE)


def test_missing_units_are_warned_about_once(tmp_path):
    bare = [write(tmp_path / f"{name}.csv", TEXTS["comma"]) for name in "ab"]
    known = write(tmp_path / "c.csv", TEXTS["comma and header"])
    message = "2 of 3 spectra come without a unit and are taken to be in eV, the first is 'a', "
    message += "from 635 to 645 eV"
    with pytest.warns(SpectrumWarning, match=message) as record:
        X, _ = read_spectra([known, *bare], AXIS)
    assert len(record) == 1
    np.testing.assert_allclose(X, ONE * 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("# nothing\n\n", "is empty"),
        ("energy,intensity\n", "no line with two numbers"),
        ("635,5\n640,zero\n", "line 2: 'zero' is not a number"),
        ("# x\n635,5\n\n640,\n", "line 4: a field is empty"),
        ("five,635\n640,1\n", "line 1: 'five' is not a number"),
        (
            "energy_eV,counts\n635(5\n640,0\n645,5",
            r"line 2: '635\(5' is neither numbers nor titles",
        ),
        ("635,5\n640,0\n645", "line 3, .645., has 1 field.* 2. Is the file cut short"),
        ("635,5\n640,0,1\n645,1", "line 2, .640,0,1., has 3 field.* 2. Is the file cut short"),
        ("635\n640\n", "no line with two numbers"),
        ("635,5,1\n640,0,1\n", r"has 3 columns without titles.*columns=\(0, 1\)"),
        ("energy,MnO,MnO2\n635,5,1\n640,0,\n", "line 3: a field is empty"),
        ("635,5\n640,nan\n645,0\n", "intensities are not all finite"),
        ("635,5\n640,inf\n645,0\n", "intensities are not all finite"),
        ("635,5\n645,0\nnan,1\n", "an energy is NaN"),
        ("635,5\n635,6\n", "a single energy"),
        ("spectrum,eV,I\na,635,5\n,640,0\n", "line 3: the column 'spectrum' is empty"),
        ("\0\0\0", "is not text"),
        ('635,5\n640,"0\n645,5\n', "cannot be read"),
        ("635,True\n640,False\n", "no line with two numbers"),
        ("1," * 30_000, "line 1 has 30000 fields, at most 20000 columns"),
        ("two words\n" * 20_000 + "635 5\n640 0\n", "among the first 10000"),
        ('"' + ", " * 60_000 + '",counts\n635,1\n640,x\n', "line 3: 'x' is not a number"),
        ("635,5\n640,True\n", "line 2: 'True' is not a number"),
        (f"{'9' * 200_000}x,5\n640,5\n", "is not a number|cannot be split"),
    ],
)
def test_bad_text_is_refused_by_name(tmp_path, text, message):
    with pytest.raises(ValueError, match=rf"bad\.csv.*{message}"):
        read_spectra(write(tmp_path / "bad.csv", text), AXIS)
