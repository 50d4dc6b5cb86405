"""Edges counted again at a lower dose, on a background."""

import numpy as np

from skspectra._numerics.interpolation import sample_rows
from skspectra.readers._edges import aligned_axis, search_axis

__all__ = ["DOSES", "NARROW", "count_again", "saturated"]

SHARE_SATURATED = 0.1  # of the edges of the element, as edges to refuse
SATURATION = (0.2, 0.8)  # of the height
EXPONENTS = (2, 5)  # of the background
SHARE_OF_SHIFT = 0.9  # of the greatest, by which edges are moved
# electrons in the highest channel, and the background in units of it
DOSES = {
    "high": ((200, 1e5), (0, 1)),
    "middle": ((50, 1e5), (0, 5)),
    "low": ((10, 1e5), (0, 20)),
    "few": ((50, 600), (0, 5)),
    "fewest": ((10, 100), (0, 2)),
}
NARROW = ("few", "fewest")  # of these, where what has learned many counts too is less right


def count_again(spectra, level, *, energy, window, max_shift, rng):
    """Put aligned edges somewhere on a background and count them.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_aligned)
        Aligned edges of height 1.
    level : str
        One of `DOSES`.
    energy, window, max_shift
        As of `extract_edges`.
    rng : numpy.random.Generator
        Draws places, doses, backgrounds and counts.

    Returns
    -------
    counts : ndarray of shape (n_spectra, n_channels)
        On `search_axis`.
    """
    grid = search_axis(energy=energy, window=window, max_shift=max_shift)
    n = len(spectra)
    shift = SHARE_OF_SHIFT * max_shift * rng.uniform(-1, 1, n)
    (least, most), background = DOSES[level]
    dose = least * (most / least) ** rng.uniform(size=(n, 1))
    ratio, exponent = rng.uniform(*background, (n, 1)), rng.uniform(*EXPONENTS, (n, 1))
    edges = sample_rows(
        spectra, aligned_axis(window), lambda rows: grid - energy - shift[rows, None]
    )
    return rng.poisson(dose * np.clip(edges + ratio * (grid / energy) ** -exponent, 0, None))


def saturated(spectra, rng):
    """Take some of the spectra as a detector records them that saturates below their height."""
    rows = rng.choice(len(spectra), max(1, round(SHARE_SATURATED * len(spectra))), replace=False)
    levels = rng.uniform(*SATURATION, (len(rows), 1)).astype(spectra.dtype)
    return np.minimum(spectra[rows], levels) / levels
