import tracemalloc

import numpy as np
import pytest
from sklearn.decomposition import PCA

from skspectra._numerics import poisson_pca
from skspectra._numerics.poisson_pca import add_moments, plain_components, poisson_components


def make_counts(n=300, p=40, seed=0):
    rng = np.random.default_rng(seed)
    shapes = np.abs(np.cumsum(rng.normal(size=(3, p)), axis=1)) + 0.1
    return rng.poisson(30 * rng.dirichlet(np.ones(3), n) @ shapes)


def test_plain_components_are_scikit_learns_far_from_the_origin_too():
    X = make_counts() + 1e6
    found, pca = plain_components(add_moments(X, poisson=False)), PCA().fit(X)
    np.testing.assert_allclose(found.values[:3] / 299, pca.explained_variance_[:3], rtol=1e-9)
    np.testing.assert_allclose(
        np.abs(found.vectors[:3] @ pca.components_[:3].T), np.eye(3), 0, 1e-8
    )
    np.testing.assert_allclose(found.mean, pca.mean_)


def test_poisson_components_are_those_of_the_scaled_matrix():
    X = make_counts()
    X[5], X[:, 7] = 0, 0
    expected = np.outer(X.mean(axis=1), X.mean(axis=0)) / X.mean()
    scaled = np.divide(X, np.sqrt(expected), out=np.zeros(X.shape), where=expected > 0)
    _, singular, vectors = np.linalg.svd(scaled, full_matrices=False)
    found = poisson_components(add_moments(X, poisson=True))
    np.testing.assert_allclose(found.values[:10], singular[:10] ** 2)
    np.testing.assert_allclose(np.abs(found.vectors[:3] @ vectors[:3].T), np.eye(3), atol=1e-9)
    np.testing.assert_allclose(found.vectors[:3, 7], 0, atol=1e-15)


def test_noise_of_a_gain_has_the_gain_as_variance():
    counts = 4.0 * np.random.default_rng(0).poisson(50, (5000, 20))
    values = poisson_components(add_moments(counts, poisson=True)).values
    assert values[1:].mean() / 5000 == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize("poisson", [True, False])
def test_sums_of_parts_are_those_of_the_whole(poisson, monkeypatch):
    X = make_counts()
    whole = add_moments(X, poisson=poisson)
    monkeypatch.setattr(poisson_pca, "_BLOCK_BYTES", 8 * 40 * 7)
    parts = add_moments(X[120:], add_moments(X[:120], poisson=poisson), poisson=poisson)
    assert parts.n_spectra == 300
    components = poisson_components if poisson else plain_components
    np.testing.assert_allclose(components(parts).values, components(whole).values, atol=1e-8)


def test_memory_is_that_of_blocks():
    X = np.ones((400_000, 100), dtype=np.uint8)
    tracemalloc.start()
    add_moments(X, poisson=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 48 << 20
