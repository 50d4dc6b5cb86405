import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import voigt_profile

from skspectra.datasets._broadening import broaden_bins, edge_split
from skspectra.datasets.multiplet import broaden

FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))
AXIS = np.arange(-15, 30, 0.1)
ENERGIES = np.array([-2.0, -0.5, 0.0, 1.3, 3.0, 9.7, 11.0, 12.2])
WEIGHTS = np.array([0.5, 1.0, 2.0, 1.5, 0.4, 0.7, 1.2, 0.5])
IS_L2 = ENERGIES > 5


def exact(l3_width=0.4, l2_width=1.2, width_slope=0.0, resolution=0.5):
    """Sum of Voigt profiles."""
    widths = np.where(IS_L2, l2_width, l3_width)
    widths += width_slope * (ENERGIES - np.where(IS_L2, ENERGIES[5], ENERGIES[0]))
    sigma = resolution / FWHM_PER_SIGMA
    return voigt_profile(AXIS[:, None] - ENERGIES, sigma, widths / 2) @ WEIGHTS


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"l3_width": 0.15, "l2_width": 1.8, "resolution": 0.3},
        {"l3_width": 0.3, "l2_width": 0.6, "width_slope": 0.3},
        {"l3_width": 0.6, "l2_width": 0.6, "resolution": 0.0},
        {"l3_width": 0.02, "l2_width": 0.02, "resolution": 1.0},
    ],
)
def test_agrees_with_voigt_profiles(shape):
    expected = exact(**shape)
    assert_allclose(broaden(ENERGIES, WEIGHTS, AXIS, **shape), expected, atol=0.01 * expected.max())


def test_one_lorentzian_in_closed_form():
    spectrum = broaden([0.0], [3.0], AXIS, l3_width=1.0, resolution=0.0)
    expected = 3 / np.pi * 0.5 / (AXIS**2 + 0.25)
    assert_allclose(spectrum, expected, atol=0.005 * expected.max())


def test_keeps_the_area():
    axis = np.arange(-400, 400, 0.1)
    spectrum = broaden(ENERGIES, WEIGHTS, axis, satellite=0.25, width_slope=0.2)
    assert_allclose(0.1 * spectrum.sum(), 1.25 * WEIGHTS.sum(), rtol=2e-3)


def test_satellite_is_a_wider_shifted_copy():
    with_satellite = broaden(
        ENERGIES, WEIGHTS, AXIS, satellite=0.2, satellite_shift=4.0, satellite_width=2.0
    )
    main = broaden(ENERGIES, WEIGHTS, AXIS)
    wider = np.hypot(0.5, 2.0)
    copy = 0.2 * broaden(ENERGIES, WEIGHTS, AXIS - 4.0, resolution=wider)
    assert_allclose(with_satellite - main, copy, atol=2e-3 * main.max())


def test_steps_have_the_height_and_the_place_asked_for():
    axis = np.arange(-30, 60, 0.1)
    bare = broaden(ENERGIES, WEIGHTS, axis)
    steps = broaden(ENERGIES, WEIGHTS, axis, step=0.2, step_position=3.0, step_width=0.01) - bare
    l3, l2 = (np.average(ENERGIES[e], weights=WEIGHTS[e]) for e in (~IS_L2, IS_L2))
    heights = steps[np.searchsorted(axis, [l3 + 2.8, l3 + 3.2, l2 + 2.8, l2 + 3.2])]
    assert_allclose(heights / bare.max(), [0, 0.4 / 3, 0.4 / 3, 0.2], atol=5e-3)


def test_many_at_once_are_each_as_alone():
    grid = np.arange(-20, 40, 0.05)
    rng = np.random.default_rng(0)
    bins = np.zeros((2, 2, grid.size))
    bins[:, 0, 300:500:20], bins[:, 1, 600:700:20] = rng.random((2, 1)), rng.random((2, 1))
    names = ("l3_width", "l2_width", "width_slope", "resolution", "satellite", "satellite_shift")
    names += ("satellite_width", "step", "step_position", "step_width")
    shape = {name: rng.uniform(0.3, 1.0, 2) for name in names}
    together = broaden_bins(bins, grid, shape)
    for row in range(2):
        alone = broaden_bins(
            bins[[row]], grid, {name: values[[row]] for name, values in shape.items()}
        )
        assert_allclose(together[row], alone[0], atol=5e-3 * alone.max())


def test_edge_split_is_half_way_between_the_centroids():
    assert_allclose(edge_split(np.array([0.0, 1.0, 10.0]), np.array([1.0, 1.0, 1.0])), 5.25)
    assert edge_split(np.array([2.0, 2.0]), np.array([1.0, 1.0])) == np.inf


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], [], AXIS), "positive total weight; got shapes \\(0,\\) and \\(0,\\)"),
        (([1.0], [1.0, 2.0], AXIS), "of one length"),
        (([1.0], [0.0], AXIS), "total 0"),
        (([1.0], [1.0], AXIS[::-1]), "strictly increasing"),
    ],
)
def test_refuses_bad_sticks(arguments, message):
    with pytest.raises(ValueError, match=message):
        broaden(*arguments)


@pytest.mark.parametrize("name", ["l3_width", "l2_width", "step_width"])
def test_refuses_widths_that_are_not_positive(name):
    with pytest.raises(ValueError, match=f"{name} must be above zero, got 0"):
        broaden(ENERGIES, WEIGHTS, AXIS, **{name: 0})
