"""What .msa files say twice is compared."""

import numpy as np
import pytest

from skspectra.io import read_signal, read_spectra

ENERGY = np.arange(630, 661.0)
COUNTS = np.round(1000 + 500 * np.exp(-(((ENERGY - 640) / 2) ** 2)), 1)
AXIS = [635.0, 640.5, 650]
EXPECTED = np.interp(AXIS, ENERGY, COUNTS)


def write(path, lines, **entries):
    header = {
        "FORMAT": "EMSA/MAS Spectral Data File",
        "VERSION": "1.0",
        "TITLE": "MnO",
        "DATE": "01-OCT-1991",
        "TIME": "12:00",
        "OWNER": "o",
        "NPOINTS": "31",
        "NCOLUMNS": "1",
        "XUNITS": "eV",
        "YUNITS": "counts",
        "DATATYPE": "Y",
        "XPERCHAN": "1.0",
        "OFFSET": "630.0",
        "SIGNALTYPE": "ELS",
        "BEAMKV   -kV": "200.0",
    } | entries
    head = [f"#{key:<12}: {value}" for key, value in header.items() if value is not None]
    text = "\r\n".join([*head, "#SPECTRUM    : x", *lines, "#ENDOFDATA   : x", ""])
    path.write_bytes(text.encode("latin-1"))
    return path


def pairs(separator, energies=ENERGY, mark="."):
    return [f"{e}{separator}{y}".replace(".", mark) for e, y in zip(energies, COUNTS, strict=True)]


VALUES = [str(value) for value in COUNTS]
GOOD = {
    "one in a line": (VALUES, {}),
    "four in a line": ([", ".join(VALUES[i : i + 4]) for i in range(0, 31, 4)], {}),
    "commas at the end": ([f"{value}," for value in VALUES], {}),
    "decimal commas": ([value.replace(".", ",") for value in VALUES], {}),
    "no NPOINTS": (VALUES, {"NPOINTS": None}),
    "empty NPOINTS": (VALUES, {"NPOINTS": ""}),
    "pairs": (pairs(", "), {"DATATYPE": "XY"}),
    "pairs without space": (pairs(","), {"DATATYPE": "XY"}),
    "pairs, decimal commas": (pairs(" ", mark=","), {"DATATYPE": "XY"}),
    "pairs, no calibration": (pairs(" "), {"DATATYPE": "XY", "XPERCHAN": None, "OFFSET": None}),
    "pairs, rounded calibration": (pairs(" "), {"DATATYPE": "XY", "XPERCHAN": "1.01"}),
    "in keV": (VALUES, {"XUNITS": "keV", "XPERCHAN": "0.001", "OFFSET": "0.63"}),
    "decimal commas in the header": (VALUES, {"XPERCHAN": "1,0", "OFFSET": "630,0"}),
    "exponents of Fortran": ([f"{value:.6e}".replace("e", "D") for value in COUNTS], {}),
    "zero at a channel": (VALUES, {"CHOFFSET": "-630.4"}),
    "no channel of zero": (VALUES, {"CHOFFSET": "0"}),
    "unit behind a keyword": (VALUES, {"XPERCHAN": None, "XPERCHAN -eV": "1.0"}),
    "label as unit": (VALUES, {"XUNITS": "Energy Loss (eV)"}),
}


@pytest.mark.parametrize("case", GOOD)
def test_right_values(tmp_path, case):
    lines, entries = GOOD[case]
    path = write(tmp_path / "a.msa", lines, **entries)
    X, names = read_spectra(path, AXIS)
    np.testing.assert_allclose(X, [EXPECTED])
    assert names.tolist() == ["a"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_other_encodings(tmp_path, encoding):
    path = write(tmp_path / "a.msa", VALUES, TITLE="1 Å")  # whose second byte ends lines for Python
    path.write_bytes(path.read_bytes().decode("latin-1").encode(encoding))
    np.testing.assert_allclose(read_spectra(path, AXIS)[0], [EXPECTED])
    assert read_signal(path).metadata.General.title == "1 Å"


def test_keywords_are_read_however_they_are_written(tmp_path):
    path = write(tmp_path / "a.msa", VALUES)
    text = path.read_text().replace("#NPOINTS     : ", "  # npoints:").replace("#OFFSET", "#Offset")
    path.write_text(text)
    np.testing.assert_allclose(read_spectra(path, AXIS)[0], [EXPECTED])


def test_whole_numbers_with_commas_between_them(tmp_path):
    whole = [f"{value:.0f}" for value in COUNTS]
    path = write(tmp_path / "a.msa", [",".join(whole[:16]), ",".join(whole[16:])])
    np.testing.assert_allclose(read_spectra(path, AXIS)[0][0, 0], round(EXPECTED[0]))


def test_energies_that_are_irregular_are_used(tmp_path):
    energies = ENERGY + 0.4 * np.sin(ENERGY)
    path = write(tmp_path / "a.msa", pairs(" ", energies), DATATYPE="XY")
    np.testing.assert_allclose(read_spectra(path, AXIS)[0], [np.interp(AXIS, energies, COUNTS)])


def test_without_npoints_the_end_must_be_marked(tmp_path):
    path = write(tmp_path / "a.msa", VALUES, NPOINTS=None)
    path.write_bytes(path.read_bytes().partition(b"#ENDOFDATA")[0])
    with pytest.raises(ValueError, match="neither NPOINTS nor #ENDOFDATA"):
        read_spectra(path, AXIS)


def test_header_becomes_metadata(tmp_path):
    signal = read_signal(write(tmp_path / "a.msa", VALUES))
    assert signal.metadata.General.title == "MnO"
    assert signal.metadata.Acquisition_instrument.TEM.beam_energy == 200


@pytest.mark.parametrize(
    ("lines", "entries", "message"),
    [
        (VALUES[:20], {}, "cut short: it holds 20 channels and promises 31"),
        (VALUES * 2, {}, "holds 62 channels and promises 31"),
        (pairs(" ")[:20], {"DATATYPE": "XY"}, "cut short: it holds 20"),
        (pairs(" ", ENERGY + 5), {"DATATYPE": "XY"}, r"energy 1 is 635, but OFFSET and XPERCHAN"),
        (pairs(" ", ENERGY * 2 - 630), {"DATATYPE": "XY"}, "energy 31 is 690, but .* make it 660"),
        (pairs(",", mark=","), {"DATATYPE": "XY"}, "commas may be decimal marks"),
        ([f"{value:.0f},5" for value in COUNTS], {"NPOINTS": ""}, "commas may be decimal marks"),
        (["1,2,3"], {"NPOINTS": "5"}, "commas may be decimal marks or stand between numbers"),
        ([*VALUES[:-1], "high"], {}, "could not convert string to float: 'high'"),
        ([*VALUES[:5], "1 0", *VALUES[6:]], {}, "a line holds 2 numbers, the one before 1"),
        (VALUES, {"OFFSET": ""}, "OFFSET is missing"),
        (VALUES, {"CHOFFSET": "5"}, "CHOFFSET has channel 5 at zero, but .* channel -630"),
        (pairs(" "), {"NPOINTS": ""}, "DATATYPE must be XY, but is Y"),
        (VALUES, {"OFFSET": "630 eV"}, "OFFSET is '630 eV', wanted is a number"),
        (VALUES, {"NPOINTS": "1,031"}, "NPOINTS is '1,031', wanted is a number"),
        ([*VALUES, "#SPECTRUM    : y", *VALUES], {"NPOINTS": "62"}, "are 2 lines #SPECTRUM"),
        (VALUES, {"XPERCHAN": "0.5\n#XPERCHAN: 1"}, "XPERCHAN is '0.5' and '1' in one header"),
        (VALUES, {"XPERCHAN": "0"}, "signal axis must be strictly increasing"),
        (VALUES, {"XUNITS": "nm"}, "holds length, no energy"),
        ([], {}, "cut short: it holds 0 channels"),
    ],
)
def test_contradictions_are_refused_by_name(tmp_path, lines, entries, message):
    path = write(tmp_path / "a.msa", lines, **entries)
    with pytest.raises(ValueError, match=rf"a\.msa.*{message}"):
        read_spectra(path, AXIS)
