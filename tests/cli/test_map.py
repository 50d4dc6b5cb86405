import json
import re
import warnings

import h5py
import hyperspy.api as hs
import numpy as np
import pytest
from click.testing import CliRunner
from line_reader import ENERGY, LineReader, line_image

from skspectra.cli import _map, _map_input, _readers
from skspectra.cli._main import main
from skspectra.datasets import make_l23_spectra
from skspectra.imaging._edges import nominal_l3

WRITTEN = {
    "map.png", "summary.json", "valence.hspy", "class.hspy", "probability.hspy",
    "uncertainty.hspy", "novelty.hspy", "report.html",
}  # fmt: skip


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(_readers, "load_reader", lambda name: LineReader())
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, ["map", *map(str, arguments)])


def write_image(path, shape=(5, 6), unit="eV", **changes):
    image, labels = line_image(shape, **changes)
    signal = hs.signals.Signal1D(image)
    energy = signal.axes_manager[-1]
    per_ev = {"eV": 1, "keV": 1e-3, "meV": 1e3}[unit]
    energy.offset, energy.scale, energy.units = ENERGY[0] * per_ev, 0.5 * per_ev, unit
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


@pytest.mark.parametrize("unit", ["keV", "meV"])
def test_axes_in_other_units_are_read(run, tmp_path, unit):
    labels = write_image(tmp_path / "scan.hspy", unit=unit)
    result = run("scan.hspy")
    assert result.exit_code == 0, result.output
    assert f"Mn2+ {(labels == 'Mn2+').sum()}, Mn3+" in result.output


def test_a_single_spectrum_is_drawn_and_read(run, tmp_path):
    signal = hs.signals.Signal1D(line_image((2,))[0][1])
    energy = signal.axes_manager[-1]
    energy.offset, energy.scale, energy.units = ENERGY[0], 0.5, "eV"
    signal.save(tmp_path / "one.hspy")
    result = run("one.hspy")
    assert result.exit_code == 0, result.output
    assert "spectra: Mn2+ 0, Mn3+ 1" in result.output
    assert {path.name for path in (tmp_path / "one-map").iterdir()} == WRITTEN


def test_the_signal_with_the_edge_is_taken_and_a_mask_is_kept(run, tmp_path):
    image, labels = line_image((12, 12))
    low_loss = np.random.default_rng(0).poisson(1000.0, image.shape)
    np.savez(tmp_path / "dual.npz", energy_eV=ENERGY, low=low_loss, core=image)
    np.save(tmp_path / "mask.npy", labels == "Mn3+")
    result = run("dual.npz", "--mask", "mask.npy", "--by", "pixels")
    assert result.exit_code == 0, result.output
    assert "'core', not" in result.output and "Mn3+ 0, no edge 36, masked 54" in result.output
    assert "Mn in 144 spectra" in result.output
    assert run("dual.npz", "--signal", "core").exit_code == 0


def test_an_image_that_stays_in_its_file_shows_its_progress(run, tmp_path, monkeypatch):
    labels = write_image(tmp_path / "scan.hspy")
    monkeypatch.setattr(_map_input, "_IN_MEMORY", 0)
    result = run("scan.hspy", "--by", "pixels")
    assert result.exit_code == 0, result.output
    assert re.search(r"^reading: 100%, (\d+) of \1 tasks, \d+ s$", result.output, re.MULTILINE)
    refused = run("scan.hspy", "--mask", "substrate")
    assert refused.exit_code == 1 and "the image is too large" in refused.output
    assert f"Mn2+ {(labels == 'Mn2+').sum()}, Mn3+" in result.output


def test_a_spike_and_saturated_channels_hide_no_edge(run, tmp_path):
    labels = write_image(tmp_path / "scan.hspy")
    signal = hs.load(tmp_path / "scan.hspy")
    signal.data[2, 2, 30] = 10**7
    signal.data[3, :, 150:160] = 65_535
    signal.save(tmp_path / "scan.hspy", overwrite=True)
    result = run("scan.hspy", "--by", "pixels")
    assert result.exit_code == 0, result.output
    assert f"Mn2+ {(labels == 'Mn2+').sum()}, Mn3+" in result.output


def test_complex_images_are_refused_in_one_line(run, tmp_path):
    hs.signals.Signal1D(line_image((4, 6))[0].astype(complex)).save(tmp_path / "scan.hspy")
    result = run("scan.hspy")
    assert result.exit_code == 1 and "dtype complex128" in result.output
    assert len(result.output.splitlines()) <= 3


def test_masks_that_do_not_fit_are_refused_by_name(run, tmp_path):
    write_image(tmp_path / "scan.hspy")
    (tmp_path / "text.npy").write_text("0 1")
    np.save(tmp_path / "turned.npy", np.zeros((6, 5), bool))
    for name, said in (
        ("missing.npy", "--mask is none or substrate, or a .npy file"),
        ("text.npy", "no .npy file of numbers"),
        ("turned.npy", r"must have the shape of the image, (5, 6), got (6, 5)"),
    ):
        result = run("scan.hspy", "--mask", name)
        assert result.exit_code == 1 and said in result.output
    assert not (tmp_path / "scan-map").exists()


def test_the_substrate_is_masked_on_request(run, tmp_path):
    labels = write_image(tmp_path / "scan.hspy", (16, 16))
    result = run("scan.hspy", "--mask", "substrate", "--by", "pixels")
    assert result.exit_code == 0, result.output
    assert f"{(labels == 'unknown').sum()} of 256 spectra are masked" in result.output
    counts = json.loads((tmp_path / "scan-map" / "summary.json").read_text())["counts"]
    assert counts == {
        "Mn2+": int((labels == "Mn2+").sum()),
        "Mn3+": int((labels == "Mn3+").sum()),
        "masked": int((labels == "unknown").sum()),
    }


def test_every_element_of_a_file_has_a_map(tmp_path, monkeypatch):
    energy = np.arange(600.0, 780.0, 0.5)
    edges = [
        make_l23_spectra(
            1, ions=[ion], spectral_axis=energy, shift=0, stretch=0, resolution=0.8, thickness=0.2,
            n_points=1, dose=None, residual_background=0, random_state=0,
        ).data[0].clip(0)
        for ion in ("Mn3+", "Fe3+")
    ]  # fmt: skip
    row, column = np.indices((12, 14))
    amounts = np.stack([row < 8, column > 4], axis=-1)
    expected = 1e5 * (2 * (energy / 640) ** -3.0 + amounts @ np.stack(edges))
    signal = hs.signals.Signal1D(np.random.default_rng(0).poisson(expected))
    axis = signal.axes_manager[-1]
    axis.offset, axis.scale, axis.units = energy[0], 0.5, "eV"
    signal.save(tmp_path / "two.hspy")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["map", "two.hspy"])
    assert result.exit_code == 0, result.output
    folder = tmp_path / "two-map"
    assert {path.name for path in folder.iterdir()} == {"Mn", "Fe", "summary.json"}
    summary = json.loads((folder / "summary.json").read_text())["elements"]
    for element, amount in zip(("Mn", "Fe"), np.moveaxis(amounts, -1, 0), strict=True):
        assert {path.name for path in (folder / element).iterdir()} == WRITTEN
        counts = summary[element]["counts"]
        assert counts["no edge"] == pytest.approx((amount == 0).sum(), abs=3)
        assert counts[f"{element}3+"] > amount.sum() / 2
        assert (hs.load(folder / element / "class.hspy").data[amount == 0] < 0).mean() > 0.95
    assert CliRunner().invoke(main, ["map", "two.hspy"]).exit_code == 0, "it is replaced"


def test_edges_that_lie_off_unlike_each_other_are_not_both_believed(monkeypatch):
    found = {"Mn": 634.0, "Fe": 716.0}
    choices = [_readers.ChosenReader(name, None, "", energy) for name, energy in found.items()]
    monkeypatch.setattr(_readers, "_choices", lambda *_: iter(choices))
    said = []
    chosen = _readers.choose_readers(None, None, say=said.append)
    assert [each.element for each in chosen] == ["Mn"]
    assert "716.0 eV is not taken for Fe" in said[0] and "Mn lies -8" in said[0]


def test_earlier_results_are_replaced_and_other_folders_are_not(run, tmp_path):
    write_image(tmp_path / "scan.hspy")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    result = run("scan.hspy", "--out", "mine")
    assert result.exit_code == 1 and "holds thesis.tex, which is no earlier result" in result.output
    for _ in range(2):
        assert run("scan.hspy", "--out", "again").exit_code == 0
    (tmp_path / "scan.hspy").rename(tmp_path / "again" / "scan.hspy")
    result = run("again/scan.hspy", "--out", "again")
    assert result.exit_code == 1 and "again holds scan.hspy, which is no" in result.output
    (tmp_path / "again" / "scan.hspy").rename(tmp_path / "scan.hspy")
    assert {path.name for path in tmp_path.iterdir()} == {"scan.hspy", "mine", "again"}


def test_nothing_is_left_behind_when_it_is_interrupted(run, tmp_path, monkeypatch):
    write_image(tmp_path / "scan.hspy")
    assert run("scan.hspy").exit_code == 0
    before = (tmp_path / "scan-map" / "summary.json").read_text()

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(_map, "draw_map", interrupt)
    result = run("scan.hspy")
    assert result.exit_code == 130 and result.output.endswith("Interrupted.\n")
    assert (tmp_path / "scan-map" / "summary.json").read_text() == before
    assert {path.name for path in tmp_path.iterdir()} == {"scan.hspy", "scan-map"}


def test_a_file_without_an_edge_is_one_line(run, tmp_path):
    write_image(tmp_path / "nothing.hspy", counts=10.0, shift=500.0)
    result = run("nothing.hspy")
    assert result.exit_code == 1 and "No L2,3 edge of Ti, V" in result.output
    assert run("missing.hspy").exit_code == 1
    (tmp_path / "text.csv").write_text("energy_eV,counts\n1,2\n")
    assert "text.csv is text, which holds spectra but no image" in run("text.csv").output
    (tmp_path / "text.csv").unlink()
    assert run("nothing.hspy", "--element", "Xx").exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["nothing.hspy"]


def test_the_axis_is_corrected_by_the_zero_loss_peak_of_the_file(run, tmp_path):
    image, _ = line_image((4, 6), shift=-5.0)
    energy = np.arange(-20.0, 80.0, 0.5)
    drift = -5.0 + np.linspace(-0.3, 0.3, 24).reshape(4, 6, 1)
    signals = []
    for data, offset, title in (
        (1e5 * np.exp(-((energy - drift) ** 2)), -20.0, "low"),
        (image.astype(float), ENERGY[0], "core"),
    ):
        signal = hs.signals.Signal1D(data)
        axis = signal.axes_manager[-1]
        axis.offset, axis.scale, axis.units = offset, 0.5, "eV"
        signal.metadata.General.title = title
        signals.append(signal)
    write_dual(tmp_path / "dual.hspy", signals)
    result = run("dual.hspy")
    assert result.exit_code == 0, result.output
    summary = json.loads((tmp_path / "dual-map" / "summary.json").read_text())
    assert summary["zero_loss_eV"] == pytest.approx(-5.0, abs=0.1)
    assert summary["zero_loss_drift_eV"] == pytest.approx(0.6, abs=0.1)
    assert summary["shift_eV"] == pytest.approx(0.0, abs=0.3)
    assert summary["edge_eV"] == pytest.approx(nominal_l3("Mn"), abs=0.2)


def write_dual(path, signals):
    """Two experiments in one file of HyperSpy."""
    for number, signal in enumerate(signals):
        signal.save(path.with_name(f"{number}.hspy"))
    with h5py.File(path, "w") as dual:
        for number in range(len(signals)):
            with h5py.File(path.with_name(f"{number}.hspy")) as one:
                for name, value in one.attrs.items():
                    dual.attrs[name] = value
                dual.require_group("Experiments")
                name = next(iter(one["Experiments"]))
                one.copy(f"Experiments/{name}", dual["Experiments"], name=f"{number} {name}")


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "element"),
    [
        ("lsmo_linescan.hspy", "auto"),
        ("cuzn_spectrum_image.hspy", "Fe"),
        ("sto_core_loss.dm3", "Mn"),
    ],
)
def test_real_files_are_mapped_or_refused_in_one_line(real_data, tmp_path, name, element):
    out = tmp_path / "map"
    arguments = ["map", str(real_data / name), "--element", element, "--out", str(out)]
    result = CliRunner().invoke(main, arguments)
    if result.exit_code:
        assert result.exit_code == 1 and "Error: " in result.output, result.exception
        assert not out.exists()
        return
    summary = json.loads((out / "summary.json").read_text())
    signal = hs.load(out / "valence.hspy")
    assert summary["pixels"] == max(signal.axes_manager.navigation_size, 1)
    if element == "auto":
        assert summary["element"] == "Mn" and summary["edge_eV"] == pytest.approx(634.5, abs=0.5)
        known = signal.data[np.isfinite(signal.data)]
        assert known.size > 10 and 3 < np.median(known) < 4
    else:
        assert all(n == 0 for label, n in summary["counts"].items() if "+" in label)
