"""Files of several signals, and signals with the navigation axes of their file."""

import h5py
import hyperspy.api as hs
import numpy as np
import pytest

from skspectra.exceptions import SpectrumWarning
from skspectra.io import list_signals, read_signal, read_spectra, to_matrix

ENERGY = 630 + 0.5 * np.arange(40)


def save(path, **signals):
    """A .hspy with several signals, called by their names."""
    for name, signal in signals.items():
        signal.metadata.General.title = name
        part = path.with_name(f"{name}.part.hspy")
        signal.save(part)
        with h5py.File(part) as file, h5py.File(path, "a") as both:
            both.attrs.update(file.attrs)
            file.copy(f"Experiments/{name}", both.require_group("Experiments"))
    return path


def spectra(shape=(2, 3), offset=630.0, scale=0.5, units="eV", factor=1.0):
    data = factor * np.arange(np.prod(shape, dtype=int) * 40.0).reshape(*shape, 40)
    axis = {"offset": offset, "scale": scale, "size": 40, "units": units, "navigate": False}
    axes = [{"size": size, "navigate": True, "units": "nm", "scale": 0.2} for size in shape]
    return hs.signals.Signal1D(data, axes=[*axes, axis | {"name": "Energy loss"}])


@pytest.fixture
def dual(tmp_path):
    return save(
        tmp_path / "dual.hspy",
        high=spectra(),
        low=spectra(offset=-10.0),
        survey=hs.signals.Signal2D(np.ones((4, 5))),
    )


def test_signals_are_listed(dual):
    table = list_signals(dual)
    assert table["title"].tolist() == ["high", "low", "survey"]
    assert table["navigation"].tolist() == [(2, 3), (2, 3), ()]
    assert table["signal"].tolist() == [(40,), (40,), (4, 5)]
    assert table.loc[1, ["start", "stop", "unit", "dtype"]].tolist() == [-10, 9.5, "eV", "float64"]


@pytest.mark.parametrize("chosen", [1, "low"])
def test_one_of_several_signals_is_chosen(dual, chosen):
    with pytest.raises(
        ValueError, match=r"dual\.hspy holds 2 signals of spectra.*number 0 is.*high.*signal"
    ):
        read_signal(dual)
    signal = read_signal(dual, chosen)
    assert signal._lazy
    assert signal.axes_manager.navigation_shape == (3, 2)
    assert signal.axes_manager[0].scale == 0.2
    X, axis, shape = to_matrix(signal)
    assert shape == (2, 3) and axis[0] == -10
    np.testing.assert_array_equal(X.compute(), np.arange(240.0).reshape(6, 40))
    rows, names = read_spectra(dual, axis, signal=chosen)
    np.testing.assert_array_equal(rows, X.compute())
    assert names[5] == "dual[1, 2]"


@pytest.mark.parametrize("chosen", [7, "middle"])
def test_signals_that_are_not_there_are_refused(dual, chosen):
    with pytest.raises(ValueError, match=f"holds 0 signals of number or title {chosen!r}"):
        read_signal(dual, chosen)
    with pytest.raises(ValueError, match="signal dimension 1"):
        read_signal(dual, "survey")


def test_survey_images_do_no_harm(tmp_path):
    image = hs.signals.Signal2D(np.ones((4, 5)))
    path = save(tmp_path / "a.hspy", survey=image, spectra=spectra())
    assert read_signal(path, lazy=False).metadata.General.title == "spectra"


@pytest.mark.parametrize("irregular", [False, True])
def test_axis_is_converted(tmp_path, irregular):
    signal = spectra(offset=0.63, scale=0.0005, units="keV")
    if irregular:
        signal.axes_manager[-1].convert_to_non_uniform_axis()
    signal.save(tmp_path / "a.hspy")
    energy = read_signal(tmp_path / "a.hspy").axes_manager[-1]
    np.testing.assert_allclose(energy.axis, ENERGY)
    assert energy.units == "eV"
    assert list_signals(tmp_path / "a.hspy").loc[0, "unit"] == "keV"


def test_units_are_checked(tmp_path):
    spectra(units="nm").save(tmp_path / "nm.hspy")
    with pytest.raises(ValueError, match=r"nm\.hspy: The axis .*holds length, no energy"):
        read_signal(tmp_path / "nm.hspy")
    assert read_signal(tmp_path / "nm.hspy", unit="nm").axes_manager[-1].units == "nm"
    spectra(units=None).save(tmp_path / "bare.hspy")
    with pytest.warns(SpectrumWarning, match=r"bare\.hspy comes without a unit.*to be in eV"):
        assert read_signal(tmp_path / "bare.hspy").axes_manager[-1].units == "eV"


def test_formats_that_cannot_be_lazy_are_read_whole(tmp_path):
    spectra(()).save(tmp_path / "a.msa")
    signal = read_signal(tmp_path / "a.msa")
    np.testing.assert_allclose(np.asarray(signal.data), np.arange(40))


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["lsmo_linescan.hspy", "cuzn_spectrum_image.hspy"])
def test_real_files_equal_hyperspys(real_data, name):
    signal, expected = read_signal(real_data / name), hs.load(real_data / name, signal_type="")
    np.testing.assert_array_equal(signal.data.compute(), expected.data)
    for axis, other in zip(signal.axes_manager._axes, expected.axes_manager._axes, strict=True):
        np.testing.assert_array_equal(axis.axis, other.axis)
    assert signal.metadata.General.title == expected.metadata.General.title


@pytest.mark.real_data
def test_real_dm3_is_read_lazily(real_data):
    signal = read_signal(real_data / "sto_core_loss.dm3")
    expected = hs.load(real_data / "sto_core_loss.dm3", signal_type="")
    np.testing.assert_array_equal(np.asarray(signal.data), expected.data)
    assert list_signals(real_data / "sto_core_loss.dm3")["unit"].tolist() == ["eV"]


def test_data_without_chunks_are_read_whole(tmp_path):
    path = save(tmp_path / "a.hspy", one=spectra())
    with h5py.File(path, "a") as file:
        data = file["Experiments/one/data"][...]
        del file["Experiments/one/data"]
        file["Experiments/one/data"] = data
    np.testing.assert_array_equal(read_signal(path), spectra().data)
