"""What every unmixing estimator does with bad input, spectra on disk and HyperSpy's signals."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skspectra.exceptions import SpectrumWarning
from skspectra.io._hyperspy import import_hyperspy
from skspectra.unmixing import (
    FCLS,
    NFINDR,
    VCA,
    BayesianUnmixer,
    MinimumVolumeUnmixer,
    PoissonPCA,
)

RNG = np.random.default_rng(0)
AXIS = np.linspace(0, 1, 40)
PURE = 100 * np.exp(-(((AXIS - [[0.3], [0.5], [0.7]]) / 0.1) ** 2)) + 10
COUNTS = RNG.poisson(RNG.dirichlet(np.ones(3), 400) @ PURE).astype(float)
COUNTS[[3, 50, 300]] = PURE

KNOWN = [FCLS(PURE), FCLS(PURE, weights="poisson"), FCLS(PURE, sum_to_one=False)]
SIMPLEX = [
    NFINDR(3),
    NFINDR(3, poisson=True, denoise=True),
    VCA(3, random_state=0),
    MinimumVolumeUnmixer(3),
    MinimumVolumeUnmixer(3, poisson=False),
    BayesianUnmixer(3, n_sweeps=12, burn_in=2, random_state=0),
]
EVERY = [*KNOWN, *SIMPLEX, PoissonPCA(3)]
OF_COUNTS = [each for each in EVERY if getattr(each, "poisson", False)]

pytestmark = pytest.mark.filterwarnings(
    f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning"
)


def changed(index, value):
    X = COUNTS.copy()
    X[index] = value
    return X


def name(estimator):
    changes = {k: v for k, v in vars(estimator).items() if isinstance(v, bool | str) and v}
    return "-".join([type(estimator).__name__, *changes])


every = pytest.mark.parametrize("unmix", EVERY, ids=name)


@every
@pytest.mark.filterwarnings(f"ignore::{SpectrumWarning.__module__}.SpectrumWarning")
@pytest.mark.parametrize(
    "index, value",
    [
        (slice(5, 9), 0),
        ((slice(None), 3), 7),
        ((slice(None), 3), 0),
    ],
    ids=["pixels without counts", "a constant channel", "a channel without counts"],
)
def test_dead_pixels_and_channels_leave_the_rest_alone(unmix, index, value):
    X = changed(index, value)
    unmix = clone(unmix).fit(X)
    shares = unmix.transform(X)
    assert np.isfinite(shares).all() and np.isfinite(unmix.chi2(X)).all()
    fitted = unmix.inverse_transform(shares)
    assert np.abs(fitted - X)[20:, 10:].mean() < 8


@every
@pytest.mark.parametrize(
    "X, message",
    [
        (changed((3, 3), np.nan), "NaN"),
        (changed((3, 3), np.inf), "infinity"),
        (np.ma.masked_greater(COUNTS, 100), "entries of X are masked"),
        (COUNTS[:, 0], "Expected 2D array"),
        (COUNTS[:0], "0 sample"),
    ],
    ids=["NaN", "infinity", "a mask", "one dimension", "no spectra"],
)
def test_what_is_no_spectra_is_refused(unmix, X, message):
    with pytest.raises(ValueError, match=message):
        clone(unmix).fit(X)
    fitted = clone(unmix).fit(COUNTS)
    for method in (fitted.transform, fitted.residual, fitted.chi2):
        with pytest.raises(ValueError, match=message):
            method(X)


@pytest.mark.parametrize("n_components", [1, 3])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_found_where_no_endmember_has_counts(n_components, value):
    pure = PURE[:n_components].copy()
    pure[:, 5] = 0
    with pytest.raises(ValueError, match="X contains") as raised:
        FCLS(pure).fit(COUNTS).transform(changed((7, 5), value))
    (note,) = raised.value.__notes__
    assert "1 of 400 rows of X hold NaN or infinity, the first is row 7" in note


@pytest.mark.parametrize("unmix", [*SIMPLEX, PoissonPCA(3)], ids=name)
@pytest.mark.parametrize("X", [COUNTS[:2], COUNTS[:, :1]], ids=["spectra", "channels"])
def test_more_components_than_spectra_or_channels(unmix, X):
    with pytest.raises(ValueError, match="n_components=3 .* Lower n_components"):
        clone(unmix).fit(X)


@pytest.mark.parametrize("unmix", SIMPLEX, ids=name)
@pytest.mark.parametrize(
    "X, n_dimensions",
    [
        (np.linspace(1, 2, 50)[:, None] * PURE[0], 1),
        (np.linspace([1, 0], [0, 1], 50) @ PURE[:2], 1),
        (np.tile(PURE[0], (50, 1)), 0),
        (np.zeros((50, 40)), 0),
    ],
    ids=["one brighter and darker", "two that mix", "all the same", "nothing"],
)
def test_spectra_of_too_few_dimensions(unmix, X, n_dimensions):
    with pytest.raises(ValueError, match=f"differ in {n_dimensions} dimensions only"):
        clone(unmix).fit(X)


@pytest.mark.parametrize("unmix", OF_COUNTS, ids=name)
def test_negative_counts_are_refused(unmix):
    message = f"Negative values in data passed to {type(unmix).__name__}.* wants counts"
    with pytest.raises(ValueError, match=message):
        clone(unmix).fit(COUNTS - 50)


@pytest.mark.parametrize("unmix", [e for e in EVERY if e not in OF_COUNTS], ids=name)
def test_values_that_are_no_counts_may_be_negative(unmix):
    shares = clone(unmix).fit(COUNTS - 50).transform(COUNTS - 50)
    assert np.isfinite(shares).all()


@every
def test_other_channels_than_at_fit_are_refused(unmix):
    fitted = clone(unmix).fit(COUNTS)
    with pytest.raises(ValueError, match="X has 39 features, but .* is expecting 40"):
        fitted.transform(COUNTS[:, 1:])


@every
def test_spectra_in_chunks_give_what_they_give_in_memory(unmix, monkeypatch):
    dask_array = pytest.importorskip("dask.array")
    monkeypatch.setattr("skspectra._input.stored._READ_WHOLE", 2**12)
    monkeypatch.setattr("skspectra.unmixing._rows._BLOCK_BYTES", 2**14)
    X = COUNTS.astype(np.float32)
    lazy = dask_array.from_array(X, chunks=(90, 40))
    whole, parts = clone(unmix).fit(X), clone(unmix).fit(lazy)
    np.testing.assert_allclose(parts.components_, whole.components_, rtol=1e-3, atol=0.05)
    np.testing.assert_allclose(parts.transform(lazy), whole.transform(X), atol=5e-3, rtol=1e-3)
    np.testing.assert_allclose(parts.chi2(lazy), whole.chi2(X), rtol=5e-3, atol=1e-9)
    if hasattr(whole, "indices_"):
        np.testing.assert_array_equal(parts.indices_, whole.indices_)


@every
@pytest.mark.filterwarnings(f"ignore::{SpectrumWarning.__module__}.SpectrumWarning")
def test_hyperspy_decomposes_by_it(unmix):
    signal = import_hyperspy().signals.Signal1D(COUNTS.reshape(20, 20, 40).copy())
    signal.decomposition(algorithm=clone(unmix), print_info=False)
    expected = clone(unmix).fit(COUNTS)
    results = signal.learning_results
    np.testing.assert_allclose(results.factors.T, expected.components_, rtol=1e-6)
    np.testing.assert_allclose(results.loadings, expected.transform(COUNTS), atol=1e-6)
