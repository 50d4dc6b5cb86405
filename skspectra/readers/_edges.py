"""Edges found in counts, freed of their background and brought to one place."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import gaussian_filter1d

from skspectra._numerics.axis import dispersion
from skspectra._numerics.interpolation import resample_rows, shift_rows
from skspectra._numerics.noise import median_difference, noise_deviation
from skspectra._numerics.peaks import upper_centroid, values_at
from skspectra._numerics.power_law import exponent_table, fit_poisson, log_energy, power_law

__all__ = [
    "Edges",
    "aligned_axis",
    "extract_edges",
    "possible_shifts",
    "search_axis",
    "smooth_by_noise",
]

STEP = 0.2  # eV, of aligned edges
BLOCK = 1024  # spectra treated at once
COARSE = 2  # channels of STEP that the search adds up
BEFORE = 20.0  # eV before the white line that background and search may use
LEAST_BEFORE, LEAST_AFTER = 2.0, 0.6  # eV, and share of the window, that spectra must hold
PRE_EDGE_STOP = -5.5  # eV from the white line, where the fit of the background ends
LEAST_PRE_EDGE = 3  # channels of STEP
MISFIT = 0.005  # of the background, by which it is no power law
EXPONENTS = (0.0, 8.0)  # of the background
EXPONENT, EXPONENT_SPREAD = 3.0, 1.5  # of it, before it is fitted
CENTRE_SMOOTHING = 0.5 / STEP  # channels
SMOOTHED_TO = 0.02  # noise over height
WIDEST_SMOOTHING = 1.0  # eV, standard deviation
REACH = 4.0  # eV from the highest channel that belong to its white line
BIN = 5  # channels of STEP whose sum shows the noise that they share
LAG = 2  # bins, within which noise is shared
LEAST_BINS = 5  # third differences of such sums
ALONE = 2.5  # times the noise of all channels, beyond which that of the edge is taken instead
SHARED = 4.0  # the same of noise that channels share; what a power law misses is less


class Edges(NamedTuple):
    """What `extract_edges` finds, one row for every spectrum.

    Attributes
    ----------
    spectra : ndarray of shape (n_spectra, n_aligned), float32
        Without background, height about 1, on `aligned_axis`: 0 is the middle of the white line.
    position : ndarray of shape (n_spectra,)
        Energy of that middle in eV.
    noise : ndarray of shape (n_spectra,)
        Standard deviation of a channel of STEP over the height of the edge.
    strength : ndarray of shape (n_spectra,)
        Height of the edge that fits best over its standard error.
    """

    spectra: np.ndarray
    position: np.ndarray
    noise: np.ndarray
    strength: np.ndarray


def aligned_axis(window):
    """Channels of aligned edges in eV from the middle of the white line."""
    return np.arange(round(window[0] / STEP), round(window[1] / STEP) + 1) * STEP


def search_axis(*, energy, window, max_shift):
    """Channels in which an edge is looked for, with room for its shift and its background."""
    n_before = round((BEFORE + max_shift) / STEP)
    n_after = round((window[1] + max_shift) / STEP)
    return energy + STEP * np.arange(-n_before, n_after + COARSE)


def possible_shifts(axis, *, energy, window, max_shift):
    """Least and greatest shift of an edge that an axis covers; the least is above where it is none.

    An edge is covered from 2 eV before its white line to about L2, six tenths of the window.
    """
    least = axis[0] + LEAST_BEFORE - energy
    greatest = axis[-1] - LEAST_AFTER * window[1] - energy
    return max(least, -max_shift), min(greatest, max_shift)


def extract_edges(X, axis, templates, *, energy, window, max_shift):
    """Find the edge in every spectrum, remove its background and cut it out.

    The place is that where a template with a quadratic background explains most; the background
    is then a power law fitted before the edge that was found.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        Spectra with or without background.
    axis : ndarray of shape (n_channels,)
        Their axis in eV.
    templates : ndarray of shape (n_templates, n_aligned)
        Edges without background on `aligned_axis`.
    energy : float
        Where the white line lies nominally.
    window : tuple of (float, float)
        What is cut out, in eV from the white line.
    max_shift : float
        How far off the white line may lie, in eV.

    Returns
    -------
    edges : Edges
    """
    blocks = [
        _find_in_block(X[start : start + BLOCK], axis, templates, energy, window, max_shift)
        for start in range(0, max(len(X), 1), BLOCK)
    ]
    return Edges(*map(np.concatenate, zip(*blocks, strict=True)))


def _find_in_block(X, axis, templates, energy, window, max_shift):
    grid = search_axis(energy=energy, window=window, max_shift=max_shift)
    fine = resample_rows(X.astype(np.float64, copy=False), axis, grid, outside="edge")
    shifts = possible_shifts(axis, energy=energy, window=window, max_shift=max_shift)
    width = dispersion(axis)
    coarse_shift, found, rest = _best_shift(fine, width, templates, window, max_shift, shifts)
    relative = grid - energy
    fine = shift_rows(fine, relative, -coarse_shift)
    covered = axis[0] - energy - coarse_shift
    deviation, shared = _deviation(X, axis, grid), _shared_deviation(fine, relative, covered)
    alone = _deviation_within(X, axis, energy + coarse_shift, window[1])
    deviation = np.where(alone > ALONE * deviation, alone, deviation)
    is_shared = shared > SHARED * deviation
    deviation = np.where(is_shared, shared, deviation)
    rest = np.where(is_shared, np.maximum(rest, shared / np.sqrt(COARSE)), rest)
    bare = fine - _background(fine, relative, energy, covered, deviation)
    smooth = gaussian_filter1d(bare, CENTRE_SMOOTHING, axis=1)
    near = slice(*np.searchsorted(relative, (-REACH, REACH)))
    centre = upper_centroid(smooth, relative, near, REACH)
    cut = aligned_axis(window)
    first = np.searchsorted(relative, cut[0] - STEP / 2)
    spectra = shift_rows(bare, relative, -centre)[:, first : first + cut.size]
    height = _height(spectra)
    return Edges(
        (spectra / height[:, None]).astype(np.float32),
        energy + coarse_shift + centre,
        deviation / height,
        found / rest,
    )


def smooth_by_noise(edges):
    """Bring the noise of aligned edges down by Gaussians, of 1 eV at most, and rescale."""
    # a Gaussian of s channels leaves 1 / (2 sqrt(pi) s) of the variance
    sigma = (edges.noise / SMOOTHED_TO) ** 2 / (2 * np.sqrt(np.pi))
    ladder = np.geomspace(0.4, WIDEST_SMOOTHING / STEP, 8)
    rung = np.searchsorted(ladder, sigma, side="right")
    smooth = edges.spectra.copy()
    for number in np.unique(rung[rung > 0]):
        rows = rung == number
        smooth[rows] = gaussian_filter1d(smooth[rows], ladder[number - 1], axis=1)
    low = np.percentile(smooth, 2, axis=1, keepdims=True)
    return (smooth - low) / np.maximum(smooth.max(axis=1, keepdims=True) - low, 1e-9)


def _best_shift(fine, width, templates, window, max_shift, shifts):
    """Where a template explains most beside a quadratic background, how much, and what is left.

    What is left is the standard deviation of a channel of the search.

    Spectra whose channels have a greater width than those of the search say less than the number
    of the latter: noise is as wide as the channels that it was recorded in.
    """
    coarse, step = _add_up(fine), COARSE * STEP
    n_local = round((BEFORE + window[1]) / step)
    shapes = _local_shapes(templates, window, n_local)
    n_places = coarse.shape[1] - n_local + 1
    padded = np.pad(shapes, ((0, 0), (n_places - 1, n_places - 1)))
    at_places = sliding_window_view(padded, coarse.shape[1], axis=1)[:, ::-1].swapaxes(0, 1)
    explained = coarse @ at_places.reshape(-1, coarse.shape[1]).T
    places = np.arange(n_places) * step - max_shift
    is_inside = (places >= shifts[0] - step) & (places <= shifts[1] + step)
    explained[:, ~np.repeat(is_inside, len(shapes))] = -np.inf
    best = explained.argmax(axis=1)
    found, place = explained[np.arange(len(best)), best], best // len(shapes)
    local = np.take_along_axis(coarse, place[:, None] + np.arange(n_local), axis=1)
    quadratics = _quadratics(n_local)
    local = local - (local @ quadratics) @ quadratics.T
    n_recorded = n_local * min(1, step / width)
    rest = np.maximum((local**2).sum(axis=1) - found**2, 0) / max(n_recorded - 4, 1)
    floor = 1e-12 * np.abs(coarse).max(axis=1) + np.finfo(float).tiny
    return places[place], found, np.maximum(np.sqrt(rest), floor)


def _add_up(fine):
    n_coarse = fine.shape[1] // COARSE
    return fine[:, : n_coarse * COARSE].reshape(len(fine), n_coarse, COARSE).mean(axis=2)


def _local_shapes(templates, window, n_local):
    """Templates on the coarse grid, without what a quadratic explains, of norm 1."""
    channels = np.arange(n_local * COARSE) - round((BEFORE + window[0]) / STEP)
    shapes = _add_up(templates[:, np.clip(channels, 0, templates.shape[1] - 1)])
    quadratics = _quadratics(n_local)
    shapes = shapes - (shapes @ quadratics) @ quadratics.T
    return shapes / np.linalg.norm(shapes, axis=1, keepdims=True)


@lru_cache
def _quadratics(n):
    """Orthonormal constant, line and parabola, shape (n, 3)."""
    return np.linalg.qr(np.vander(np.linspace(-1, 1, n), 3))[0]


def _deviation(X, axis, grid):
    """Return the standard deviation that the noise has in a channel of STEP."""
    inside = slice(*np.searchsorted(axis, grid[[0, -1]]))
    return noise_deviation(X[:, inside]) * np.sqrt(dispersion(axis) / STEP)


def _deviation_within(X, axis, place, after):
    """Return the same of the edge alone, where all noise is if there is no background to count.

    Second differences of noise change their sign from channel to channel, those of lines do not:
    the product of neighbours is -4 variances of the noise, and lines make it less.
    """
    curvature = np.diff(X, n=2, axis=1)
    product = curvature[:, 1:] * curvature[:, :-1]
    relative = axis[2:-1] - place[:, None]
    is_edge = (relative > 0) & (relative < after)
    variance = -(product * is_edge).sum(axis=1) / np.maximum(4 * is_edge.sum(axis=1), 1)
    return np.sqrt(np.maximum(variance, 0) * dispersion(axis) / STEP)


def _shared_deviation(fine, relative, covered):
    """Return the standard deviation of noise that neighbouring channels share, 0 if unknown.

    Where channels were smoothed or interpolated, or one electron is counted in several, they differ
    less from each other than from the truth. Sums of channels before the edge that lie apart tell
    by how much: this is the deviation of channels of STEP if these sums were of independent ones.
    """
    start, stop = np.searchsorted(relative, (-BEFORE, PRE_EDGE_STOP))
    n_bins = (stop - start) // BIN
    bins = fine[:, start : start + n_bins * BIN].reshape(len(fine), n_bins, BIN).mean(axis=2)
    slopes = bins[:, LAG:] - bins[:, :-LAG]
    curvature = slopes[:, LAG:] - slopes[:, :-LAG]
    third = np.abs(curvature[:, LAG:] - curvature[:, :-LAG])  # there a background has next to none
    is_covered = relative[start::BIN][: third.shape[1]] >= covered[:, None] - 1e-6
    count = is_covered.sum(axis=1)
    ordered = np.sort(np.where(is_covered, third, np.inf), axis=1)
    median = (values_at(ordered, (count - 1) // 2) + values_at(ordered, count // 2)) / 2
    return np.where(count < LEAST_BINS, 0, np.sqrt(BIN) * median / median_difference(3))


def _background(fine, relative, energy, covered, deviation):
    """Power law before the edge of every spectrum, from its first channel on."""
    stop = np.searchsorted(relative, PRE_EDGE_STOP)
    first = np.searchsorted(relative, np.maximum(covered, -BEFORE) - 1e-6)
    background = np.empty_like(fine)
    first = np.minimum(first, stop - LEAST_PRE_EDGE)
    for start in np.unique(first):
        rows = first == start
        pre_edge = slice(start, stop)
        background[rows] = _power_law(fine[rows], energy + relative, pre_edge, deviation[rows])
    return background


def _power_law(fine, energies, pre_edge, deviation):
    """Power law whose exponent is drawn towards the usual one as far as it cannot be fitted."""
    mask = np.zeros(energies.size, bool)
    mask[pre_edge] = True
    log_e, _ = log_energy(energies, mask)
    inside, counts = log_e[pre_edge], fine[:, pre_edge]
    amplitude, exponent, _ = fit_poisson(counts, inside, _exponent_table(inside.tobytes()))
    error = np.hypot(deviation, MISFIT * amplitude)
    information = (amplitude / np.maximum(error, 1e-12)) ** 2 * (inside**2).sum()
    usual = EXPONENT_SPREAD**-2
    exponent = (information * exponent + usual * EXPONENT) / (information + usual)
    amplitude = counts.sum(axis=1) / np.exp(-np.outer(exponent, inside)).sum(axis=1)
    return power_law(amplitude, exponent, log_e)


@lru_cache(maxsize=64)
def _exponent_table(log_e):
    """Table for the bytes of logarithms of energies: it takes as long as the rest of a spectrum."""
    return exponent_table(np.frombuffer(log_e), EXPONENTS)


def _height(spectra):
    """Height of the smoothed edge over what lies before it, above zero."""
    smooth = gaussian_filter1d(spectra, CENTRE_SMOOTHING, axis=1)
    height = smooth.max(axis=1) - np.percentile(smooth, 5, axis=1)
    return np.where(height > 0, height, 1.0)
