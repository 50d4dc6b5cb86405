import json
import warnings

import hyperspy.api as hs
import numpy as np
import pytest
from click.testing import CliRunner
from line_reader import ENERGY, LineReader, line_image

from skspectra.cli import _map, _readers
from skspectra.cli._main import main

WRITTEN = {
    "map.png", "summary.json", "valence.hspy", "class.hspy", "probability.hspy",
    "uncertainty.hspy", "novelty.hspy", "report.html",
}  # fmt: skip


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(_readers, "load_reader", lambda name: LineReader())
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, ["map", *map(str, arguments)])


def write_image(path, shape=(5, 6), **changes):
    image, labels = line_image(shape, **changes)
    signal = hs.signals.Signal1D(image)
    energy = signal.axes_manager[-1]
    energy.offset, energy.scale, energy.units = ENERGY[0], 0.5, "eV"
    for axis in signal.axes_manager.navigation_axes:
        axis.scale, axis.units = 0.4, "nm"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signal.save(path)
    return labels


@pytest.mark.parametrize("shape", [(6,), (5, 6), (2, 5, 6)])
def test_map_writes_pictures_signals_and_a_summary(run, tmp_path, shape):
    labels = write_image(tmp_path / "scan.hspy", shape, shift=-5.0)
    result = run("scan.hspy")
    assert result.exit_code == 0, result.output
    out = tmp_path / "scan-map"
    assert {path.name for path in out.iterdir()} == WRITTEN
    summary = json.loads((out / "summary.json").read_text())
    assert summary["element"] == "Mn" and summary["pixels"] == labels.size
    assert summary["counts"]["Mn2+"] == (labels == "Mn2+").sum()
    assert summary["shift_eV"] == pytest.approx(-5, abs=0.5)
    valence = hs.load(out / "valence.hspy")
    assert valence.axes_manager.navigation_shape == shape[::-1]
    assert valence.axes_manager.navigation_axes[0].scale == 0.4
    np.testing.assert_array_equal(np.isnan(valence.data), labels == "unknown")


def test_earlier_results_are_replaced_and_other_folders_are_not(run, tmp_path):
    write_image(tmp_path / "scan.hspy")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    result = run("scan.hspy", "--out", "mine")
    assert result.exit_code == 1 and "holds no earlier results" in result.output
    for _ in range(2):
        assert run("scan.hspy", "--out", "again").exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"scan.hspy", "mine", "again"}


def test_nothing_is_left_behind_when_it_is_interrupted(run, tmp_path, monkeypatch):
    write_image(tmp_path / "scan.hspy")
    assert run("scan.hspy").exit_code == 0
    before = (tmp_path / "scan-map" / "summary.json").read_text()

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(_map, "draw_map", interrupt)
    assert run("scan.hspy").exit_code != 0
    assert (tmp_path / "scan-map" / "summary.json").read_text() == before
    assert {path.name for path in tmp_path.iterdir()} == {"scan.hspy", "scan-map"}


def test_a_file_without_an_edge_is_one_line(run, tmp_path):
    write_image(tmp_path / "nothing.hspy", counts=10.0, shift=500.0)
    result = run("nothing.hspy")
    assert result.exit_code == 1 and "No L2,3 edge of Ti, V" in result.output
    assert run("missing.hspy").exit_code == 1
    assert run("nothing.hspy", "--element", "Xx").exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["nothing.hspy"]
