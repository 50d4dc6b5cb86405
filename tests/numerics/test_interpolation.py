import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skspectra._numerics.interpolation import resample_rows


def overlaps(axis, new_axis):
    """Share of each channel in each new one, channel by channel."""

    def edges(values):
        middle = (values[1:] + values[:-1]) / 2
        return np.r_[2 * values[0] - middle[0], middle, 2 * values[-1] - middle[-1]]

    old, new = edges(axis), edges(new_axis)
    low = np.maximum(old[:-1], new[:-1, None])
    high = np.minimum(old[1:], new[1:, None])
    return np.clip(high - low, 0, None) / np.diff(new)[:, None]


@given(seed=st.integers(0, 99), ratio=st.floats(1.05, 9), offset=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_wider_channels_hold_the_mean_of_what_they_span(seed, ratio, offset):
    axis = np.arange(200.0)
    new_axis = 10 + offset + ratio * np.arange(int(150 / ratio))
    rng = np.random.default_rng(seed)
    weights = resample_rows(np.eye(200), axis, new_axis).T
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights @ axis, new_axis)  # straight lines stay straight
    assert np.abs(weights - overlaps(axis, new_axis)).max() < 0.15 / ratio
    # all counts are used: what is inside the new channels and not at an end weighs the same
    inside = slice(int(new_axis[0] + 2 * ratio), int(new_axis[-1] - 2 * ratio))
    np.testing.assert_allclose(ratio * weights.sum(axis=0)[inside], 1, atol=0.15)
    counts = rng.poisson(50, (200, 200))
    variance = (counts @ weights.T).var(axis=0).mean()
    assert variance == pytest.approx(50 / ratio, rel=0.35)


@pytest.mark.parametrize("step", [2, 3, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_binning_by_hand_gives_the_same(step, dtype):
    X = np.random.default_rng(0).poisson(20, (3, 60)).astype(dtype)
    axis = 0.1 * np.arange(60) + 600
    out = resample_rows(X, axis, axis.reshape(-1, step).mean(axis=1))
    assert out.dtype == dtype
    np.testing.assert_allclose(out, X.reshape(3, -1, step).mean(axis=2), rtol=1e-5)


def test_irregular_axes_keep_straight_lines():
    rng = np.random.default_rng(0)
    axis = np.cumsum(rng.uniform(0.1, 1, 200))
    new_axis = np.cumsum(rng.uniform(0.1, 3, 40)) + axis[0]
    new_axis = new_axis[new_axis < axis[-1]]
    np.testing.assert_allclose(resample_rows(axis[None], axis, new_axis)[0], new_axis)


def test_beyond_the_ends_the_last_value_serves():
    X = np.array([[1.0, 2, 3, 4]])
    out = resample_rows(X, [0, 1, 2, 3], [-6, -3, 0, 3, 6, 9.0], outside="edge")
    np.testing.assert_allclose(out[0, [0, 1, 4, 5]], [1, 1, 4, 4])


def test_points_are_not_averaged():
    X = np.random.default_rng(0).normal(size=(2, 50))
    out = resample_rows(X, np.arange(50.0), [3, 13.5, 30], average=False)
    np.testing.assert_allclose(out, [[row[3], (row[13] + row[14]) / 2, row[30]] for row in X])


def test_one_channel_and_one_new_channel():
    np.testing.assert_allclose(resample_rows(np.ones((2, 1)), [5.0], [5.0]), 1)
    np.testing.assert_allclose(resample_rows(np.array([[1.0, 3]]), [0, 1], [0.5]), 2)
