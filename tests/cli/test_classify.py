import warnings

import hyperspy.api as hs
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from line_reader import ENERGY, LineReader, line_image

from skspectra.cli import _readers
from skspectra.cli._main import main


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, ["classify", *map(str, arguments)])


@pytest.fixture
def stubbed(monkeypatch):
    monkeypatch.setattr(_readers, "load_reader", lambda name: LineReader())


def write_signal(path, data):
    signal = hs.signals.Signal1D(data)
    axis = signal.axes_manager[-1]
    axis.offset, axis.scale, axis.units = ENERGY[0], 0.5, "eV"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signal.save(path)
    return path


def test_what_is_read_is_not_written_over(run, tmp_path):
    table = tmp_path / "one.csv"
    table.write_text("energy_eV,counts\n600,1\n601,2\n")
    (tmp_path / "link.csv").symlink_to(table)
    for out in ("one.csv", "link.csv"):
        result = run("one.csv", "--out", out)
        assert result.exit_code == 1 and f"{out} is one of the files to read" in result.output
    assert table.read_text().startswith("energy_eV")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (MemoryError("Unable to allocate 9. TiB"), "Unable to allocate 9. TiB"),
        (MemoryError(), "There is not enough memory."),
        (ImportError("libtorch_cpu.so: failed to map segment"), "failed to map segment"),
    ],
)
def test_no_room_for_output_or_in_memory_is_one_line(
    run, stubbed, tmp_path, monkeypatch, error, said
):
    path = write_signal(tmp_path / "scan.hspy", line_image((8,))[0])

    def fail(table):
        raise error

    monkeypatch.setattr("skspectra.cli._classify.printed", fail)
    result = run(path)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ") and said in result.output


@pytest.mark.parametrize("shift", [-7, 7])
def test_line_scan_is_read_wherever_the_edge_is(run, stubbed, tmp_path, shift):
    X, labels = line_image((8,), shift=shift)
    result = run(write_signal(tmp_path / "scan.hspy", X), "--out", "table.csv")
    assert result.exit_code == 0, result.output
    table = pd.read_csv(tmp_path / "table.csv", keep_default_na=False)
    assert table["spectrum"].tolist() == [f"scan[{number}]" for number in range(8)]
    assert table["valence"].tolist() == labels.tolist()
    assert set(table["element"]) == {"Mn"} and set(table["warning"]) == {""}
    np.testing.assert_allclose(table["shift_eV"], shift, atol=1.5)
    assert result.output == "8 spectra: Mn2+ 4, Mn3+ 4\n"


def test_spectra_are_printed_and_an_image_is_one_line(run, stubbed, tmp_path):
    X, labels = line_image((9, 8))
    one = tmp_path / "one.csv"
    lines = (f"{e},{value}" for e, value in zip(ENERGY, X[0, 0], strict=True))
    one.write_text("\n".join(["energy_eV,counts", *lines]))
    image = write_signal(tmp_path / "image.hspy", X)
    result = run(one, image)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].split()[:4] == ["spectrum", "element", "valence", "probability"]
    assert lines[1].split()[:3] == ["one", "Mn", "Mn2+"]
    assert lines[2] == "image: 72 spectra: Mn2+ 28, Mn3+ 28, unknown 16 (16 no edge)"
    assert lines[3].startswith("73 spectra: ") and len(lines) == 4
    assert {path.name for path in tmp_path.iterdir()} == {"one.csv", "image.hspy"}


def test_what_cannot_be_read_is_unknown_and_counted(run, stubbed, tmp_path):
    X = line_image((6,))[0].astype(float)
    X[2, 5] = np.nan
    result = run(write_signal(tmp_path / "scan.hspy", X), "--element", "Mn")
    assert "unknown 1 (1 NaN in the spectrum)" in result.output
    flat = np.ones((3, ENERGY.size))
    result = run(write_signal(tmp_path / "flat.hspy", flat), "--element", "Mn")
    assert result.output.endswith("3 spectra: unknown 3 (3 no edge)\n")
    result = run(tmp_path / "flat.hspy")
    assert result.output.endswith("unknown 3 (3 no edge that a reader knows)\n")


def test_a_model_and_an_element_that_do_not_go_together_are_refused(run, stubbed, tmp_path):
    path = write_signal(tmp_path / "scan.hspy", line_image((4,))[0])
    assert run(path, "--model", "mine.safetensors").exit_code == 0
    result = run(path, "--model", "mine.safetensors", "--element", "Fe")
    assert (result.exit_code, "reads Mn, not Fe" in result.output) == (1, True)


def test_errors_are_one_line_and_leave_nothing_behind(run, stubbed, tmp_path):
    (tmp_path / "far.csv").write_text("energy_eV,counts\n300,1\n301,2\n302,3")
    for arguments, message in (
        (["missing.csv"], "missing.csv"),
        (["far.csv", "--element", "Mn"], "far.csv: the axis does not cover the edge"),
        (["far.csv", "--out", "nowhere/table.csv"], "There is no folder nowhere"),
        (["far.csv", "--out", "table.xlsx"], "table.xlsx must end in .csv"),
    ):
        result = run(*arguments)
        assert result.exit_code == 1
        assert result.output.startswith("Error: ") and message in result.output
    assert run().exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["far.csv"]


@pytest.mark.real_data
def test_real_spectra_are_read_or_called_unknown(run, real_data, tmp_path):
    literature = real_data / "mn_l23_literature.csv"
    result = run(literature, "--out", "table.csv")
    assert result.exit_code == 0, result.output
    table = pd.read_csv("table.csv", index_col="spectrum")
    known = pd.read_csv(literature).groupby("spectrum")["valence"].first()
    pure = known[known.isin(["Mn2+", "Mn3+", "Mn4+"])]
    answers = table.loc[pure.index, "valence"]
    named = answers != "unknown"
    assert named.mean() > 0.7 and np.mean(answers[named] == pure[named]) > 0.95
    run(real_data / "mn2_acquired.npz", "--out", "acquired.csv")
    acquired = pd.read_csv("acquired.csv")["valence"]
    assert len(acquired) == 211 and np.mean(acquired == "Mn2+") > 0.8
    titanium = run(real_data / "sto_core_loss.dm3", "--element", "Mn")
    assert "unknown 1" in titanium.output
    run(real_data / "lsmo_linescan.hspy", "--out", "scan.csv")
    scan = pd.read_csv("scan.csv", keep_default_na=False)
    assert not (scan["valence"] == "Mn2+").any()
    assert scan["shift_eV"].between(-10, -6).all()


@pytest.mark.real_data
def test_edges_of_iron_chromium_and_cobalt_are_told_apart(run, real_data, tmp_path):
    path = real_data / "fe_cr_co_l23_eelsdb.csv"
    result = run(path, "--out", "table.csv")
    assert result.exit_code == 0, result.output
    table = pd.read_csv("table.csv", index_col="spectrum", keep_default_na=False)
    known = pd.read_csv(path).groupby("spectrum")["valence"].first().reindex(table.index)
    named = table["valence"] != "unknown"
    pure = known.isin(["Fe2+", "Fe3+", "Cr3+"])
    assert (table["valence"] == known)[named & pure].all()
    assert (named & pure).sum() >= 4
    assert not named["eelsdb_FeAl"], "a metal has none of the valences"
    elements = table["element"][named]
    assert all(name.lower().find(element.lower()) >= 0 for name, element in elements.items())


def test_a_spike_hides_no_edge_of_an_image(run, stubbed, tmp_path):
    image, labels = line_image((5, 6))
    image[2, 2, 30] = 10**8
    write_signal(tmp_path / "scan.hspy", image)
    result = run("scan.hspy", "--out", "table.csv")
    assert result.exit_code == 0, result.output
    read = pd.read_csv("table.csv")["valence"].to_numpy()
    assert np.mean(read == labels.ravel()) > 0.95


def test_complex_spectra_are_refused(run, stubbed, tmp_path):
    write_signal(tmp_path / "scan.hspy", line_image((2, 3))[0].astype(complex))
    result = run("scan.hspy")
    assert result.exit_code == 1 and "complex numbers, wanted are counts" in result.output
