import numpy as np

from skspectra._numerics.edges.strength import edge_strength

ENERGY = 600 + 0.5 * np.arange(400)


def test_extrapolation_of_few_noisy_channels_makes_no_edge():
    """The error of a power law that is fitted to 10 eV grows over the 190 eV after them."""
    counts = np.random.default_rng(0).poisson(500 * (ENERGY / 600) ** -3.0, (2000, 400))
    strength = edge_strength(counts, ENERGY, (600, 610))
    assert (np.abs(strength) > 3).mean() < 0.02
    assert 0.5 < strength.std() < 1.5


def test_strength_of_an_edge_is_its_height_in_noise():
    background = 5000 * (ENERGY / 600) ** -3.0
    X = np.random.default_rng(0).normal(background + 200 * (ENERGY >= 640), 10, (100, 400))
    strength = edge_strength(X, ENERGY, (600, 635))
    assert 8 < strength.mean() < 20
    assert edge_strength((background + (ENERGY >= 640))[None], ENERGY, (600, 635))[0] > 1e6
