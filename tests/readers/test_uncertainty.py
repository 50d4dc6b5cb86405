import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skspectra.readers._by_noise import quantile_by_noise, quantile_curve
from skspectra.readers._labels import element_of_labels, valence_of_label
from skspectra.readers._mean_valence import drawn_labels, interval_curve, mixtures, unshrinking


def test_quantiles_follow_the_noise():
    rng = np.random.default_rng(0)
    noise = 10 ** rng.uniform(-2.5, -0.5, 6000)
    values = np.abs(rng.normal(0, 1, 6000)) * noise
    curve = quantile_curve(values[::2], noise[::2], 0.9)
    covered = values[1::2] <= quantile_by_noise(curve, noise[1::2])
    for low, high in ((-2.3, -1.5), (-1.5, -0.7)):
        inside = (np.log10(noise[1::2]) > low) & (np.log10(noise[1::2]) < high)
        assert 0.83 < covered[inside].mean() < 0.97


def test_few_values_give_one_bin_and_their_greatest():
    curve = quantile_curve(np.arange(5.0), np.full(5, 0.1), 0.99)
    np.testing.assert_array_equal(quantile_by_noise(curve, np.array([1e-9, 0.1, 3.0])), [4, 4, 4])


def test_unshrinking_takes_back_what_was_drawn_to_the_middle():
    rng = np.random.default_rng(0)
    valence = rng.uniform(2, 4, 4000)
    predicted = 3 + 0.6 * (valence - 3) + rng.normal(0, 0.02, 4000)
    curve = unshrinking(predicted, valence, (2, 4))
    new = np.array([2.2, 3.0, 3.8])
    np.testing.assert_allclose(np.interp(3 + 0.6 * (new - 3), *curve), new, atol=0.06)
    half = interval_curve(np.interp(predicted, *curve), valence, np.full(4000, 0.01), 0.9)
    np.testing.assert_allclose(half[1], 1.645 * 0.02 / 0.6, rtol=0.4)


def test_mixtures_are_pure_in_part_and_sum_up():
    axis = np.arange(-7, 17, 0.2)
    shapes = np.repeat([np.exp(-(axis**2)), np.exp(-((axis - 8) ** 2))], 20, axis=0)
    rng = np.random.default_rng(0)
    mixed, fractions = mixtures(shapes, np.repeat([0, 1], 20), 500, axis, rng)
    np.testing.assert_allclose(fractions.sum(axis=1), 1)
    assert 0.35 < (fractions.max(axis=1) == 1).mean() < 0.45
    areas = mixed[:, axis < 4].sum(axis=1), mixed[:, axis >= 4].sum(axis=1)
    np.testing.assert_allclose(areas[0] / (areas[0] + areas[1]), fractions[:, 0], atol=0.02)


def test_classifiers_of_drawn_labels_expect_the_fractions():
    rng = np.random.default_rng(0)
    fractions = rng.dirichlet(np.ones(3), 20000)
    labels = drawn_labels(fractions, rng)
    np.testing.assert_allclose(np.bincount(labels) / 20000, 1 / 3, atol=0.02)
    features = np.log(fractions)
    expected = LogisticRegression().fit(features, labels).predict_proba(features)
    assert np.abs(expected - fractions).mean() < 0.02


@pytest.mark.parametrize(
    ("label", "valence"), [("Mn2+", 2), ("Fe2.5+", 2.5), (3, 3), ("4", 4), (np.int64(2), 2)]
)
def test_valence_of_label(label, valence):
    assert valence_of_label(label) == valence


def test_element_of_labels():
    assert element_of_labels(["Mn2+", "Mn4+"]) == "Mn"
    assert element_of_labels([2, 3]) is None
    with pytest.raises(ValueError, match="one element"):
        element_of_labels(["Mn2+", "Fe2+"])
