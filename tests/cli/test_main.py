import json
import pickle

import joblib
import numpy as np
import pytest
from click.testing import CliRunner
from line_reader import LineReader

import skspectra
from skspectra.cli import _demo, _readers
from skspectra.cli._classify import classify_files
from skspectra.cli._main import main


def pickled(function):
    """Function in place of `joblib.delayed`: a task that is pickled as on its way to a process."""

    def make_task(*args, **kwargs):
        return pickle.loads(pickle.dumps((function, args, kwargs)))

    return make_task


@pytest.fixture
def run(tmp_path, monkeypatch, request):
    """Run the command on a tiny simulation, in a folder of its own and in this process."""
    monkeypatch.setattr(_demo, "delayed", pickled)
    monkeypatch.setattr(_demo, "QUICK", _demo.Size(20, 20, n_points=2, max_epochs=2))
    monkeypatch.setattr(_demo, "N_FOLDS", 2)
    if request.node.get_closest_marker("real_data") is None:
        monkeypatch.setattr(_readers, "load_reader", lambda name: LineReader())
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments):
        with joblib.parallel_config(backend="sequential"):
            return CliRunner().invoke(main, ["demo", "--quick", *map(str, arguments)])

    return invoke


def write_table(path):
    energy = np.arange(620, 680, 0.2)
    lines = ["spectrum,valence,energy_eV,intensity"]
    for name, valence, peak in (("MnO", "Mn2+", 640), ("far off", "", 652), ("mixed", "Mn9+", 641)):
        values = np.exp(-(((energy - peak) / 1.5) ** 2)) + 0.1
        lines += [f"{name},{valence},{e:.1f},{v:.5f}" for e, v in zip(energy, values, strict=True)]
    path.write_text("\n".join(lines))
    return path


def test_demo_writes_tables_figures_and_every_number(run, tmp_path):
    energy = np.arange(600, 700, 0.5)
    lines = "\n".join(f"{e} {e - 599}" for e in energy)
    (tmp_path / "columns.txt").write_text(f"eV counts\n{lines}")
    table = write_table(tmp_path / "table.csv")
    result = run("--out", "results", "--spectra", table, tmp_path / "columns.txt")
    assert result.exit_code == 0, result.output
    out = tmp_path / "results"
    assert {p.name for p in out.iterdir()} == {
        "results.json", "simulated.png", "shifts.png", "spectra.png",
    }  # fmt: skip
    results = json.loads((out / "results.json").read_text())
    assert results["version"] == skspectra.__version__
    models = [
        "fully convolutional",
        "fully conv, invariant",
        "conv + dense",
        "dense",
        "random forest",
    ]
    assert list(results["accuracy"]) == models
    for scores in results["accuracy"].values():
        assert np.shape(scores) == (41, 2)
        assert 0 <= np.min(scores) <= np.max(scores) <= 1
    assert [record["name"] for record in results["spectra"]] == [
        "MnO",
        "far off",
        "mixed",
        "columns",
    ]
    assert [record["valence"] for record in results["spectra"]] == ["Mn2+", None, "Mn9+", None]
    held_out = results["accuracy_with_calibration_errors"]
    assert list(held_out) == models
    assert all(0 <= accuracy <= 1 for accuracy in held_out.values())
    shipped = [record["shipped reader"]["label"] for record in results["spectra"]]
    by_classify = classify_files([table, tmp_path / "columns.txt"], element="Mn")
    assert shipped == by_classify["valence"].tolist()
    moved = [record["moved_by_eV"] for record in results["spectra"]]
    assert moved[0] == moved[2] == 0
    assert -13 < moved[1] < -7
    for text in (*models, "MnO", "far off", "of 1)", "simulated, held out"):
        assert text in result.output


def test_demo_runs_without_spectra(run, tmp_path):
    result = run("--quiet")
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "skspectra-demo" / "results.json").read_text())["spectra"] == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no file"),
        ("", "empty"),
        ("eV counts\n300 1\n301 2\n302 3", "covers 300 to 302, none"),
    ],
)
def test_bad_file_is_one_line_before_anything_is_trained(
    run, tmp_path, monkeypatch, content, message
):
    monkeypatch.setattr(_demo, "make_l23_spectra", None)
    path = tmp_path / "bad.csv"
    if content is not None:
        path.write_text(content)
    result = run("--spectra", path)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert message in result.output and "bad.csv" in result.output
    assert not (tmp_path / "skspectra-demo").exists()


def test_format_without_its_library_is_one_line(run, tmp_path, monkeypatch):
    def raise_import_error(*args, **kwargs):
        raise ImportError("h5py is needed")

    monkeypatch.setattr(_demo, "read_spectra", raise_import_error)
    result = run("--spectra", tmp_path / "a.hspy")
    assert (result.exit_code, result.output) == (1, "Error: h5py is needed\n")


def test_files_need_the_option(run, tmp_path):
    result = run(tmp_path / "a.csv")
    assert result.exit_code == 2
    assert "put --spectra before it" in result.output


def test_a_seed_that_nothing_takes_is_refused_before_anything_is_made(run, tmp_path):
    assert run("--seed", -1).exit_code == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.real_data
def test_demo_classifies_the_literature_and_a_line_scan(run, real_data, tmp_path):
    result = run("--spectra", real_data / "mn_l23_literature.csv", real_data / "lsmo_linescan.hspy")
    assert result.exit_code == 0, result.output
    records = json.loads((tmp_path / "skspectra-demo" / "results.json").read_text())["spectra"]
    assert len(records) == 57
    assert all(record["moved_by_eV"] == 0 for record in records[:17])
    assert "lsmo_linescan (40)" in result.output
    assert all(6 < record["moved_by_eV"] < 10 for record in records[17:])
