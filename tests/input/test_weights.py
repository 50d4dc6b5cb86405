import numpy as np
import pytest

from skspectra._input.weights import spectrum_weights

X = np.zeros((4, 2))
Y = np.array(["a", "a", "a", "b"])


@pytest.mark.parametrize(
    ("sample_weight", "class_weight", "expected"),
    [
        (None, None, [1, 1, 1, 1]),
        ([1, 2, 0, 4], None, [1, 2, 0, 4]),
        (None, {"b": 5}, [1, 1, 1, 5]),
        ([1, 2, 0, 4], {"a": 2}, [2, 4, 0, 4]),
        (None, "balanced", [2 / 3, 2 / 3, 2 / 3, 2]),
        ([1, 1, 0, 1], "balanced", [3 / 4, 3 / 4, 0, 3 / 2]),
        ([1, 1, 1, 3], "balanced", [1, 1, 1, 3]),
    ],
)
def test_own_weight_times_that_of_the_class(sample_weight, class_weight, expected):
    weight = spectrum_weights(X, Y, sample_weight, class_weight)
    np.testing.assert_allclose(weight, expected)
    assert weight.dtype == np.float64


def test_what_is_given_stays_as_it_is():
    sample_weight = np.ones(4)
    spectrum_weights(X, Y, sample_weight, {"b": 5})
    assert sample_weight.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("sample_weight", "class_weight", "message"),
    [
        ([1, 1, 1, 0], None, r"two classes .* got 1 class: \['a'\]"),
        (
            np.ma.masked_array([1, 1, 1, 1], mask=Y == "b"),
            None,
            "1 entries of sample_weight are mas",
        ),
        (None, {"b": 0}, r"two classes .* got 1 class: \['a'\]"),
        (None, {"b": -1}, "class_weight must be finite and not negative"),
        (None, {"b": np.nan}, "class_weight must be finite and not negative"),
        ([1, 1, 1, -1], None, "[Nn]egative"),
        ([1, 1, 1, np.nan], None, "NaN"),
        ([1, 1, 1], None, "shape"),
    ],
)
def test_weights_that_are_refused(sample_weight, class_weight, message):
    with pytest.raises(ValueError, match=message):
        spectrum_weights(X, Y, sample_weight, class_weight)
