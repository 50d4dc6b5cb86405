import numpy as np
import pytest
from scipy.signal.windows import hann
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline

from skspectra._numerics.images.windows import log1p, window_batches
from skspectra.imaging import SlidingDescriptor, SlidingFFT

RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(40, 56))


def windows_by_loops(image, size, step):
    height, width = image.shape
    return [
        image[i : i + size, j : j + size]
        for i in range(0, height - size + 1, step)
        for j in range(0, width - size + 1, step)
    ]


def test_the_logarithm_keeps_what_adding_one_rounds_away():
    values = np.geomspace(1e-30, 1e30, 1000, dtype=np.float32)
    np.testing.assert_allclose(log1p(values), np.log1p(values.astype(float)), rtol=4e-7)
    assert log1p(np.zeros(1, dtype=np.float32)) == 0


def test_it_is_numpys_fft_of_each_window():
    fft = SlidingFFT(16, 7, log=False)
    rows = fft.fit_transform(IMAGE)
    taper = np.outer(hann(16, sym=False), hann(16, sym=False))
    expected = [
        np.abs(np.fft.rfft2((w - w.mean()) * taper)) for w in windows_by_loops(IMAGE, 16, 7)
    ]
    np.testing.assert_allclose(rows, np.reshape(expected, (len(rows), -1)), atol=1e-4)
    logs = SlidingFFT(16, 7).fit_transform(IMAGE)
    np.testing.assert_allclose(logs, np.log1p(rows), rtol=1e-4, atol=1e-5)


def test_a_band_keeps_its_frequencies_and_a_row_becomes_a_plane():
    image = np.cos(2 * np.pi * (0.25 * np.arange(64)[:, None] + 0.125 * np.arange(64)))
    fft = SlidingFFT(32, 16, band=(0.1, 0.4), taper=None).fit(image)
    rows = fft.transform(image)
    length = np.hypot(*fft.frequencies_.T)
    assert length.min() >= 0.1 and length.max() < 0.4
    np.testing.assert_allclose(np.abs(fft.frequencies_[rows[0].argmax()]), [0.25, 0.125])
    plane = fft.to_spectrum(rows[0])
    assert np.isnan(plane[16, 16])
    peaks = np.argwhere(plane > 0.9 * np.nanmax(plane)) - 16
    np.testing.assert_array_equal(peaks, [[-8, -4], [8, 4]])


def test_a_function_may_change_its_windows_and_leaves_the_image_alone():
    def spread(windows):
        windows -= windows.mean(axis=(1, 2), keepdims=True)
        return np.abs(windows).max(axis=(1, 2))[:, None]

    for image in (IMAGE.astype(np.float32), RNG.normal(size=(80, 2**12)).astype(np.float32)):
        before = image.copy()
        rows = SlidingDescriptor(spread, 16, 8).fit_transform(image)
        np.testing.assert_array_equal(image, before)
        expected = [np.abs(w - w.mean()).max() for w in windows_by_loops(image, 16, 8)]
        np.testing.assert_allclose(rows[:, 0], expected, rtol=1e-4)


def test_a_row_of_windows_of_a_large_image_is_not_copied():
    image = np.zeros((96, 8192), dtype=np.float32)
    batches = list(window_batches(image, 64, 32))
    assert [len(batch) for batch in batches] == [255, 255]
    assert all(np.shares_memory(batch, image) for batch in batches)


def test_folding_brings_windows_back_to_their_places():
    fft = SlidingDescriptor(lambda w: w.mean(axis=(1, 2))[:, None], 8, 4)
    gradient = np.add.outer(100.0 * np.arange(40), np.arange(56.0))
    found = fft.fold(fft.fit_transform(gradient))[..., 0]
    centers = fft.centers().reshape(*fft.grid_shape_, 2)
    np.testing.assert_allclose(found, 100 * centers[..., 0] + centers[..., 1], rtol=1e-5)
    stack = fft.fold(fft.transform(np.stack([gradient, 2 * gradient])))
    np.testing.assert_allclose(stack[1], 2 * stack[0])


def test_correlations_and_histograms_are_those_of_their_definition():
    rows = SlidingDescriptor("correlation", 16, 8).fit_transform(IMAGE)
    maps = rows.reshape(-1, 16, 16)
    np.testing.assert_allclose(maps[:, 8, 8], 1, rtol=1e-5)
    np.testing.assert_allclose(maps[:, 8, 9], maps[:, 8, 7], atol=1e-5)
    taper = np.outer(hann(16, sym=False), hann(16, sym=False))
    first = (IMAGE[:16, :16] - IMAGE[:16, :16].mean()) * taper
    expected = (first * np.roll(first, (2, 3), axis=(0, 1))).sum() / (first**2).sum()
    np.testing.assert_allclose(maps[0, 10, 11], expected, atol=1e-5)
    histogram = SlidingDescriptor("histogram", 16, 8, n_bins=5)
    shares = histogram.fit_transform(IMAGE)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        shares[0], np.histogram(IMAGE[:16, :16], histogram.bin_edges_)[0] / 256, rtol=1e-5
    )


def lattices(size=256, noise=1.0, seed=0):
    """A square lattice beside one with every second row of atoms dimmed; which is where."""
    row, column = np.mgrid[:size, :size]
    atoms = np.cos(2 * np.pi * row / 12) + np.cos(2 * np.pi * column / 12)
    dimmed = atoms + 0.5 * np.cos(2 * np.pi * row / 24)
    boundary = size / 2 + 10 * np.sin(row / 20)
    rng = np.random.default_rng(seed)
    image = np.where(column < boundary, atoms, dimmed) + noise * rng.normal(size=row.shape)
    return image, column >= boundary


@pytest.mark.parametrize("decomposition", [PCA(5, random_state=0), None])
def test_windows_in_one_phase_are_told_right(decomposition):
    image, phase = lattices()
    fft = SlidingFFT(48, 12).fit(image)
    steps = [KMeans(2, n_init=3, random_state=0)]
    steps = [decomposition, *steps] if decomposition else steps
    labels = make_pipeline(*steps).fit_predict(fft.transform(image))
    shares = np.array([w.mean() for w in windows_by_loops(phase, 48, 12)])
    pure = (shares == 0) | (shares == 1)
    assert pure.sum() > 200
    assert adjusted_rand_score(shares[pure] > 0.5, labels[pure]) > 0.9
    right = (labels[pure] == (shares[pure] > 0.5)).mean()
    assert max(right, 1 - right) >= 0.95


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: SlidingFFT(64, 8).fit(IMAGE), "Images of 40 x 56 pixels hold no window of 64"),
        (
            lambda: SlidingFFT(8, 8).fit(IMAGE).transform(IMAGE.T),
            "shape .56, 40., but those of fit",
        ),
        (lambda: SlidingFFT(8, 8, band=(2, 3)).fit(IMAGE), "No frequency of windows of 8 pixels"),
        (lambda: SlidingFFT(8, 8).fit(IMAGE).fold(np.ones(3)), "Got 3 values, but .* 35 windows"),
        (lambda: SlidingFFT(8, 8).fit(np.full((9, 9), np.nan)), "contains NaN"),
        (lambda: SlidingFFT(8, 8).fit(np.ones(9)), "Images must have the shape"),
        (lambda: SlidingDescriptor(np.ravel, 8, 8).fit_transform(IMAGE), "one row for each of 35"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_flat_windows_are_zeros():
    assert not SlidingFFT(8, 8).fit_transform(np.ones((16, 16))).any()
    assert not SlidingDescriptor("correlation", 8, 8).fit_transform(np.ones((16, 16))).any()
