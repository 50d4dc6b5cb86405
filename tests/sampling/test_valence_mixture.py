import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier

from skspectra.exceptions import SpectrumWarning
from skspectra.pipeline import make_pipeline
from skspectra.preprocessing import SpectrumNormalizer
from skspectra.sampling import ValenceMixture

ENERGY = 635 + 0.1 * np.arange(300)
POSITION = {"Mn2+": 640.0, "Mn3+": 645.0, "Mn4+": 650.0}
FIVE = {"Mn2.5+": {"Mn2+": 0.5, "Mn3+": 0.5}, "Mn3.5+": {"Mn3+": 0.5, "Mn4+": 0.5}}


def line(position):
    return np.exp(-(((ENERGY - np.atleast_1d(position)[:, None]) / 0.5) ** 2))


def make_lines(n=4, seed=0):
    y = np.repeat(list(POSITION), n)
    heights = np.random.default_rng(seed).uniform(2, 900, (y.size, 1))
    return heights * line([POSITION[name] for name in y]), y


def mixture(**params):
    return ValenceMixture(FIVE, 50, spectral_axis=ENERGY, random_state=0).set_params(**params)


def test_originals_come_first_and_mixtures_after():
    X, y = make_lines()
    X_out, y_out = mixture().fit_resample(X, y)
    assert X_out.shape == (112, 300)
    np.testing.assert_array_equal(X_out[:12], X)
    np.testing.assert_array_equal(y_out[:12], y)
    assert y_out[12:].tolist() == ["Mn2.5+"] * 50 + ["Mn3.5+"] * 50


def test_without_shift_a_mixture_is_the_sum_of_scaled_spectra():
    X, y = make_lines()
    fractions = {"mixed": {"Mn2+": 0.2, "Mn3+": 0.7, "Mn4+": 0.1}}
    X_out, _ = mixture(fractions=fractions, shift=0).fit_resample(X, y)
    expected = [0.2, 0.7, 0.1] @ line(list(POSITION.values()))
    np.testing.assert_allclose(X_out[12:], np.tile(expected, (50, 1)), atol=1e-12)


def test_every_part_is_shifted_by_its_own_amount():
    X, y = make_lines()
    X_out, _ = mixture(n_samples=400, shift=(-1, 0.5)).fit_resample(X, y)
    mixed = X_out[12:412]
    low = ENERGY[mixed[:, :75].argmax(axis=1)] - 640
    high = ENERGY[75 + mixed[:, 75:].argmax(axis=1)] - 645
    for shift in (low, high):
        assert shift.min() == pytest.approx(-1, abs=0.1)
        assert shift.max() == pytest.approx(0.5, abs=0.1)
        assert shift.mean() == pytest.approx(-0.25, abs=0.08)
    assert abs(np.corrcoef(low, high)[0, 1]) < 0.2
    np.testing.assert_allclose(mixed.max(axis=1), 0.5, atol=0.02)


def test_spectra_are_drawn_at_random_from_all_of_their_class():
    X, y = make_lines(n=6)
    X = X / X.max(axis=1, keepdims=True)
    X[:, 0] = -np.arange(18.0)  # marks each spectrum
    X_out, _ = mixture(n_samples=500, shift=0).fit_resample(X, y)
    marks = -2 * X_out[18:518, 0]
    assert set(marks.round(6)) == {float(a + b) for a in range(6) for b in range(6, 12)}


def test_a_seed_repeats_and_frames_come_back():
    X, y = make_lines()
    X_out, _ = mixture().fit_resample(X, y)
    np.testing.assert_array_equal(mixture().fit_resample(X, y)[0], X_out)
    assert not np.array_equal(mixture(random_state=1).fit_resample(X, y)[0], X_out)
    frame = pd.DataFrame(X, columns=ENERGY.round(1))
    out, y_out = mixture(spectral_axis=None).fit_resample(frame, pd.Series(y))
    assert list(out.columns) == list(frame.columns)
    np.testing.assert_allclose(out, X_out)
    assert y_out.value_counts()["Mn3.5+"] == 50


def test_labels_may_be_numbers():
    X, _ = make_lines()
    halves = {25: {20: 0.5, 30: 0.5}}
    _, y_out = mixture(fractions=halves).fit_resample(X, np.repeat([20, 30, 40], 4))
    assert np.unique(y_out).tolist() == [20, 25, 30, 40]
    assert y_out.dtype.kind == "i"
    for name in (2.5, "mixed"):
        with pytest.raises(ValueError, match=f"Class {name!r} is not of the type"):
            mixture(fractions={name: {20: 1}}).fit_resample(X, np.repeat([20, 30, 40], 4))


def test_five_classes_are_told_apart_in_a_pipeline():
    X, y = make_lines()
    model = make_pipeline(mixture(), SpectrumNormalizer("l2"), KNeighborsClassifier(1)).fit(X, y)
    assert model.classes_.tolist() == ["Mn2+", "Mn2.5+", "Mn3+", "Mn3.5+", "Mn4+"]
    unseen = [line(640.3) + line(644.6), line(645.4) + line(649.9), line(640.0)]
    assert model.predict(np.concatenate(unseen)).tolist() == ["Mn2.5+", "Mn3.5+", "Mn2+"]


def test_spectra_below_zero_are_mixed_as_they_are():
    X, y = make_lines()
    X[0] = -1.0
    with pytest.warns(SpectrumWarning, match="1 of 12 spectra have no maximum above 0") as record:
        X_out, _ = mixture(shift=0).fit_resample(X, y)
    assert len(record) == 1
    assert np.isfinite(X_out).all()
    assert X_out[12:62].min() == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"fractions": {"a": {"Mn2+": 0.5, "Mn7+": 0.5}}}, "'a' is to be mixed of .'Mn7.'., but y"),
        ({"fractions": {"a": {"Mn2+": 0.5, "Mn3+": 0.6}}}, "'a' must sum to 1, got 1.1"),
        ({"fractions": {"a": {"Mn2+": 1.5, "Mn3+": -0.5}}}, "numbers above 0, got .1.5, -0.5"),
        ({"fractions": {"a": ["Mn2+", "Mn3+"]}}, "must be a dict of classes"),
        ({"fractions": {"a": {}}}, "must be a dict of classes"),
        ({"fractions": {5: {"Mn2+": 1}}}, "Class 5 is not of the type of the classes"),
        ({"shift": (1, -1)}, "shift must be finite with low <= high"),
        ({"n_samples": 0}, "'n_samples' parameter"),
    ],
)
def test_bad_parameters(params, message):
    X, y = make_lines()
    with pytest.raises(ValueError, match=message):
        mixture(**params).fit_resample(X, y)
