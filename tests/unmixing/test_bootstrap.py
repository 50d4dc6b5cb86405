import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from skspectra._numerics.mixtures.bootstrap import rows_of_blocks
from skspectra.unmixing import MinimumVolumeUnmixer


def independent_mixture(n_spectra, counts=100, concentration=1.0):
    rng = np.random.default_rng(1)
    energy = np.linspace(0, 1, 60)
    pure = counts * (np.exp(-(((energy - [[0.3], [0.5], [0.7]]) / 0.1) ** 2)) + 0.1)
    shares = rng.dirichlet(np.full(3, concentration), n_spectra)
    return rng.poisson(shares @ pure), shares, pure


@pytest.mark.parametrize("shape, block", [((12, 20), 4), ((7, 9), 3), ((50,), 8)])
def test_blocks_are_pieces_of_the_image(shape, block):
    rows = rows_of_blocks(shape, block, np.random.default_rng(0))
    assert rows.size == np.prod(shape)
    first = np.array(np.unravel_index(rows[: block ** len(shape)], shape))
    inside = (first - first[:, :1]) % np.array(shape)[:, None]
    assert inside.max() == block - 1
    assert len(np.unique(inside, axis=1).T) == block ** len(shape)


def test_intervals_hold_the_truth_and_shrink_with_more_spectra():
    widths = []
    for n_spectra in (400, 3600):
        X, shares, pure = independent_mixture(n_spectra)
        unmix = MinimumVolumeUnmixer(3, random_state=0).fit(X)
        found = unmix.bootstrap(X, n_draws=20, random_state=0)
        order = linear_sum_assignment(-(unmix.components_ @ pure.T))[1].argsort()
        off = np.abs(unmix.components_[order] - pure) <= 1.645 * found.components_std[order]
        assert 0.8 < off.mean()
        inside = (
            np.abs(found.abundances[:, order] - shares) <= 1.645 * found.abundances_std[:, order]
        )
        assert 0.8 < inside.mean() < 0.97
        np.testing.assert_allclose(found.abundances.sum(axis=1), 1)
        widths.append(found.components_std.mean())
    assert 0.2 < widths[1] / widths[0] < 0.7


def test_the_prior_of_abundances_is_learnt():
    X, shares, pure = independent_mixture(900, counts=5, concentration=0.3)
    unmix = MinimumVolumeUnmixer(3, random_state=0).fit(X)
    found = unmix.bootstrap(X, n_draws=12, random_state=0)
    order = linear_sum_assignment(-(unmix.components_ @ pure.T))[1].argsort()
    off = np.abs(found.abundances[:, order] - shares)
    assert (off <= 1.645 * found.abundances_std[:, order]).mean() > 0.8  # 0.73 by an even prior


def test_neighbours_that_are_alike_widen_the_intervals():
    X, _, _ = independent_mixture(64)
    image = X.reshape(8, 8, -1).repeat(4, axis=0).repeat(4, axis=1).reshape(32 * 32, -1)
    unmix = MinimumVolumeUnmixer(3).fit(image)
    alone, blocks = (
        unmix.bootstrap(image, shape, block=8, n_draws=12, random_state=0).components_std.mean()
        for shape in (None, (32, 32))
    )
    assert blocks > 1.5 * alone


def test_the_same_seed_draws_the_same():
    X, _, _ = independent_mixture(200)
    unmix = MinimumVolumeUnmixer(3).fit(X)
    one, other, third = (
        unmix.bootstrap(X, (10, 20), block=4, n_draws=3, random_state=seed) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one.abundances, other.abundances)
    assert (one.abundances != third.abundances).any()


@pytest.mark.parametrize(
    "params, message",
    [
        ({"image_shape": (3, 5)}, r"image_shape=\(3, 5\) has 15 pixels, but there are 200 spectra"),
        ({"image_shape": (10, 20), "block": 6}, "block=6 must be between 1 and half"),
        ({"n_draws": 1}, "n_draws=1 must be 2 at least"),
    ],
)
def test_bad_parameters(params, message):
    X, _, _ = independent_mixture(200)
    with pytest.raises(ValueError, match=message):
        MinimumVolumeUnmixer(3).fit(X).bootstrap(X, **params)
