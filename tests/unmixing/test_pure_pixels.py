import itertools

import numpy as np
import pytest

from skspectra.unmixing import NFINDR, VCA

CHANNELS = np.linspace(0, 1, 50)
PURE = np.array([np.exp(-(((CHANNELS - c) / 0.2) ** 2)) for c in (0.2, 0.4, 0.6, 0.8)])


def mixtures(n=400, q=4, seed=0):
    """Mixtures without noise; the pure spectra are at rows 10, 20, ... of them."""
    shares = np.random.default_rng(seed).dirichlet(np.ones(q), n)
    shares[10 : 10 * q + 1 : 10] = np.eye(q)
    return shares @ PURE[:q], shares


def exhaustive(X, q):
    """Corners of the simplex of greatest volume, by trying all of them."""
    scores = (X - X.mean(axis=0)) @ np.linalg.svd(X - X.mean(axis=0))[2][: q - 1].T
    points = np.column_stack([np.ones(len(X)), scores])
    all_of_them = np.array(list(itertools.combinations(range(len(X)), q)))
    return all_of_them[np.abs(np.linalg.det(points[all_of_them])).argmax()]


@pytest.mark.parametrize("seed", range(5))
def test_nfindr_finds_the_largest_simplex_of_all(seed):
    X = np.random.default_rng(seed).dirichlet(np.ones(3), 25) @ PURE[:3]
    found = NFINDR(3, n_init=5, random_state=0).fit(X).indices_
    np.testing.assert_array_equal(np.sort(found), exhaustive(X, 3))


@pytest.mark.parametrize("unmix", [NFINDR(4), NFINDR(4, poisson=True), VCA(4, random_state=1)])
def test_pure_pixels_and_abundances_are_found(unmix):
    X, shares = mixtures()
    abundances = unmix.fit_transform(X)
    assert sorted(unmix.indices_) == [10, 20, 30, 40]
    np.testing.assert_array_equal(unmix.components_, X[unmix.indices_])
    order = np.argsort(unmix.indices_)
    np.testing.assert_allclose(abundances[:, order], shares, atol=1e-7)


def test_vca_is_blind_to_brightness_and_nfindr_is_not():
    X, _ = mixtures()
    X *= np.random.default_rng(1).uniform(0.7, 1.4, (400, 1))
    assert sorted(VCA(4, random_state=0).fit(X).indices_) == [10, 20, 30, 40]
    assert sorted(NFINDR(4).fit(X).indices_) != [10, 20, 30, 40]


def test_restarts_never_make_the_simplex_smaller():
    X = np.random.default_rng(0).normal(size=(300, 8))

    def volume(unmix):
        scores = unmix.fit(X).components_
        centred = X - X.mean(axis=0)
        axes = np.linalg.svd(centred, full_matrices=False)[2][:5]
        return abs(np.linalg.det(np.column_stack([np.ones(6), scores @ axes.T])))

    one, many = volume(NFINDR(6)), volume(NFINDR(6, n_init=20, random_state=0))
    assert many >= one * (1 - 1e-9)


def test_denoised_endmembers_are_nearer_to_the_truth():
    rng = np.random.default_rng(0)
    clean, _ = mixtures()
    counts = rng.poisson(100 * np.repeat(clean, 20, axis=0))
    error = []
    for denoise in (False, True):
        unmix = NFINDR(4, poisson=True, denoise=denoise).fit(counts)
        distance = np.linalg.norm(unmix.components_[:, None] - 100 * PURE, axis=2)
        error.append(distance.min(axis=0).mean())
    assert error[1] < 0.6 * error[0]


@pytest.mark.parametrize("unmix", [NFINDR(4), VCA(4, random_state=1)])
def test_channels_and_spectra_without_counts_do_no_harm(unmix):
    X, _ = mixtures()
    X[:, [0, 7]] = 0
    found = unmix.fit(X)
    assert sorted(found.indices_) == [10, 20, 30, 40]
    assert np.isfinite(found.transform(np.vstack([X, np.zeros(50)]))).all()
