import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, kstest
from sklearn.neighbors import KNeighborsRegressor

from skspectra.exceptions import SpectrumWarning
from skspectra.pipeline import make_pipeline
from skspectra.preprocessing import SpectrumNormalizer
from skspectra.sampling import RandomMixture
from skspectra.sampling._random_mixture import _draw_distinct

ENERGY = 635 + 0.1 * np.arange(300)
POSITION = np.array([640.0, 645.0, 650.0])
VALENCE = np.array([2.0, 3.0, 4.0])


def line(position):
    return np.exp(-(((ENERGY - np.atleast_1d(position)[:, None]) / 0.5) ** 2))


def make_lines(n=4, seed=0):
    """Lines of three components, and which of them each is."""
    codes = np.repeat(np.arange(3), n)
    heights = np.random.default_rng(seed).uniform(2, 900, (codes.size, 1))
    return heights * line(POSITION[codes]), codes


def mixture(**params):
    return RandomMixture(500, spectral_axis=ENERGY, random_state=0).set_params(**params)


def test_a_mixture_is_the_sum_of_scaled_spectra_in_its_fractions():
    X, codes = make_lines()
    X_out, fractions = mixture(shift=0).fit_resample(X, np.eye(3)[codes])
    np.testing.assert_array_equal(X_out[:12], X)
    np.testing.assert_array_equal(fractions[:12], np.eye(3)[codes])
    np.testing.assert_allclose(fractions.sum(axis=1), 1)
    np.testing.assert_allclose(X_out[12:], fractions[12:] @ line(POSITION), atol=1e-12)


def test_values_are_mixed_as_fractions_are():
    X, codes = make_lines()
    ascending = np.eye(3)[::-1]  # the order in which components are numbered
    X_out, fractions = mixture().fit_resample(X, ascending[codes])
    same, valence = mixture().fit_resample(X, VALENCE[codes].astype(int))
    np.testing.assert_array_equal(same, X_out)
    np.testing.assert_allclose(valence, fractions @ VALENCE[::-1])


@pytest.mark.parametrize("concentration", [0.5, 1.0, 4.0])
def test_fractions_are_dirichlet(concentration):
    X, codes = make_lines()
    _, fractions = mixture(concentration=concentration).fit_resample(X, np.eye(3)[codes])
    of_one = beta(concentration, 2 * concentration)  # each of three by itself
    for column in fractions[12:].T:
        assert kstest(column, of_one.cdf).pvalue > 0.01


def test_components_are_different_and_equally_likely():
    X, codes = make_lines(n=2)
    X, codes = X[:5], codes[:5]  # one component has a single spectrum
    _, fractions = mixture(n_components=2, n_samples=6000).fit_resample(X, np.eye(3)[codes])
    mixed = fractions[5:] > 0
    assert set(mixed.sum(axis=1)) == {2}
    np.testing.assert_allclose(mixed.mean(axis=0), 2 / 3, atol=0.03)


def test_all_ways_to_draw_are_equally_likely():
    drawn = _draw_distinct(4, 3, 24000, np.random.default_rng(0))
    ways, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(ways) == 24
    assert all(len(set(way)) == 3 for way in ways.tolist())
    assert np.abs(counts / 1000 - 1).max() < 0.15


def test_spectra_are_drawn_at_random_from_all_of_their_component():
    X, codes = make_lines(n=6)
    X = X / X.max(axis=1, keepdims=True)
    X[:, 0] = 0
    marks = np.eye(18)
    order = np.random.default_rng(1).permutation(18)
    given = np.hstack([marks, X])[order]
    X_out, fractions = RandomMixture(500, shift=0, random_state=0).fit_resample(
        given, np.eye(3)[codes[order]]
    )
    taken = X_out[18:, :18] > 0
    assert taken.any(axis=0).all()
    assert (taken.reshape(500, 3, 6).sum(axis=2) == 1).all()
    of_component = X_out[18:, :18].reshape(500, 3, 6).sum(axis=2)
    np.testing.assert_allclose(of_component, fractions[18:])


def test_every_part_is_shifted_by_its_own_amount():
    X, codes = make_lines()
    X_out, _ = mixture(shift=(-1, 0.5), n_components=3).fit_resample(X, VALENCE[codes])
    low = ENERGY[X_out[12:, :75].argmax(axis=1)] - 640
    high = ENERGY[75 + X_out[12:, 75:125].argmax(axis=1)] - 645
    for shift in (low, high):
        assert shift.min() == pytest.approx(-1, abs=0.1)
        assert shift.max() == pytest.approx(0.5, abs=0.1)
    assert abs(np.corrcoef(low, high)[0, 1]) < 0.2


def test_continuous_targets_and_frames():
    X, codes = make_lines()
    y = np.linspace(2, 4, 12)
    X_out, valence = mixture(n_components=2).fit_resample(X, y)
    assert (valence[12:] > 2).all() and (valence[12:] < 4).all()
    frame = pd.DataFrame(X.astype(np.float32), columns=ENERGY.round(1))
    out, same = mixture(n_components=2, spectral_axis=None).fit_resample(frame, pd.Series(y))
    assert list(out.columns) == list(frame.columns)
    assert (out.dtypes == np.float32).all()
    np.testing.assert_allclose(out, X_out, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(same, valence, rtol=1e-6)
    assert not np.array_equal(mixture(random_state=1).fit_resample(X, codes)[0][12:], X_out[12:])


def test_acts_in_a_pipeline_while_it_is_fitted_only():
    X, codes = make_lines()
    model = make_pipeline(mixture(), SpectrumNormalizer(), KNeighborsRegressor(1))
    model.fit(X, VALENCE[codes])
    assert model[-1].n_samples_fit_ == 512
    np.testing.assert_allclose(model.predict(X), VALENCE[codes])


def test_how_many_to_mix_is_asked_where_targets_are_continuous():
    X, _ = make_lines(n=8)
    with pytest.raises(ValueError, match="y holds 24 different targets.*n_components=2"):
        mixture().fit_resample(X, np.linspace(2, 4, 24))
    assert len(mixture(n_components=2).fit_resample(X, np.linspace(2, 4, 24))[0]) == 524


def test_spectra_without_a_maximum_are_told():
    X, codes = make_lines()
    X[3] = -1
    with pytest.warns(SpectrumWarning, match="1 of 12 spectra have no maximum"):
        mixture(shift=0).fit_resample(X, codes)


@pytest.mark.parametrize(
    ("params", "y", "message"),
    [
        ({}, [2] * 12, "2 components are to be mixed, but y holds 1 different"),
        ({"n_components": 4}, None, "4 components are to be mixed, but y holds 3"),
        ({"shift": (1, -1)}, None, "shift must be finite with low <= high"),
        ({"concentration": 0}, None, "concentration"),
        ({}, ["Mn2+"] * 12, "must hold numbers, got the label 'Mn2.'.*ValenceMixture"),
    ],
)
def test_what_cannot_be_mixed_is_refused(params, y, message):
    X, codes = make_lines()
    with pytest.raises(ValueError, match=message):
        mixture(**params).fit_resample(X, codes if y is None else y)
