import numpy as np
import pytest

from skspectra._numerics.images.gain import gain_of_counts


def two_phases(level, gain=1.0, seed=0, shape=(30, 40)):
    channel = np.arange(120)
    shapes = np.stack([1 + np.exp(-(((channel - at) / 5) ** 2)) for at in (40, 70)])
    brightness = np.random.default_rng(1).uniform(0.7, 1.3, shape)
    expected = level * brightness[..., None] * shapes[(np.arange(shape[1]) > 15).astype(int)]
    return gain * np.random.default_rng(seed).poisson(expected)


@pytest.mark.parametrize("gain", [0.1, 1, 20])
@pytest.mark.parametrize("level", [2, 30, 1000])
def test_gain_is_found_whatever_the_phases_and_the_brightness(gain, level):
    found, by_channel = gain_of_counts(two_phases(level, gain))
    assert found == pytest.approx(gain, rel=0.05)
    assert by_channel == pytest.approx(gain, rel=0.05)


def test_blurring_along_the_axis_hides_noise_from_single_channels_only():
    counts = two_phases(50).astype(float)
    blurred = (counts[..., :-2] + counts[..., 1:-1] + counts[..., 2:]) / 3
    found, by_channel = gain_of_counts(blurred)
    assert found == pytest.approx(1, rel=0.15)
    assert by_channel == pytest.approx(1 / 3, rel=0.1)


def test_no_pair_of_pixels_says_nothing():
    assert gain_of_counts(np.ones((1, 20))) == (1, 1)
    assert gain_of_counts(np.zeros((3, 20))) == (1, 1)
