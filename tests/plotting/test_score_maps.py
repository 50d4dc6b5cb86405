import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.decomposition import PCA

from skspectra.io._hyperspy import import_hyperspy
from skspectra.plotting import ScoreMapsDisplay
from skspectra.preprocessing import PCADenoiser

AXIS = np.linspace(600, 650, 20)


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def make_image():
    image = np.full((12, 18, 20), 50.0)
    image[:, 9:, 5:9] += 100
    return np.random.default_rng(0).poisson(image).astype(float)


@pytest.mark.parametrize(
    "estimator", [PCADenoiser(4, poisson=True), PCADenoiser(4), PCA(4)], ids=str
)
def test_maps_are_the_scores_and_tell_structure_from_noise(estimator):
    image = make_image()
    estimator.fit(image.reshape(-1, 20))
    display = ScoreMapsDisplay.from_estimator(estimator, image, spectral_axis=AXIS, n_components=3)
    scores = getattr(estimator, "scores", estimator.transform)(image.reshape(-1, 20))
    drawn = [np.asarray(axes.images[0].get_array()) for axes in display.axes_[0]]
    np.testing.assert_allclose(np.stack(drawn, -1).reshape(-1, 3), scores[:, :3])
    structure = int(getattr(estimator, "poisson", False))  # the first is the mean there
    assert display.correlation[structure] > 0.8 > 0.3 > abs(display.correlation[2])
    assert display.axes_[0, structure].get_title().startswith(f"{structure + 1}: 0.")
    np.testing.assert_allclose(display.axes_[1, 0].get_lines()[0].get_xdata(), AXIS)


def test_rows_and_signals_are_the_same_as_images():
    image = make_image()
    denoiser = PCADenoiser(2).fit(image.reshape(-1, 20))
    of_image = ScoreMapsDisplay.from_estimator(denoiser, image)
    of_rows = ScoreMapsDisplay.from_estimator(denoiser, image.reshape(-1, 20), shape=(12, 18))
    of_signal = ScoreMapsDisplay.from_estimator(denoiser, import_hyperspy().signals.Signal1D(image))
    np.testing.assert_array_equal(of_rows.scores, of_image.scores)
    np.testing.assert_array_equal(of_signal.scores, of_image.scores)
    with pytest.raises(ValueError, match="two dimensions of pixels.*216 spectra and the shape"):
        ScoreMapsDisplay.from_estimator(denoiser, image.reshape(-1, 20))
