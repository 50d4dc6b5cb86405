import numpy as np
import pytest
from scipy.optimize import nnls as scipy_nnls

from skspectra._numerics.mixtures.nnls import nnls


@pytest.mark.parametrize("n_references", [1, 3, 6, 12])
def test_agrees_with_scipy(n_references):
    rng = np.random.default_rng(n_references)
    E = rng.normal(size=(n_references, 60)) + rng.normal(size=60)  # correlated
    E *= rng.uniform(0.01, 100, (n_references, 1))
    X = rng.normal(size=(100, n_references)) @ E + rng.normal(size=(100, 60))
    expected = np.array([scipy_nnls(E.T, x)[0] for x in X])
    shared = nnls(E @ E.T, X @ E.T)
    scale = np.linalg.norm(E, axis=1)
    np.testing.assert_allclose(shared * scale, expected * scale, atol=1e-7 * abs(X).max())
    assert (shared >= 0).all()
    if n_references > 1:
        assert 0.2 < (shared == 0).mean() < 0.9


def test_a_gram_matrix_for_each_spectrum():
    rng = np.random.default_rng(0)
    E = rng.normal(size=(50, 4, 30)) + rng.normal(size=(50, 1, 30))
    x = rng.normal(size=(50, 30))
    expected = [scipy_nnls(each.T, row)[0] for each, row in zip(E, x, strict=True)]
    result = nnls(E @ E.swapaxes(1, 2), np.einsum("ijk,ik->ij", E, x))
    np.testing.assert_allclose(result, expected, atol=1e-8)


def test_orthogonal_references_are_read_off():
    X = np.array([[3.0, -1.0, 0.5], [-1.0, -2.0, -3.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(nnls(np.eye(3), X), np.maximum(X, 0), rtol=1e-12)


def test_dependent_references_share_and_empty_ones_get_nothing():
    E = np.array([[1.0, 2.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 0.0]])
    x = np.array([[2.0, 4.0, 1.0]])
    np.testing.assert_allclose(nnls(E @ E.T, x @ E.T), [[1, 1, 0]], atol=1e-3)


def test_references_so_alike_that_exchanging_all_at_once_goes_in_circles():
    rng = np.random.default_rng(0)
    E = rng.normal(size=(8, 5)) @ rng.normal(size=(5, 20)) + 0.1 * rng.normal(size=(8, 20))
    X = rng.normal(size=(200, 20))
    expected = np.array([scipy_nnls(E.T, x)[0] for x in X])
    np.testing.assert_allclose(nnls(E @ E.T, X @ E.T), expected, atol=1e-7)
