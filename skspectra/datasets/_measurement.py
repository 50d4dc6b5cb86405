"""What a measurement adds to the sticks of an ion: line shape, calibration, detector."""

import numpy as np

from skspectra._numerics.interpolation import channel_positions, interpolate_rows
from skspectra.datasets._atoms import read_data
from skspectra.datasets._broadening import broaden_bins, centroids
from skspectra.datasets._detector import record
from skspectra.datasets._library import GRID
from skspectra.datasets._scattering import scatter

__all__ = ["draw", "measure"]

CHUNK = 256  # spectra that are broadened at once


def draw(n, n_points, ranges, dose, rng):
    """Draw all that varies between `n` spectra of an ion, except for the counts.

    Parameters
    ----------
    n : int
        Number of spectra.
    n_points : int
        Number of parameter points to choose from.
    ranges : dict of str to tuple of (float, float)
        The user's ranges of all that make_l23_spectra takes a range of, but for the dose.
    dose : tuple of (float, float) or None
        The user's range of the dose, drawn from uniformly in its logarithm; None is infinite.
    rng : numpy.random.Generator
        Draws the same numbers whatever the ranges, so that one can be changed alone.

    Returns
    -------
    drawn : dict of str to ndarray of shape (n,)
    """
    nuisance = read_data("l23_nuisance.json")
    shared = {name: entry["range"] for name, entry in nuisance["ranges"].items()}
    is_mixed = rng.uniform(size=n) < nuisance["second_site"]["probability"]
    drawn = {
        "point": rng.integers(n_points, size=n),
        "second_point": rng.integers(n_points, size=n),
        "second_share": np.where(is_mixed, rng.uniform(size=n), 0.0),
    }
    for name, (low, high) in (shared | ranges).items():
        drawn[name] = low + (high - low) * rng.uniform(size=n)
    position = rng.uniform(size=n)
    drawn["dose"] = (
        np.full(n, np.inf) if dose is None else dose[0] * (dose[1] / dose[0]) ** position
    )
    return drawn


def measure(tables, drawn, axis, l3_maximum, rng, *, raw=False):
    """Spectra of one ion as an instrument records them.

    Parameters
    ----------
    tables : ndarray of shape (n_points, 2, n_bins)
        Binned stick spectra on `GRID`.
    drawn : dict of str to ndarray of shape (n_spectra,)
        From `draw`.
    axis : ndarray of shape (n_channels,)
        Energies of the channels in eV.
    l3_maximum : float
        Nominal energy of the L3 maximum in eV.
    rng : numpy.random.Generator
        Draws the noise.
    raw : bool, default=False
        Whether to return counts with their background.

    Returns
    -------
    spectra : ndarray of shape (n_spectra, n_channels), float32
    """
    n_spectra = drawn["point"].size
    detector_rngs = rng.spawn(3)
    spectra = np.empty((n_spectra, axis.size), np.float32)
    for start in range(0, n_spectra, CHUNK):
        rows = slice(start, start + CHUNK)
        chunk = {name: values[rows] for name, values in drawn.items()}
        curves, maxima = _edges(tables, chunk)
        energies = _true_energies(axis, chunk) - l3_maximum + maxima[:, None]
        ideal = interpolate_rows(curves, channel_positions(GRID, energies))
        if raw:
            ideal += _power_law(axis / l3_maximum, chunk)
            unseen = {"background": np.zeros(len(ideal))}
            counted = record(ideal, chunk | unseen, detector_rngs)
            spectra[rows] = np.rint(counted * (chunk["gain"] * chunk["dose"])[:, None])
        else:
            ideal += chunk["residual_background"][:, None] * np.linspace(-0.5, 0.5, axis.size)
            spectra[rows] = record(ideal, chunk, detector_rngs)
    return spectra


def _power_law(energies, chunk):
    """Background of every spectrum, in units of the highest white line."""
    return chunk["background"][:, None] * energies ** -chunk["background_exponent"][:, None]


def _edges(tables, chunk):
    """Broadened curves on `GRID` with maximum 1, and the energies of their L3 maxima."""
    share = chunk["second_share"][:, None, None].astype(tables.dtype)
    bins = (1 - share) * tables[chunk["point"]] + share * tables[chunk["second_point"]]
    bins[:, 1] *= chunk["l2_scale"][:, None]
    curves = broaden_bins(bins, GRID, chunk)
    plasmon = (chunk[name] for name in ("thickness", "plasmon_energy", "plasmon_width"))
    curves = scatter(curves, GRID[1] - GRID[0], *plasmon)
    curves /= curves.max(axis=1, keepdims=True)
    split = centroids(bins, GRID).mean(axis=1, keepdims=True)
    maxima = GRID[np.where(GRID < split, curves, 0).argmax(axis=1)]
    return curves, maxima


def _true_energies(axis, chunk):
    """Energy that each spectrum has in the channels of a miscalibrated axis."""
    middle = (axis[0] + axis[-1]) / 2
    return middle + (axis - chunk["shift"][:, None] - middle) / (1 + chunk["stretch"][:, None])
