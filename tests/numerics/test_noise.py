import numpy as np
import pytest

from skspectra._numerics.noise import noise_deviation


@pytest.mark.parametrize("order", [2, 3])
def test_deviation_of_noise_on_a_slope_with_a_line(order):
    channels = np.arange(4000.0)
    line = 500 * np.exp(-(((channels - 2000) / 20) ** 2))
    noise = np.random.default_rng(0).normal(0, [[0.5], [8.0]], (2, channels.size))
    found = noise_deviation(1000 - channels / 5 + line + noise, order)
    assert found == pytest.approx([0.5, 8.0], rel=0.06)
