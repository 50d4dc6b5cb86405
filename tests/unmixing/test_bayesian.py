import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.stats import kstest, truncnorm
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skspectra._numerics.mixtures.bayesian import effective_sample_size
from skspectra._numerics.mixtures.gibbs import draw_abundances, draw_endmembers, truncated_normal
from skspectra.unmixing import BayesianUnmixer


@pytest.mark.parametrize("mean, width", [(0.3, 0.2), (-2.0, 0.3), (5.0, 0.5), (0.5, 100.0)])
def test_truncated_normals_are_scipys(mean, width):
    size = 4000
    drawn = truncated_normal(
        np.full(size, mean), np.full(size, width), np.ones(size), np.random.default_rng(0)
    )
    exact = truncnorm(-mean / width, (1 - mean) / width, loc=mean, scale=width)
    assert kstest(drawn, exact.cdf).pvalue > 0.001


def test_a_tail_so_far_that_all_underflows():
    drawn = truncated_normal(
        np.full(1000, -50.0), np.ones(1000), np.ones(1000), np.random.default_rng(0)
    )
    assert drawn.mean() == pytest.approx(1 / 50, rel=0.2)


def test_abundances_follow_their_density():
    """Of three endmembers with no data, uniform on the triangle; with a prior, its Dirichlet."""
    rng = np.random.default_rng(0)
    for concentration in (None, np.array([3.0, 1.0, 2.0])):
        shares = np.full((3000, 3), 1 / 3)
        for _ in range(60):
            draw_abundances(shares, 1e-9 * np.eye(3), np.zeros((3000, 3)), 1.0, rng, concentration)
        alpha = np.ones(3) if concentration is None else concentration
        np.testing.assert_allclose(shares.mean(axis=0), alpha / alpha.sum(), atol=0.01)
        variance = alpha * (alpha.sum() - alpha) / alpha.sum() ** 2 / (alpha.sum() + 1)
        np.testing.assert_allclose(shares.var(axis=0), variance, rtol=0.1)


def test_endmembers_far_from_zero_are_normal():
    rng = np.random.default_rng(0)
    precision = np.broadcast_to([[4.0, 1.0], [1.0, 2.0]], (20_000, 2, 2))
    mean = np.array([10.0, 20.0])
    products = np.broadcast_to(precision[0] @ mean, (20_000, 2))
    drawn = draw_endmembers(np.ones((2, 20_000)), precision, products, 0.5, rng)
    np.testing.assert_allclose(drawn.mean(axis=1), mean, atol=0.02)
    np.testing.assert_allclose(np.cov(drawn), 0.5 * np.linalg.inv(precision[0]), atol=0.01)


def test_effective_sample_sizes_are_those_of_autoregressions():
    rng = np.random.default_rng(0)
    chain = np.zeros((20_000, 2))
    for i in range(1, len(chain)):
        chain[i] = [0.9, 0.0] * chain[i - 1] + rng.normal(size=2)
    found = effective_sample_size(chain)
    np.testing.assert_allclose(found, [20_000 * 0.1 / 1.9, 20_000], rtol=0.2)


@pytest.fixture(scope="module")
def fitted(mixture):
    _, _, endmembers = mixture(100, size=16, n_components=3)
    shares = np.random.default_rng(0).dirichlet(np.ones(3), 400)
    counts = np.random.default_rng(1).poisson(shares @ endmembers)
    unmix = BayesianUnmixer(3, n_sweeps=800, burn_in=200, random_state=0).fit(counts)
    cosine = unmix.components_ @ endmembers.T
    cosine /= np.outer(
        np.linalg.norm(unmix.components_, axis=1), np.linalg.norm(endmembers, axis=1)
    )
    rows, columns = linear_sum_assignment(-cosine)
    return unmix, counts, rows[np.argsort(columns)], shares, endmembers


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_intervals_hold_what_they_say(fitted):
    unmix, _, order, shares, endmembers = fitted
    z = (unmix.abundances_[:, order] - shares) / unmix.abundances_std_[:, order]
    assert 0.85 < (np.abs(z) < 1.645).mean() < 0.95
    z = (unmix.components_[order] - endmembers) / unmix.components_std_[order]
    assert 0.78 < (np.abs(z) < 1.645).mean() < 0.98
    assert np.abs(unmix.abundances_[:, order] - shares).mean() < 0.03


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_draws_are_repeated_by_the_seed_and_read_by_arviz(fitted):
    unmix, counts, *_ = fitted
    params = {"n_sweeps": 20, "burn_in": 10, "random_state": 3}
    first, second = (BayesianUnmixer(3, **params).fit(counts) for _ in range(2))
    np.testing.assert_array_equal(first.components_draws_, second.components_draws_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_arviz_judges_the_draws(fitted):
    arviz = pytest.importorskip("arviz")
    unmix, counts, *_ = fitted
    data = unmix.to_arviz()
    theirs = arviz.ess(data.posterior["components"].sum("channel"))["components"].to_numpy()
    np.testing.assert_allclose(unmix.effective_sample_size_, theirs, rtol=0.4)
    spectra = data.posterior["spectrum"].to_numpy()
    mean = data.posterior["abundances"].mean(["chain", "draw"])
    np.testing.assert_allclose(mean, unmix.abundances_[spectra], atol=1e-5)
    assert len(spectra) == 256 and spectra[-1] == 399
    other = clone(unmix).set_params(random_state=1).fit(counts).to_arviz()
    chains = arviz.concat([data, other], dim="chain").posterior
    rhat = arviz.rhat(chains.isel(spectrum=slice(20), channel=slice(50, 70)))
    assert rhat["abundances"].median() < 1.05 and rhat["components"].median() < 1.1


def test_a_concentration_is_learnt(mixture):
    _, _, endmembers = mixture(300, size=16, n_components=3)
    shares = np.random.default_rng(0).dirichlet(np.full(3, 0.5), 400)
    counts = np.random.default_rng(1).poisson(shares @ endmembers)
    with pytest.warns(ConvergenceWarning, match="draws are worth .* raise n_sweeps"):
        unmix = BayesianUnmixer(
            3, concentration="learn", n_sweeps=300, burn_in=100, random_state=0
        ).fit(counts)
    np.testing.assert_allclose(unmix.concentration_, 0.5, atol=0.2)


def test_bad_input(mixture):
    X, _, _ = mixture(20, size=16)
    with pytest.raises(ValueError, match="burn_in=9 leaves none of n_sweeps=9"):
        BayesianUnmixer(2, n_sweeps=9, burn_in=9).fit(X)
    with pytest.raises(ValueError, match="concentration must be positive"):
        BayesianUnmixer(2, concentration=[1, -1]).fit(X)
