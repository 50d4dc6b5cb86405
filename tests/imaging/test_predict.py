import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

from skspectra.exceptions import SpectrumWarning
from skspectra.imaging import predict_image
from skspectra.preprocessing import SpectralCrop

AXIS = np.arange(100.0, 130.0)


def line(position, axis=AXIS):
    return np.exp(-(((axis - position) / 3.0) ** 2)) + 0.1


@pytest.fixture(scope="module")
def classifier():
    rng = np.random.default_rng(0)
    X = np.concatenate([line(p) + rng.normal(0, 0.05, (30, 30)) for p in (110, 118)])
    return LogisticRegression().fit(X, ["low"] * 30 + ["wide"] * 30)


@pytest.fixture(scope="module")
def image():
    """Lines at 110 in the left three columns and at 118 in the other three, of five rows."""
    rng = np.random.default_rng(1)
    clean = np.where((np.arange(6) < 3)[:, None], line(110), line(118))
    return clean + rng.normal(0, 0.05, (5, 6, 30))


def as_signal(image, axis=AXIS):
    signal = hs.signals.Signal1D(image)
    energy = signal.axes_manager[-1]
    energy.offset, energy.scale, energy.units = axis[0], axis[1] - axis[0], "eV"
    if image.ndim > 1:
        x = signal.axes_manager.navigation_axes[0]
        x.scale, x.units = 0.7, "nm"
    return signal


@pytest.mark.parametrize("shape", [(), (6,), (5, 6), (2, 5, 3)])
def test_every_kind_and_dimension_says_what_the_estimator_says_of_rows(classifier, image, shape):
    image = image.reshape(-1, 30)[: max(1, int(np.prod(shape)))].reshape(*shape, 30)
    expected = classifier.predict_proba(image.reshape(-1, 30)).reshape(*shape, 2)
    np.testing.assert_allclose(predict_image(classifier, image), expected)
    lazy = predict_image(classifier, da.from_array(image, chunks=(*[2] * len(shape), 7)))
    assert isinstance(lazy, da.Array)
    np.testing.assert_allclose(lazy.compute(), expected)
    signal = as_signal(image)
    of_signal = predict_image(classifier, signal)
    np.testing.assert_allclose(of_signal.data.reshape(expected.shape), expected)
    of_lazy = predict_image(classifier, signal.as_lazy())
    assert of_lazy._lazy
    of_lazy.compute(show_progressbar=False)
    np.testing.assert_allclose(of_lazy.data.reshape(expected.shape), expected)
    if shape:
        assert of_signal.axes_manager.navigation_axes[0].scale == 0.7


def test_signal_axis_may_lie_first_and_decrease(classifier, image):
    expected = predict_image(classifier, image)
    signal = as_signal(image[..., ::-1])
    energy = signal.axes_manager[-1]
    energy.offset, energy.scale = 129, -1
    first = hs.signals.Signal1D(np.moveaxis(image, -1, 0)).transpose(
        signal_axes=[1], navigation_axes=[2, 0]
    )
    for each in (signal, first):
        np.testing.assert_allclose(predict_image(classifier, each).data, expected)


def test_labels_are_objects_in_arrays_and_codes_in_signals(classifier, image):
    labels = predict_image(classifier, image, method="predict")
    assert (labels[:, :3] == "low").all() and (labels[:, 3:] == "wide").all()
    signal = predict_image(classifier, as_signal(image), method="predict")
    assert signal.metadata.Signal.classes == ["low", "wide"]
    np.testing.assert_array_equal(signal.data, labels == "wide")


def test_masked_and_broken_pixels_get_the_fill_value(classifier, image):
    broken = image.copy()
    broken[0, 0, 4] = np.nan
    mask = np.zeros((5, 6), bool)
    mask[1, 2] = True
    with pytest.warns(SpectrumWarning, match="1 of 30 spectra hold NaN"):
        proba = predict_image(classifier, broken, mask=mask)
    assert np.isnan(proba[0, 0]).all() and np.isnan(proba[1, 2]).all()
    assert np.isfinite(proba).all(axis=-1).sum() == 28
    codes = LogisticRegression().fit(image.reshape(-1, 30), np.tile([0, 0, 0, 1, 1, 1], 5))
    counted = predict_image(codes, image, method="predict", mask=mask, fill_value=-1)
    assert counted.dtype.kind == "i" and counted[1, 2] == -1
    with pytest.raises(ValueError, match=r"shape of the image, \(5, 6\), got \(6, 5\)"):
        predict_image(classifier, image, mask=mask.T)
    assert np.isnan(predict_image(classifier, image, mask=np.ones((5, 6), bool))).all()


def test_spectra_are_brought_to_the_axis_of_the_estimator():
    fine = np.arange(90.0, 140.0, 0.25)
    X = np.array([line(p) for p in np.linspace(105, 125, 40)])
    positions = np.linspace(105, 125, 40)
    model = make_pipeline(
        SpectralCrop((102, 129), spectral_axis=AXIS), PCA(8), LinearRegression()
    ).fit(X, positions)
    wanted = np.array([[108.0, 121.0], [115.0, 112.0]])
    image = line(wanted[..., None] + 2, fine)
    found = predict_image(model, image, spectral_axis=fine, shift=2.0, method="predict")
    np.testing.assert_allclose(found, wanted, atol=0.5)
    with pytest.raises(ValueError, match="only cover 105 to 115"):
        predict_image(model, line(110, fine)[60:101], spectral_axis=fine[60:101], method="predict")


@pytest.mark.parametrize(
    ("given", "said"), [("float32", "float32"), ("float64", "float64"), ("int64", "float64")]
)
def test_maps_are_as_exact_as_the_image(image, given, said):
    rows = (100 * image).astype(given)
    scores = PCA(2).fit(rows.reshape(-1, 30))
    for each in (rows, da.from_array(rows, chunks=(2, 3, 30))):
        mapped = predict_image(scores, each, method="transform")
        assert mapped.dtype == np.asarray(mapped).dtype == said


def test_what_does_not_fit_is_refused(classifier, image):
    with pytest.raises(ValueError, match="12 features"):
        predict_image(classifier, image[..., :12])
    with pytest.raises(ValueError, match="shift=2.0 needs the axis"):
        predict_image(classifier, image, shift=2.0)
    with pytest.raises(ValueError, match="spectral_axis is for arrays"):
        predict_image(classifier, as_signal(image), spectral_axis=AXIS)
    with pytest.raises(ValueError, match="real numbers in an array"):
        predict_image(classifier, np.array(["a"]))
