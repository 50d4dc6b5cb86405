import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.optimize import nnls as scipy_nnls

from skspectra.unmixing import FCLS

RNG = np.random.default_rng(0)
CHANNELS = np.linspace(0, 1, 60)
ENDMEMBERS = np.array([np.exp(-(((CHANNELS - c) / 0.25) ** 2)) for c in (0.2, 0.4, 0.6, 0.8)])
ABUNDANCES = RNG.dirichlet(np.full(4, 0.5), 300)
NOISY = ABUNDANCES @ ENDMEMBERS + 0.1 * RNG.normal(size=(300, 60))


def squares(X, abundances, weights=1.0):
    return (weights * (X - abundances @ ENDMEMBERS) ** 2).sum(axis=1)


def test_mixtures_without_noise_are_taken_apart():
    found = FCLS(ENDMEMBERS).fit(NOISY).transform(ABUNDANCES @ ENDMEMBERS)
    np.testing.assert_allclose(found, ABUNDANCES, atol=1e-9)


@pytest.mark.parametrize("weights", [None, np.linspace(0.1, 3, 60)])
def test_no_abundances_on_the_simplex_fit_better(weights):
    """SLSQP, started at the solution and in the middle, finds nothing smaller."""
    unmix = FCLS(ENDMEMBERS, weights=weights).fit(NOISY)
    found = unmix.transform(NOISY)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-12)
    assert 0.1 < (found == 0).mean() < 0.8
    w = 1.0 if weights is None else weights
    for x, abundance in zip(NOISY[:25], found, strict=False):
        best = minimize(
            lambda a, x=x: squares(x[None], a[None], w)[0],
            np.full(4, 0.25),
            method="SLSQP",
            bounds=[(0, 1)] * 4,
            constraints={"type": "eq", "fun": lambda a: a.sum() - 1},
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert squares(x[None], abundance[None], w)[0] <= best.fun * (1 + 1e-8)


def test_constraints_can_be_left_out():
    free = {"sum_to_one": False, "non_negative": False}
    expected = np.linalg.lstsq(ENDMEMBERS.T, NOISY.T)[0].T
    np.testing.assert_allclose(FCLS(ENDMEMBERS, **free).fit(NOISY).transform(NOISY), expected)
    expected = [scipy_nnls(ENDMEMBERS.T, x)[0] for x in NOISY]
    found = FCLS(ENDMEMBERS, sum_to_one=False).fit(NOISY).transform(NOISY)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    found = FCLS(ENDMEMBERS, non_negative=False).fit(NOISY).transform(NOISY)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    gradient = (NOISY - found @ ENDMEMBERS) @ ENDMEMBERS.T
    np.testing.assert_allclose(gradient - gradient.mean(axis=1, keepdims=True), 0, atol=1e-9)


def test_poisson_weights_lower_the_error_of_counts():
    endmembers = 1 + 200 * ENDMEMBERS**8
    counts = np.random.default_rng(1).poisson(ABUNDANCES @ endmembers)
    error = [
        abs(FCLS(endmembers, weights=w).fit(counts).transform(counts) - ABUNDANCES).mean()
        for w in (None, "poisson")
    ]
    assert error[1] < 0.95 * error[0]
    free = FCLS(endmembers, weights="poisson", sum_to_one=False).fit(counts)
    expected = []
    for x in counts[:50]:
        first = scipy_nnls(endmembers.T, x)[0] @ endmembers
        root = np.sqrt(np.maximum(first, 1))
        expected.append(scipy_nnls((endmembers / root).T, x / root)[0])
    np.testing.assert_allclose(free.transform(counts[:50]), expected, atol=1e-9)
    unmix = FCLS(endmembers, weights="poisson").fit(counts)
    assert unmix.chi2(counts).mean() == pytest.approx(1, abs=0.03)
    background = 50 * np.exp(-CHANNELS)
    raw = np.random.default_rng(2).poisson(ABUNDANCES @ endmembers + background)
    assert unmix.chi2(raw - background, counts=raw).mean() == pytest.approx(1, abs=0.03)
    assert unmix.chi2(raw - background).mean() > 2


def test_residual_is_that_of_the_spectra_made_again():
    unmix = FCLS(ENDMEMBERS).fit(NOISY)
    again = unmix.inverse_transform(unmix.transform(NOISY))
    np.testing.assert_allclose(unmix.residual(NOISY) ** 2, ((NOISY - again) ** 2).mean(axis=1))
    with pytest.raises(ValueError, match="X has 3 abundances, but FCLS has 4 endmembers"):
        unmix.inverse_transform(np.ones((2, 3)))


def test_collinear_endmembers_share_and_zero_spectra_are_allowed():
    doubled = np.vstack([ENDMEMBERS[:2], ENDMEMBERS[1]])
    X = np.vstack([0.5 * (ENDMEMBERS[0] + ENDMEMBERS[1]), np.zeros(60)])
    found = FCLS(doubled).fit(X).transform(X)
    np.testing.assert_allclose(found[0, 0], 0.5, atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    with_vacuum = FCLS({"Mn": ENDMEMBERS[0], "vacuum": np.zeros(60)}).fit(X)
    np.testing.assert_allclose(with_vacuum.transform(0.3 * ENDMEMBERS[:1]), [[0.3, 0.7]])
    assert with_vacuum.get_feature_names_out().tolist() == ["Mn", "vacuum"]


@pytest.mark.parametrize("apart", [0, 1e-6, 1e-3])
def test_a_library_that_is_nearly_collinear_fits_as_well_as_scipys(apart):
    rng = np.random.default_rng(5)
    library = rng.uniform(size=(20, 100)) ** 4
    X = rng.dirichlet(np.full(20, 0.2), 50) @ library + 0.05 * rng.normal(size=(50, 100))
    library = np.vstack([library, 2 * library + apart * rng.normal(size=library.shape)])
    found = FCLS(library, sum_to_one=False).fit(X).residual(X)
    expected = [scipy_nnls(library.T, x)[1] / 10 for x in X]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_more_endmembers_than_a_machine_word_has_bits():
    rng = np.random.default_rng(3)
    library = rng.uniform(size=(80, 120)) ** 4
    X = rng.dirichlet(np.full(80, 0.05), 50) @ library + 0.05 * rng.normal(size=(50, 120))
    found = FCLS(library, sum_to_one=False).fit(X).transform(X)
    expected = np.array([scipy_nnls(library.T, x)[0] for x in X])
    np.testing.assert_allclose(found, expected, atol=1e-8)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"endmembers": ENDMEMBERS[:, :50]}, "endmembers have 50 channels, but .* have 60"),
        ({"endmembers": np.full((2, 60), np.nan)}, "endmembers contains NaN"),
        ({"weights": np.ones(3)}, "weights have 3 channels, but the spectra have 60"),
        ({"weights": -np.ones(60)}, "weights must not be negative, got -1"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        FCLS(**{"endmembers": ENDMEMBERS} | params).fit(NOISY)


def test_counts_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"counts has shape \(2, 60\), but X has \(300, 60\)"):
        FCLS(ENDMEMBERS).fit(NOISY).chi2(NOISY, counts=NOISY[:2])
