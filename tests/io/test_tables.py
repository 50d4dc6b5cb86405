"""Tables of several spectra: in columns, in rows, below one another."""

import re

import numpy as np
import pandas as pd
import pytest

from skspectra.io import read_spectra

pytestmark = pytest.mark.filterwarnings("ignore:.*come.? without a unit")

AXIS = np.array([635.0, 636.25, 640.5])
TWO = [[5, 3.75, 0.5], [10, 7.5, 1]]

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
def test_tables_of_several_spectra(tmp_path, text, write):
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
def test_tables_with_a_spectrum_in_each_row(tmp_path, text, write):
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
def test_a_first_row_and_a_first_column_that_may_both_be_the_axis(tmp_path, text, message, write):
    with pytest.raises(ValueError, match=message):
        read_spectra(write(tmp_path / "a.csv", text), AXIS)


ROWS = "{0},{1},{2},{3}\n635,5,10,1\n640,0,0,1\n645,5,10,1\n"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("E = [635, 636, 637, 638, 639]\nI = [5, 6, 7, 8, 9]\n", "E = [635"),
        ("energy: 635,636,637,638\ncounts: 5,6,7,8\n", "energy: 635"),
        ("635,636,637,638,639;\n5,6,7,8,9;\n", "639;"),
    ],
)
def test_no_energy_is_lost_in_the_text_around_it(tmp_path, text, title, write):
    with pytest.raises(ValueError, match=rf"a\.csv: '{re.escape(title)}' beside the energies"):
        read_spectra(write(tmp_path / "a.csv", text), [636.5, 637.5])


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
def test_columns_that_may_be_several_are_refused_until_chosen(tmp_path, titles, message, write):
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
def test_columns_that_are_not_there_are_refused(tmp_path, columns, message, write):
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
def test_spectra_below_one_another_are_never_averaged(tmp_path, energies, message, write):
    text = "\n".join(f"{energy},{number % 3}" for number, energy in enumerate(energies))
    with pytest.raises(ValueError, match=rf"a\.csv: the energies {message}.*'spectrum'"):
        read_spectra(write(tmp_path / "a.csv", text), [631, 632])


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


def test_error_in_a_table_names_the_spectrum(tmp_path, write):
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
