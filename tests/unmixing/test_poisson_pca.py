import numpy as np
import pytest

from skspectra.preprocessing import PCADenoiser
from skspectra.unmixing import PoissonPCA


def test_factors_are_those_of_correspondence_analysis(mixture):
    """Singular vectors of the residuals of a table of counts (Benzécri), as in Trebbia & Bonnet."""
    X, _, _ = mixture(20, size=16)
    share = X / X.sum()
    row, column = share.sum(axis=1), share.sum(axis=0)
    residuals = (share - np.outer(row, column)) / np.sqrt(np.outer(row, column))
    _, singular, factors = np.linalg.svd(residuals, full_matrices=False)
    pca = PoissonPCA(4).fit(X)
    scaled = pca.components_ / pca.channel_scale_
    np.testing.assert_allclose(np.abs((scaled[1:] * factors[:3]).sum(axis=1)), 1, rtol=1e-9)
    np.testing.assert_allclose(pca.explained_variance_[1:] * len(X) / X.sum(), singular[:3] ** 2)
    np.testing.assert_allclose(np.abs(scaled[0]), np.sqrt(column), rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_noise_of_phases_that_differ_is_no_component(seed):
    """Of so many spectra even noise would have an edge that this noise is beyond."""
    rng = np.random.default_rng(seed)
    axis = np.linspace(0, 1, 60)
    pure = 20 * np.exp(-(((axis - np.linspace(0.1, 0.9, 6)[:, None]) / 0.1) ** 2)) + 0.5
    counts = rng.poisson(pure[rng.integers(6, size=60_000)])
    assert PoissonPCA().fit(counts).n_components_ == 6


def test_it_denoises_as_the_denoiser_does(mixture):
    X, _, _ = mixture(20, size=16)
    pca = PoissonPCA(3).fit(X)
    expected = PCADenoiser(3, poisson=True).fit(X).transform(X)
    np.testing.assert_allclose(pca.inverse_transform(pca.transform(X)), expected, rtol=1e-8)
    np.testing.assert_allclose(pca.residual(X), np.sqrt(((X - expected) ** 2).mean(axis=1)))


@pytest.mark.parametrize("counts", [3, 30, 300])
@pytest.mark.parametrize("n_components", [2, 4])
def test_the_number_of_components_is_found(mixture, counts, n_components):
    X, _, _ = mixture(counts, seed=1, size=48, n_components=n_components)
    pca = PoissonPCA().fit(X)
    assert pca.n_components_ == n_components
    assert PoissonPCA().fit(5 * X).n_components_ == n_components
    assert pca.explained_variance_.min() > 1


def test_parts_one_after_the_other_are_as_good_as_all_at_once(mixture):
    X, _, _ = mixture(20, size=24)
    whole, parts = PoissonPCA().fit(X), PoissonPCA()
    for rows in np.array_split(np.arange(len(X)), [100, 101, 300]):
        parts.partial_fit(X[rows])
    assert parts.n_components_ == whole.n_components_
    np.testing.assert_allclose(parts.components_, whole.components_, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(parts.explained_variance_, whole.explained_variance_)
    np.testing.assert_allclose(
        parts.fit(X[:100]).components_, PoissonPCA().fit(X[:100]).components_
    )
    with pytest.raises(ValueError, match="Negative values"):
        parts.partial_fit(-X)
    again = parts.partial_fit(X[100:])  # as if the bad part had not come
    np.testing.assert_allclose(again.components_, whole.components_, rtol=1e-8, atol=1e-9)


def test_bad_input(mixture):
    X, _, _ = mixture(20, size=16)
    with pytest.raises(ValueError, match="n_components=9 needs .* n_samples=4"):
        PoissonPCA(9).fit(X[:4])
    assert PoissonPCA().fit(np.ones((5, 3))).n_components_ == 1
    assert np.isfinite(PoissonPCA(2).fit(np.zeros((5, 3))).transform(np.zeros((2, 3)))).all()
