import numpy as np
import pytest
from scipy.optimize import nnls as scipy_nnls
from sklearn.exceptions import ConvergenceWarning

from skspectra._numerics.mixtures import nnls as solver
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


def test_spectra_that_are_solved_in_groups_and_one_by_one_agree(monkeypatch):
    rng = np.random.default_rng(1)
    E = rng.uniform(size=(6, 40)) ** 4
    X = rng.dirichlet(np.full(6, 0.3), 200) @ E + 0.05 * rng.normal(size=(200, 40))
    for sum_to_one in (False, True):
        monkeypatch.setattr(solver, "_FEW_ALIKE", 0)
        grouped = nnls(E @ E.T, X @ E.T, sum_to_one=sum_to_one)
        monkeypatch.setattr(solver, "_FEW_ALIKE", np.inf)
        monkeypatch.setattr(solver, "_STACK_NUMBERS", 100)
        stacked = nnls(E @ E.T, X @ E.T, sum_to_one=sum_to_one)
        np.testing.assert_allclose(grouped, stacked, atol=1e-10)
        each = nnls(np.tile(E @ E.T, (200, 1, 1)), X @ E.T, sum_to_one=sum_to_one)
        np.testing.assert_allclose(grouped, each, atol=1e-10)


def test_fits_that_are_not_at_their_optimum_are_told(monkeypatch):
    rng = np.random.default_rng(2)
    E, X = rng.normal(size=(4, 20)), rng.normal(size=(30, 20))
    monkeypatch.setattr(solver, "_MAX_ROUNDS", 1)
    with pytest.warns(ConvergenceWarning, match="of 30 non-negative fits"):
        nnls(E @ E.T, X @ E.T)
