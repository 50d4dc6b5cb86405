"""Text in the ways that people and programs write it."""

import re

import numpy as np
import pytest

from skspectra.exceptions import SpectrumWarning
from skspectra.io import read_spectra

pytestmark = pytest.mark.filterwarnings("ignore:.*come.? without a unit")

AXIS = np.array([635.0, 636.25, 640.5])
ONE = [[5, 3.75, 0.5]]

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


@pytest.mark.parametrize("text", TEXTS)
def test_text(tmp_path, text, write):
    X, names = read_spectra(write(tmp_path / "MnO.csv", TEXTS[text]), AXIS)
    np.testing.assert_allclose(X, ONE, rtol=1e-12)
    assert names.tolist() == ["x" if "named" in text and "name" in TEXTS[text] else "MnO"]


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt", ".dat", ".xy", ".asc", ".TXT", ".xdi"])
def test_endings_of_text(tmp_path, ending, write):
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
def test_one_decimal_mark_for_a_file(tmp_path, text, write):
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
def test_marks_that_may_be_read_in_two_ways_are_refused(tmp_path, text, message, write):
    with pytest.raises(ValueError, match=rf"a\.txt.*{message}"):
        read_spectra(write(tmp_path / "a.txt", text), AXIS, outside="edge")


def test_points_out_of_order_and_slips_of_digitising_are_one_spectrum(tmp_path, write):
    rng = np.random.default_rng(0)
    energies = np.linspace(630, 660, 100)
    slips = energies + rng.uniform(-0.2, 0.2, 100)
    for each in (rng.permutation(energies), slips, slips[::-1]):
        text = "\n".join(f"{energy},{2 * energy}" for energy in each)
        X, _ = read_spectra(write(tmp_path / "a.csv", "energy,counts\n" + text), [635, 650])
        np.testing.assert_allclose(X, [[1270, 1300]])


def test_two_columns_without_titles_in_the_wrong_order_are_refused(tmp_path, write):
    path = write(tmp_path / "a.txt", "5 635\n0 640\n5 645\n")
    with pytest.raises(ValueError, match=r"second column runs in one direction.*columns=\(1, 0\)"):
        read_spectra(path, AXIS)
    np.testing.assert_allclose(read_spectra(path, AXIS, columns=(1, 0))[0], ONE)


def test_units_below_titles_are_of_another_quantity(tmp_path, write):
    text = "Wavelength\tIntensity\nnm\tcounts\n\tMnO\n635\t5\n640\t0\n645\t5\n"
    with pytest.raises(ValueError, match=r"'Wavelength \(nm\)' holds length, no energy"):
        read_spectra(write(tmp_path / "a.txt", text), AXIS)


@pytest.mark.parametrize("title", ["k", "q", "R", "Kanal", "Wellenlänge", "Energy (channels)"])
def test_quantities_are_known_by_their_symbol_and_in_other_languages(tmp_path, title, write):
    path = write(tmp_path / "a.csv", f"{title},chi\n635,5\n640,0\n645,5\n")
    with pytest.raises(ValueError, match=rf"'{re.escape(title)}' holds .*, no energy"):
        read_spectra(path, AXIS)


@pytest.mark.parametrize("title", ["Wavelength (nm)", "Raman shift (cm-1)", "Time (s)", "Channel"])
def test_other_quantities_are_refused_by_name(tmp_path, title, write):
    path = write(tmp_path / "a.csv", f"{title},Counts\n635,5\n640,0\n645,5\n")
    unit = title.partition("(")[2].rstrip(")") or title
    with pytest.raises(ValueError, match=rf"a\.csv: The axis.*{unit}.*Wanted is an axis in eV"):
        read_spectra(path, AXIS)
    X, _ = read_spectra(path, AXIS, unit=unit)
    np.testing.assert_allclose(X, ONE)


def test_missing_units_are_warned_about_once(tmp_path, write):
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
def test_bad_text_is_refused_by_name(tmp_path, text, message, write):
    with pytest.raises(ValueError, match=rf"bad\.csv.*{message}"):
        read_spectra(write(tmp_path / "bad.csv", text), AXIS)
