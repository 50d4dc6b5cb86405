import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
import xarray as xr
from line_reader import ENERGY, LineReader, line_image
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from skspectra.datasets import make_particle_image
from skspectra.imaging import find_edges, read_image
from skspectra.imaging._dose import _squares, pixels_or_phases
from skspectra.imaging._image import spectrum_image
from skspectra.models import load_pretrained
from skspectra.readers import ValenceReader


def as_signal(image, axis=ENERGY):
    signal = hs.signals.Signal1D(image)
    energy = signal.axes_manager[-1]
    energy.offset, energy.scale, energy.units = axis[0], axis[1] - axis[0], "eV"
    return signal


@pytest.mark.parametrize("shape", [(6,), (5, 6), (2, 5, 6)])
def test_maps_say_what_the_reader_says_with_the_axes_of_the_image(shape):
    image, labels = line_image(shape)
    maps = read_image(LineReader(), as_signal(image))
    assert maps.codes.shape == shape
    named = np.append(maps.classes, "unknown")[maps.codes]
    np.testing.assert_array_equal(named, labels)
    np.testing.assert_array_equal(maps.reasons == "no edge", labels == "unknown")
    assert maps.valence.axes_manager.navigation_shape == shape[::-1]
    np.testing.assert_array_equal(np.isnan(maps.valence.data), labels == "unknown")
    np.testing.assert_allclose(maps.uncertainty.data[labels != "unknown"], 0.1)
    assert maps.probability.data.shape == (*shape, 2)
    assert sum(maps.counts().values()) == labels.size
    assert len(maps.slices()) == (2 if len(shape) == 3 else 1)


def test_lazy_images_and_arrays_give_the_same_maps():
    image, _ = line_image((5, 6))
    expected = read_image(LineReader(), as_signal(image))
    lazy = read_image(LineReader(), as_signal(da.from_array(image, chunks=(2, 4, 50))).as_lazy())
    array = read_image(LineReader(), image, spectral_axis=ENERGY)
    for maps in (lazy, array):
        np.testing.assert_array_equal(maps.codes, expected.codes)
    np.testing.assert_array_equal(lazy.novelty.data, expected.novelty.data)
    np.testing.assert_array_equal(array.novelty, expected.novelty.data)


def test_masked_pixels_are_left_out_and_said_so():
    image, _ = line_image((5, 6))
    mask = np.zeros((5, 6), bool)
    mask[0, :2] = True
    maps = read_image(LineReader(), as_signal(image), mask=mask)
    assert (maps.reasons[0, :2] == "masked").all() and np.isnan(maps.valence.data[0, :2]).all()
    assert maps.counts() == {"Mn2+": 10, "Mn3+": 12, "no edge": 6, "masked": 2}


def test_classes_are_written_into_the_signal():
    image, _ = line_image((5, 6))
    signal = read_image(LineReader(), as_signal(image)).class_signal()
    assert signal.metadata.Signal.classes == ["Mn2+", "Mn3+"]
    assert signal.data.dtype == np.int16 and signal.data.min() == -1


@pytest.mark.parametrize("shift", [-11.0, 0.0, 11.0])
def test_edges_are_found_where_they_lie(shift):
    image, _ = line_image((5, 6), shift=shift)
    edges = find_edges(da.from_array(image, chunks=(2, 6, 60)), spectral_axis=ENERGY)
    assert edges["element"].tolist() == ["Mn"]
    assert edges["shift"][0] == pytest.approx(shift, abs=0.3)
    assert find_edges(image[-1], spectral_axis=ENERGY).empty
    assert find_edges(image[..., :40], spectral_axis=ENERGY[:40]).empty


class BoundedReader(LineReader):
    """Gives intervals that end at the lowest and the highest valence."""

    def read(self, spectra, spectral_axis=None):
        table = super().read(spectra, spectral_axis)
        return table.assign(**table[["lower", "upper"]].clip(2, 3))


def test_intervals_of_phases_end_where_the_reader_ends_them():
    image, labels = line_image((24, 24), counts=20)
    maps = read_image(BoundedReader(), image, spectral_axis=ENERGY, by="phases")
    lower, upper = (maps.known(name)[labels != "unknown"] for name in ("lower", "upper"))
    assert np.nanmin(lower) >= 2 and np.nanmax(upper) <= 3
    assert (upper - lower)[np.isfinite(upper)].min() > 0


def test_at_a_low_dose_phases_are_read_and_the_choice_is_told():
    image, labels = line_image((24, 24), counts=20)
    maps = read_image(LineReader(), image, spectral_axis=ENERGY, by="auto")
    assert maps.by == "phases" and "of single pixels can be named" in maps.why
    right = np.append(maps.classes, "unknown")[maps.codes] == labels
    assert right.mean() > 0.97
    pixels = read_image(LineReader(), image, spectral_axis=ENERGY)
    assert pixels.by == "pixels" and pixels.phases is None
    bright, _ = line_image((24, 24), counts=2000)
    assert read_image(LineReader(), bright, spectral_axis=ENERGY, by="auto").by == "pixels"
    few = read_image(LineReader(), image[:4, :4], spectral_axis=ENERGY, by="auto")
    assert few.by == "pixels" and "too few" in few.why
    with pytest.raises(ValueError, match="by must be"):
        read_image(LineReader(), image, spectral_axis=ENERGY, by="voxels")


@pytest.mark.parametrize(
    ("reader", "error", "message"),
    [
        (ValenceReader, TypeError, "got <class .*ValenceReader"),
        ("mn-l23", TypeError, r"load_pretrained\('mn-l23'\) gives, got 'mn-l23'"),
        (LogisticRegression(), TypeError, r"got LogisticRegression\(\). predict_image applies"),
        (ValenceReader(), NotFittedError, "ValenceReader instance is not fitted"),
    ],
)
def test_what_is_no_fitted_reader_is_refused(reader, error, message):
    with pytest.raises(error, match=message):
        read_image(reader, line_image((2, 4))[0], spectral_axis=ENERGY)


@pytest.mark.parametrize("by", ["pixels", "phases"])
def test_defects_are_repaired_and_counted_and_a_mask_is_kept(by):
    image, labels = line_image((12, 12))
    image = image.astype(float)
    image[3, 3], image[5, 5, 100] = np.nan, 90_000
    mask = np.zeros((12, 12), bool)
    mask[0] = True
    maps = read_image(LineReader(), image, spectral_axis=ENERGY, by=by, mask=mask)
    assert maps.n_replaced[3, 3] == ENERGY.size and maps.n_replaced[5, 5] >= 1
    assert (maps.n_replaced > 0).sum() == 2
    assert (maps.reasons[0] == "masked").all()
    named = np.append(maps.classes, "unknown")[maps.codes]
    np.testing.assert_array_equal(named[1:], labels[1:])
    if by == "pixels":
        broken = read_image(LineReader(), image, spectral_axis=ENERGY, repair=False)
        assert broken.reasons[3, 3] == "masked" and not broken.n_replaced.any()


def test_squares_hold_neighbours_in_lines_planes_and_stacks():
    spectra = np.random.default_rng(0).uniform(size=(2, 6, 7, 5))
    squares = _squares(spectra[0])
    assert squares.shape == (4, 9, 5)
    np.testing.assert_array_equal(squares[1].reshape(3, 3, 5), spectra[0, :3, 3:6])
    np.testing.assert_array_equal(_squares(spectra[0, 0])[1], spectra[0, 0, 3:6])


def test_the_particle_at_thirty_counts_is_read_by_phases_though_most_of_it_is_substrate():
    image = make_particle_image(30, random_state=1)
    pixels = spectrum_image(image.data, image.spectral_axis)
    mask = np.zeros(image.valence.shape, dtype=bool)
    by, said = pixels_or_phases(load_pretrained("mn-l23"), pixels, mask)
    assert by == "phases", said


def test_units_of_a_signal_are_compared_with_electron_volts():
    image, _ = line_image((3, 4))
    signal = as_signal(image)
    wanted, edges = read_image(LineReader(), signal), find_edges(signal)
    axis = signal.axes_manager[-1]
    axis.offset, axis.scale, axis.units = ENERGY[0] / 1e3, axis.scale / 1e3, "keV"
    np.testing.assert_array_equal(read_image(LineReader(), signal).codes, wanted.codes)
    np.testing.assert_allclose(find_edges(signal)["energy"], edges["energy"])
    axis.units = "nm"
    for read in (find_edges, lambda each: read_image(LineReader(), each)):
        with pytest.raises(ValueError, match="holds length, no energy.*units in the axes_manager"):
            read(signal)


def test_energies_of_arrays_may_be_coordinates_and_lie_last():
    image, _ = line_image((3, 4))
    array = xr.DataArray(image, dims=("y", "x", "energy"), coords={"energy": ENERGY})
    wanted = read_image(LineReader(), image, spectral_axis=ENERGY)
    np.testing.assert_array_equal(read_image(LineReader(), array).codes, wanted.codes)
    with pytest.raises(ValueError, match=r"lie along axis 0.*np.moveaxis\(image, 0, -1\)"):
        read_image(LineReader(), np.moveaxis(image, -1, 0), spectral_axis=ENERGY)
