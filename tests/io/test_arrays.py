"""Spectra in .npz and .npy files."""

import io
import zipfile

import numpy as np
import pytest

from skspectra.exceptions import SpectrumWarning
from skspectra.io import list_signals, read_signal, read_spectra

ENERGY = np.arange(630.0, 650, 0.5)
ROW = np.abs(ENERGY - 640)
AXIS = [635.0, 636.25, 640.5]
ONE = np.array([5, 3.75, 0.5])


@pytest.mark.parametrize(
    ("arrays", "columns"),
    [
        ({"energy_eV": ENERGY, "intensity": ROW}, None),
        ({"intensity": ROW.astype(np.float32), "energy_keV": ENERGY / 1000}, None),
        ({"Energy (eV)": ENERGY, "X": ROW[None], "target": np.array(["Mn2+"])}, None),
        ({"X": ROW[None], "y": np.array([2]), "Energy (eV)": ENERGY}, None),
        ({"energy_eV": ENERGY[::-1], "counts": ROW[::-1], "sigma": ROW}, None),
        ({"energy_eV": ENERGY, "a": ROW, "b": 2 * ROW}, ("energy_eV", "a")),
    ],
)
def test_arrays_are_found_by_their_names(tmp_path, arrays, columns):
    np.savez(tmp_path / "MnO.npz", **arrays)
    X, _ = read_spectra(tmp_path / "MnO.npz", AXIS, columns=columns)
    np.testing.assert_allclose(X, [ONE], rtol=1e-6)


def test_images_keep_their_shape(tmp_path):
    path = tmp_path / "image.npz"
    scale = 1 + np.arange(6).reshape(2, 3, 1)
    np.savez_compressed(path, energy_eV=ENERGY, counts=scale * ROW)
    X, names = read_spectra(path, AXIS)
    np.testing.assert_allclose(X, scale.reshape(6, 1) * ONE)
    assert names[[0, 5]].tolist() == ["image[0, 0]", "image[1, 2]"]
    signal = read_signal(path)
    assert signal.axes_manager.navigation_shape == (3, 2)
    np.testing.assert_allclose(signal.inav[2, 1].data, 6 * ROW)
    assert list_signals(path).loc[0, ["navigation", "unit"]].tolist() == [(2, 3), "eV"]


def test_columns_of_npy(tmp_path):
    np.save(tmp_path / "a.npy", np.stack([ENERGY, ROW], axis=1))
    with pytest.warns(SpectrumWarning, match="1 of 1 spectra come without a unit"):
        np.testing.assert_allclose(read_spectra(tmp_path / "a.npy", AXIS)[0], [ONE])
    table = np.rec.fromarrays([ROW, ENERGY], names="counts,energy_eV")
    np.save(tmp_path / "b.npy", table)
    np.testing.assert_allclose(read_spectra(tmp_path / "b.npy", AXIS)[0], [ONE])


def test_precision_is_single_or_double(tmp_path):
    np.savez(tmp_path / "a.npz", energy_eV=ENERGY.astype("g"), counts=ROW.astype("g"))
    X, _ = read_spectra(tmp_path / "a.npz", AXIS)
    assert X.dtype == np.float64


def test_energies_out_of_order_are_sorted_or_refused_by_name(tmp_path):
    order = np.random.default_rng(0).permutation(40)
    np.savez(tmp_path / "a.npz", energy_eV=ENERGY[order], counts=ROW[order])
    np.testing.assert_allclose(read_spectra(tmp_path / "a.npz", AXIS)[0], [ONE])
    with pytest.raises(ValueError, match=r"a\.npz: .*axis needs to be ordered"):
        read_signal(tmp_path / "a.npz")


def test_arrays_without_unit_are_warned_about(tmp_path):
    np.savez(tmp_path / "a.npz", spectral_axis=ENERGY, X=ROW[None], y=np.array([2]))
    with pytest.warns(SpectrumWarning, match="1 of 1 spectra come without a unit"):
        read_spectra(tmp_path / "a.npz", AXIS)
    with pytest.warns(SpectrumWarning, match=r"axis of .*a\.npz comes without a unit"):
        assert read_signal(tmp_path / "a.npz").axes_manager[-1].units == "eV"


class Evil:
    def __reduce__(self):
        return (exec, ("raise SystemExit('unpickled')",))


def big_header():
    """A header that promises far more than the file holds."""
    stream = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (10**11,)}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + b"\0" * 80


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"energy_eV": ENERGY, "counts": np.array([Evil()])}, "Python objects are not read"),
        (
            {"energy_eV": ENERGY[1:], "counts": ROW},
            r"no column of intensity.*energy_eV. .39,. float64, .counts. .40,. float64",
        ),
        ({"energy_eV": ENERGY, "energy_keV": ENERGY, "counts": ROW}, "may be the energy"),
        ({"energy_eV": ENERGY, "counts": ROW, "intensity": ROW}, "may be the intensity"),
        ({"spectral_axis": ENERGY, "X": np.tile(ROW, (40, 1)), "y": ROW}, "intensity: 'X', 'y'"),
        ({"energy_eV": ENERGY, "counts": ROW > 1}, "no column of intensity.*bool"),
        ({"wavelength_nm": ENERGY, "counts": ROW}, "holds length, no energy"),
        ({"energy_eV": ENERGY, "counts": np.ones((0, 40))}, "holds no spectra"),
        ({"counts": ROW}, "no column of energy|no column of intensity"),
        ({}, "holds no arrays"),
    ],
)
def test_other_arrays_are_refused_by_name(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=rf"a\.npz.*({message})"):
        read_spectra(tmp_path / "a.npz", AXIS)


def test_damaged_files_are_refused_by_name(tmp_path):
    good = io.BytesIO()
    np.savez(good, energy_eV=ENERGY, counts=ROW)
    with zipfile.ZipFile(tmp_path / "big.npz", "w") as archive:
        archive.writestr("energy_eV.npy", big_header())
    (tmp_path / "big.npy").write_bytes(big_header())
    (tmp_path / "half.npz").write_bytes(good.getvalue()[:200])
    (tmp_path / "text.npy").write_text("635,5")
    np.save(tmp_path / "evil.npy", np.array([Evil()]), allow_pickle=True)
    np.save(tmp_path / "bare.npy", np.ones((3, 40, 5)))
    for name in ("big.npz", "big.npy", "half.npz", "text.npy", "evil.npy", "bare.npy"):
        with pytest.raises(ValueError, match=name):
            read_spectra(tmp_path / name, AXIS)


def test_arrays_of_one_name_are_refused(tmp_path):
    path = tmp_path / "twice.npz"
    np.savez(path, energy_eV=ENERGY, counts=ROW)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("counts", archive.read("counts.npy"))
    with pytest.raises(ValueError, match=r"twice\.npz.*more than one array is called 'counts'"):
        read_spectra(path, AXIS)


@pytest.mark.parametrize("dtype", ["V0", "S0", "U0"])
def test_elements_without_size_are_refused_at_once(tmp_path, dtype):
    header = {"descr": f"|{dtype}", "fortran_order": False, "shape": (10**12, 2)}
    with (tmp_path / "a.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(ValueError, match=r"a\.npy.*are no array of"):
        read_spectra(tmp_path / "a.npy", AXIS)


def test_little_that_would_take_much_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("skspectra.io._safety._MUCH", 10**6)
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, energy_eV=ENERGY, counts=np.zeros((5000, 40)))
    with pytest.raises(ValueError, match=r"bomb\.npz.*not safe to read: counts\.npy has \d+ bytes"):
        read_spectra(path, AXIS)
    rng = np.random.default_rng(0)
    np.savez_compressed(path, energy_eV=ENERGY, counts=rng.poisson(0.1, (5000, 40)))
    assert len(read_spectra(path, AXIS)[0]) == 5000
