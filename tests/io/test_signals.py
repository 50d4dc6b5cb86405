import dask.array as da
import hyperspy.api as hs
import numpy as np
import pandas as pd
import pytest

from skspectra.io import from_rows, to_matrix

SHAPES = [(), (3,), (3, 4), (2, 3, 4)]
AXES = {
    "uniform": {"offset": 630.0, "scale": 0.5, "size": 7},
    "decreasing": {"offset": 630.0, "scale": -0.5, "size": 7},
    "irregular": {"axis": [630.0, 631, 633, 634, 636, 640, 641]},
    "irregular decreasing": {"axis": [641.0, 640, 636, 634, 633, 631, 630]},
    "functional": {
        "_type": "FunctionalDataAxis",
        "expression": "a * x**2",
        "a": 10.0,
        "x": {"offset": 7.0, "scale": 0.1, "size": 7},
    },
}


def make_signal(shape=(3, 4), axis="uniform", **options):
    """A signal whose numbers are all different, so that no two places can be confused."""
    data = np.arange(np.prod(shape, dtype=int) * 7, dtype=np.float64).reshape(*shape, 7)
    navigation = [
        {"size": size, "navigate": True, "scale": 0.1 + i, "offset": 5.0 - i, "units": "nm"}
        for i, size in enumerate(shape)
    ]
    energy = AXES[axis] | {"navigate": False, "name": "Energy loss", "units": "eV"}
    metadata = {"General": {"title": "MnO"}}
    return hs.signals.Signal1D(data, axes=[*navigation, energy], metadata=metadata, **options)


def axes_of(signal):
    return signal.axes_manager.as_dictionary()


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_are_the_spectra_in_numpy_order(shape):
    signal = make_signal(shape)
    X, spectral_axis, out_shape = to_matrix(signal)
    assert out_shape == shape
    assert X.shape == (np.prod(shape, dtype=int), 7)
    np.testing.assert_array_equal(spectral_axis, [630, 630.5, 631, 631.5, 632, 632.5, 633])
    assert np.shares_memory(X, signal.data)
    for row, index in enumerate(np.ndindex(shape)):
        pixel = signal.inav[index[::-1]] if shape else signal
        np.testing.assert_array_equal(X[row], pixel.data)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("shape", SHAPES)
def test_round_trip_is_exact(shape, axis):
    signal = make_signal(shape, axis)
    X, spectral_axis, _ = to_matrix(signal)
    assert np.all(np.diff(spectral_axis) > 0)
    result = from_rows(X, signal)
    np.testing.assert_array_equal(result.data, signal.data)
    assert result.data.dtype == signal.data.dtype
    assert str(axes_of(result)) == str(axes_of(signal))
    assert result.metadata.General.title == "MnO"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("axis", ["uniform", "decreasing"])
def test_lazy_signals_stay_lazy(shape, axis):
    signal = make_signal(shape, axis)
    lazy = signal.as_lazy()
    lazy.data = lazy.data.rechunk(2)
    X, spectral_axis, out_shape = to_matrix(lazy)
    expected, expected_axis, _ = to_matrix(signal)
    assert isinstance(X, da.Array)
    assert X.chunks[1] == (7,)
    assert len(X.chunks[0]) > 1 or not shape
    assert out_shape == shape
    np.testing.assert_array_equal(spectral_axis, expected_axis)
    np.testing.assert_array_equal(X.compute(), expected)
    result = from_rows(X, lazy)
    assert result._lazy
    np.testing.assert_array_equal(result.data.compute(), signal.data)
    assert not from_rows(expected, lazy)._lazy


def test_axis_that_decreases_is_turned_round():
    signal = make_signal((), "decreasing")
    X, spectral_axis, _ = to_matrix(signal)
    np.testing.assert_array_equal(spectral_axis, [627, 627.5, 628, 628.5, 629, 629.5, 630])
    np.testing.assert_array_equal(X, [[6, 5, 4, 3, 2, 1, 0]])


def test_signal_axis_may_lie_first_in_the_array():
    axes = [{"size": 2, "navigate": False}] + [{"size": n, "navigate": True} for n in (3, 4)]
    signal = hs.signals.BaseSignal(np.arange(24.0).reshape(2, 3, 4), axes=axes)
    X, _, shape = to_matrix(signal)
    assert shape == (3, 4)
    np.testing.assert_array_equal(X, np.stack([np.arange(12), np.arange(12, 24)], axis=1))
    assert np.shares_memory(X, signal.data)
    result = from_rows(X, signal)
    np.testing.assert_array_equal(result.inav[1, 2].data, signal.inav[1, 2].data)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [float, int, bool])
def test_one_value_per_row_is_a_map_like_hyperspys_own(shape, dtype):
    signal = make_signal(shape)
    values = to_matrix(signal)[0].sum(axis=1).astype(dtype)
    result = from_rows(values, signal)
    own = signal.sum(axis="sig")
    assert result.axes_manager.signal_shape == own.axes_manager.signal_shape
    assert result.data.dtype == dtype
    np.testing.assert_array_equal(result.data, own.data.astype(dtype))
    if shape:
        assert str(axes_of(result)) == str(axes_of(own))


def test_maps_combine_with_their_signal():
    signal = make_signal()
    total = from_rows(to_matrix(signal)[0].sum(axis=1), signal)
    np.testing.assert_allclose((signal / total).data.sum(axis=-1), 1)


def test_map_may_be_lazy():
    signal = make_signal().as_lazy()
    result = from_rows(to_matrix(signal)[0].max(axis=1), signal)
    assert result._lazy
    np.testing.assert_array_equal(result.data.compute(), signal.data.max(axis=-1).compute())


def test_other_numbers_of_values_get_an_index():
    signal = make_signal()
    probabilities = np.random.default_rng(0).random((12, 3))
    result = from_rows(probabilities, signal)
    assert result.axes_manager.signal_shape == (3,)
    assert result.axes_manager.signal_axes[0].name == "index"
    np.testing.assert_array_equal(result.inav[1, 2].data, probabilities[2 * 4 + 1])
    assert result.axes_manager.navigation_axes[0].units == "nm"


@pytest.mark.parametrize("axis", ["uniform", "decreasing", "irregular"])
@pytest.mark.parametrize("carrier", ["argument", "columns"])
def test_spectra_may_bring_their_own_axis(axis, carrier):
    signal = make_signal(axis=axis)
    X, spectral_axis, _ = to_matrix(signal)
    cropped, cropped_axis = X[:, 2:5], spectral_axis[2:5]
    if carrier == "argument":
        result = from_rows(cropped, signal, spectral_axis=cropped_axis)
    else:
        result = from_rows(pd.DataFrame(cropped, columns=cropped_axis.astype(str)), signal)
    energy = result.axes_manager.signal_axes[0]
    np.testing.assert_allclose(energy.axis, cropped_axis, rtol=1e-12)
    assert energy.is_uniform == (axis != "irregular")
    assert (energy.name, energy.units) == ("Energy loss", "eV")
    np.testing.assert_array_equal(to_matrix(result)[0], cropped)


def test_own_axis_wins_where_the_number_of_channels_agrees():
    signal = make_signal(axis="decreasing")
    X, spectral_axis, _ = to_matrix(signal)
    shifted = from_rows(X, signal, spectral_axis=spectral_axis + 7)
    np.testing.assert_allclose(shifted.axes_manager[-1].axis, spectral_axis + 7)
    np.testing.assert_array_equal(shifted.data.reshape(12, 7), X)
    same = from_rows(X, signal, spectral_axis=spectral_axis)
    assert str(axes_of(same)) == str(axes_of(signal))
    np.testing.assert_array_equal(same.data, signal.data)


def test_metadata_is_a_copy_without_what_belongs_to_other_values():
    signal = make_signal(original_metadata={"Camera": {"gain": 3}})
    signal.metadata.set_item("Signal.Noise_properties.variance", 2.0)
    signal.metadata.set_item("Acquisition_instrument.TEM.beam_energy", 300.0)
    result = from_rows(to_matrix(signal)[0], signal)
    assert result.metadata.Acquisition_instrument.TEM.beam_energy == 300.0
    assert result.original_metadata.Camera.gain == 3
    assert not result.metadata.has_item("Signal.Noise_properties")
    result.metadata.General.title = "changed"
    assert signal.metadata.General.title == "MnO"
    assert signal.metadata.has_item("Signal.Noise_properties")


@pytest.mark.parametrize("lazy", [False, True])
def test_masked_values_become_nan_in_maps_and_spectra(lazy):
    signal = make_signal()
    values = np.ma.masked_array(np.arange(12), mask=np.arange(12) == 5)
    spectra = np.ma.masked_array(np.ones((12, 7)), mask=np.eye(12, 7))
    if lazy:
        values, spectra = (da.from_array(each, chunks=4) for each in (values, spectra))
    result = np.asarray(from_rows(values, signal).data)
    np.testing.assert_array_equal(result.ravel(), np.where(np.arange(12) == 5, np.nan, range(12)))
    result = np.asarray(from_rows(spectra, signal).data)
    np.testing.assert_array_equal(np.isnan(result).reshape(12, 7), np.eye(12, 7) == 1)


def test_a_mask_of_nothing_changes_nothing():
    values = from_rows(np.ma.masked_array(np.arange(12)), make_signal()).data
    assert values.dtype == int and type(values) is np.ndarray


@pytest.mark.parametrize("lazy", [False, True])
def test_signals_with_masked_channels_are_refused(lazy):
    signal = make_signal()
    signal.data = np.ma.masked_greater(signal.data, 80)
    if lazy:
        signal = make_signal().as_lazy()
        signal.data = da.ma.masked_greater(signal.data, 80)
    with pytest.raises(ValueError, match="holds masked values.*filled"):
        to_matrix(signal)


@pytest.mark.parametrize("function", [to_matrix, lambda signal: from_rows(np.ones(12), signal)])
def test_signals_without_spectra_are_refused(function):
    with pytest.raises(TypeError, match="must be a HyperSpy signal, got ndarray"):
        function(np.ones((3, 4)))
    with pytest.raises(ValueError, match=r"signal dimension 1.*\(\|4, 3\).* has 2.*as_signal1D"):
        function(hs.signals.Signal2D(np.ones((3, 4))))
    with pytest.raises(ValueError, match="signal dimension 1.* has 0"):
        function(make_signal().sum(axis="sig"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones(11), r"\(12,\) or \(12, n_values\).*\(4, 3\|7\).*got \(11,\)"),
        (np.ones((7, 12)), r"got \(7, 12\)"),
        (np.ones((3, 4, 7)), r"got \(3, 4, 7\)"),
        (1.0, r"got \(\)"),
        (np.array(["Mn2+"] * 12), "must be numbers.*np.unique"),
        (np.array(["Mn2+"] * 12, dtype=object), "must be numbers"),
    ],
)
def test_values_that_do_not_fit_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        from_rows(values, make_signal())


def test_axis_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="spectral_axis has 2 values.*have 3 channels"):
        from_rows(np.ones((12, 3)), make_signal(), spectral_axis=[1, 2])


@pytest.mark.parametrize("lazy", [False, True])
def test_masked_values_of_a_map_become_nan(lazy):
    signal = make_signal()
    values = np.ma.masked_array(np.arange(12), mask=np.arange(12) == 7)
    data = from_rows(da.ma.masked_array(da.arange(12), values.mask) if lazy else values, signal)
    expected = np.where(values.mask, np.nan, np.arange(12.0)).reshape(3, 4)
    np.testing.assert_array_equal(np.asarray(data.data), expected)
    assert from_rows(np.ma.masked_array(np.arange(12)), signal).data.dtype == np.int64
