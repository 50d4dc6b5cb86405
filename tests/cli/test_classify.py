import warnings

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from skspectra.cli._main import main
from skspectra.datasets import make_l23_spectra
from skspectra.io._hyperspy import import_hyperspy

ENERGY = np.arange(600, 700, 0.25)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, ["classify", *map(str, arguments)])


def measured(shift):
    """Three spectra of each Mn ion, on a background, from an instrument that is off by a shift."""
    X, y = make_l23_spectra(
        3,
        spectral_axis=ENERGY,
        shift=shift,
        stretch=0,
        dose=20_000,
        background=0,
        residual_background=0,
        n_points=3,
        random_state=0,
        return_X_y=True,
    )
    return 1000 * (X + 5 * (ENERGY / 600) ** -3), y


def write_signal(path, data):
    hs = import_hyperspy()
    signal = hs.signals.Signal1D(data)
    axis = signal.axes_manager[-1]
    axis.offset, axis.scale, axis.units = ENERGY[0], 0.25, "eV"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signal.save(path)
    return path


@pytest.mark.parametrize("shift", [-7, 0, 7, 11])
def test_line_scan_is_read_wherever_the_edge_is(run, tmp_path, shift):
    X, y = measured(shift)
    result = run(write_signal(tmp_path / "scan.hspy", X), "--out", "table.csv")
    assert result.exit_code == 0, result.output
    table = pd.read_csv(tmp_path / "table.csv", keep_default_na=False)
    assert table["spectrum"].tolist() == [f"scan[{number}]" for number in range(9)]
    assert np.mean(table["valence"] == y) > 0.85
    np.testing.assert_allclose(table["shift_eV"], shift, atol=1.5)
    assert (table["warning"] == "").sum() >= 8
    assert result.output.startswith("9 spectra: Mn2+ ")


def test_single_spectrum_and_image_are_named_and_printed(run, tmp_path):
    X, y = measured(2)
    one = tmp_path / "one.csv"
    points = "\n".join(f"{e},{value}" for e, value in zip(ENERGY, X[0], strict=True))
    one.write_text("energy_eV,counts\n" + points)
    image = write_signal(tmp_path / "image.hspy", X[:6].reshape(2, 3, -1))
    result = run(one, image)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].split() == [
        "spectrum", "valence", "probability", "shift_eV", "novelty", "warning",
    ]  # fmt: skip
    assert lines[1].split()[:2] == ["one", y[0]]
    assert lines[-2].split("]")[0].strip() == "image[1, 2"
    assert lines[-1].startswith("7 spectra: ")
    assert {path.name for path in tmp_path.iterdir()} == {"one.csv", "image.hspy"}


def test_what_is_no_manganese_is_warned_about(run, tmp_path):
    noise = np.random.default_rng(0).normal(size=(3, ENERGY.size))
    X = np.concatenate([np.ones((1, ENERGY.size)), noise])
    result = run(write_signal(tmp_path / "nothing.hspy", X))
    assert result.exit_code == 0, result.output
    assert result.output.count("no edge") == 4
    assert result.output.endswith("4 spectra: unknown 4\n")


def test_errors_are_one_line_and_leave_nothing_behind(run, tmp_path):
    (tmp_path / "far.csv").write_text("300,1\n301,2\n302,3")
    for arguments, message in (
        (["missing.csv"], "There is no file missing.csv"),
        (["far.csv", "--out", "table.csv"], "covers 300 to 302, none"),
        (["far.csv", "--out", "nowhere/table.csv"], "There is no folder nowhere"),
        (["far.csv", "--out", "table.xlsx"], "table.xlsx must end in .csv"),
    ):
        result = run(*arguments)
        assert result.exit_code == 1
        assert result.output.startswith("Error: ") and message in result.output
    assert run().exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["far.csv"]


@pytest.mark.real_data
def test_real_spectra_are_read_and_strontium_titanate_is_warned_about(run, real_data, tmp_path):
    literature = real_data / "mn_l23_literature.csv"
    result = run(literature, "--out", "table.csv")
    assert result.exit_code == 0, result.output
    table = pd.read_csv("table.csv", index_col="spectrum")
    known = pd.read_csv(literature).groupby("spectrum")["valence"].first()
    pure = known[known.isin(["Mn2+", "Mn3+", "Mn4+"])]
    assert np.mean(table.loc[pure.index, "valence"] == pure) > 0.8
    assert "no edge" in run(real_data / "sto_core_loss.dm3").output
    run(real_data / "lsmo_linescan.hspy", "--out", "scan.csv")
    scan = pd.read_csv("scan.csv", keep_default_na=False)
    assert np.mean(scan["valence"] != "Mn2+") > 0.9
    assert np.mean(scan["warning"] == "") > 0.9
    assert scan["shift_eV"].between(-10, -6).all()
