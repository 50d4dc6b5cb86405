from math import factorial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

from skspectra.datasets._scattering import energy_loss_function, scatter

STEP = 0.05
GRID = np.arange(-300, 700) * STEP
EDGE = np.exp(-(((GRID - 1) / 0.8) ** 2)) + 0.1 / (1 + np.exp(-GRID))


def scattered(thickness, energy=20.0, width=8.0, curves=EDGE[None]):
    n = len(curves)
    return scatter(curves, STEP, *(np.full(n, value) for value in (thickness, energy, width)))


@pytest.mark.parametrize(("energy", "width"), [(15.0, 4.0), (27.0, 14.0), (20.0, 0.5)])
def test_energy_loss_function_has_unit_area_and_its_peak_near_the_plasmon(energy, width):
    area, _ = quad(energy_loss_function, 0, 2000, args=(energy, width), points=[energy], limit=500)
    assert_allclose(area, 1, rtol=1e-4)
    losses = np.arange(0, 60, 0.01)
    highest = losses[energy_loss_function(losses, energy, width).argmax()]
    # the maximum solves 3 E^4 - (2 E_p^2 - width^2) E^2 - E_p^4 = 0
    half = (2 * energy**2 - width**2) / 6
    assert_allclose(highest, np.sqrt(half + np.sqrt(half**2 + energy**4 / 3)), atol=0.011)


def test_energy_loss_function_is_that_of_a_drude_metal():
    losses, energy, width = np.arange(1, 50.0), 22.0, 6.0
    epsilon = 1 - energy**2 / (losses * (losses + 1j * width))
    expected = (-1 / epsilon).imag
    found = energy_loss_function(losses, energy, width)
    assert_allclose(found / found.sum(), expected / expected.sum(), rtol=1e-12)


@pytest.mark.parametrize("thickness", [0.1, 0.5, 1.5])
def test_sum_over_poisson_numbers_of_losses(thickness):
    losses = energy_loss_function(STEP * np.arange(GRID.size), 20.0, 8.0) * STEP
    total, after = 0, EDGE
    for n in range(12):
        total = total + np.exp(-thickness) * thickness**n / factorial(n) * after
        after = np.convolve(after, losses)[: GRID.size]
    assert_allclose(scattered(thickness)[0], total, atol=5e-4 * total.max())


def test_nothing_without_thickness_and_nothing_before_the_edge():
    assert_allclose(scattered(0.0), EDGE[None], atol=0)
    before = GRID < -10
    assert_allclose(scattered(1.0)[0, before], np.exp(-1) * EDGE[before], atol=1e-4)


def test_keeps_single_precision_and_treats_rows_apart():
    curves = np.stack([EDGE, 2 * EDGE]).astype(np.float32)
    plasmon = np.array([20.0, 25.0]), np.array([8.0, 5.0])
    both = scatter(curves, STEP, np.array([0.0, 0.7]), *plasmon)
    assert both.dtype == np.float32
    assert_allclose(both[0], EDGE, atol=1e-5)
    assert_allclose(both[1], 2 * scattered(0.7, 25.0, 5.0)[0], atol=1e-5)
