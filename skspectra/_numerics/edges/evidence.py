"""How much of an edge with white lines spectra have, and how thick the specimen was there."""

from typing import NamedTuple

import numpy as np

from skspectra._numerics.edges.in_window import pre_edge_channels
from skspectra._numerics.power_law import (
    exponent_table,
    fit_poisson,
    log_energy,
    power_law,
)

__all__ = ["Evidence", "divide_by_thickness", "edge_evidence", "keeps_thin_edges"]

_PEAK = (-2.5, 3.0)  # eV from the L3 maximum
_LINES = (-4.0, 15.0)
_TAIL = (18.0, 33.0)  # where the first plasmon puts what it takes from the lines
_BEFORE = (-32.0, -5.0)
_COARSEST = 1.5  # eV a channel, above which the windows grow with the channels
_EXPONENTS = (0, 8)

_LEAST_Z = 3.0
_LEAST_SHARE = 0.25
_THICKEST = 1.5
_BEYOND_THINNEST = 0.8
_SURELY_THIN = 0.4  # below the limit, for a spectrum among thick ones


class Evidence(NamedTuple):
    """What spectra say about their edge.

    Attributes
    ----------
    contrast : ndarray of shape (n_spectra,)
        Mean of the edge around the maximum of L3, over that of the background.
    error : ndarray of shape (n_spectra,)
        Standard error of the contrast, by counting noise.
    thickness : ndarray of shape (n_spectra,)
        Mean of the edge 18 to 33 eV after the maximum over that around the white lines: plural
        scattering moves intensity there. NaN where the axis ends before, or the edge is no pair of
        white lines.
    thickness_error : ndarray of shape (n_spectra,)
        Standard error of the thickness index, by counting noise.
    """

    contrast: np.ndarray
    error: np.ndarray
    thickness: np.ndarray
    thickness_error: np.ndarray


def edge_evidence(spectra, axis, peak, pre_edge=None):
    """Contrast and thickness index of each spectrum.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_channels)
        Counts with their background.
    axis : ndarray of shape (n_channels,)
        Positive energies in eV.
    peak : float
        Energy of the maximum of L3.
    pre_edge : tuple of (float, float), default=None
        Window of the background; 32 to 5 eV before the peak if None, as far as the axis goes.

    Returns
    -------
    evidence : Evidence

    Raises
    ------
    ValueError
        If the window lies outside the axis, holds fewer than three channels, or nothing follows it.
    """
    unit = max(1.0, np.diff(axis).mean() / _COARSEST)
    if pre_edge is None:
        pre_edge = max(axis[0], peak + _BEFORE[0] * unit), peak + _BEFORE[1] * unit
    window = pre_edge_channels(axis, pre_edge)
    background, error = _background(spectra, axis, window)

    def inside(window):
        return (axis >= peak + window[0] * unit) & (axis < peak + window[1] * unit)

    def mean(values, window):
        channels = inside(window)
        return values[:, channels].mean(axis=1) if channels.any() else np.full(len(values), np.nan)

    def variance(window):
        return mean(spectra, window).clip(0) / max(inside(window).sum(), 1)

    edge = spectra - background
    noise = np.hypot(np.sqrt(variance(_PEAK)), mean(error, _PEAK))
    below = mean(background, _PEAK).clip(1e-9)
    lines = mean(edge, _LINES).clip(1e-9)
    thickness = mean(edge, _TAIL) / lines
    # what the background errs by moves both windows together
    together = mean(error, _TAIL) - thickness * mean(error, _LINES)
    spread = variance(_TAIL) + thickness**2 * variance(_LINES) + together**2
    return Evidence(mean(edge, _PEAK) / below, noise / below, thickness, np.sqrt(spread) / lines)


def _background(spectra, axis, window):
    """Power law through the window and its standard error, over the whole axis."""
    fitted = np.zeros(axis.size, dtype=bool)
    fitted[window] = True
    log_e, _ = log_energy(axis, fitted)
    counts = spectra[:, window].astype(float)
    table = exponent_table(log_e[window], _EXPONENTS)
    amplitude, exponent, _ = fit_poisson(counts, log_e[window], table)
    background = power_law(amplitude, exponent, log_e)
    weight = background[:, window] / background[:, window].sum(axis=1, keepdims=True).clip(1e-9)
    mean = weight @ log_e[window]
    spread = (weight @ log_e[window] ** 2 - mean**2).clip(1e-12)
    relative = 1 + (log_e - mean[:, None]) ** 2 / spread[:, None]
    return background, background * np.sqrt(relative / counts.sum(axis=1, keepdims=True).clip(1))


def keeps_thin_edges(evidence, sizes):
    """Tell which clusters are thin and have the edge, from the evidence of their sums.

    The edge stands out by 3 standard errors and has a quarter of the contrast of the strongest
    cluster that is no outlier; the thickness index is at most 1.5, or .8 above that of the thinnest
    if that is more, up to 2. Where no cluster has a thickness index below 1.5 the edge has no white
    lines, or the channels are too coarse to show them, and thickness is not judged.

    Parameters
    ----------
    evidence : Evidence
        Of the sum of each cluster.
    sizes : ndarray of shape (n_clusters,)
        Spectra in each cluster.

    Returns
    -------
    keep : ndarray of shape (n_clusters,), bool
    """
    strong, most = _limits(evidence, sizes)
    return strong & ~(evidence.thickness >= most)


def divide_by_thickness(labels, spectra, clusters):
    """Divide clusters that hold thin and thick spectra, as single spectra tell.

    A spectrum of a thin cluster whose thickness index is above the limit of `keeps_thin_edges` by
    its standard error becomes part of another cluster, and so does one of a thick cluster that is
    .4 and its standard error below the limit.

    Parameters
    ----------
    labels : ndarray of shape (n_spectra,), int
        Cluster of each spectrum.
    spectra : Evidence
        Of each spectrum.
    clusters : Evidence
        Of the sum of each cluster.

    Returns
    -------
    labels : ndarray of shape (n_spectra,), int
        From 0.
    """
    strong, most = _limits(clusters, np.bincount(labels))
    is_thick = spectra.thickness - spectra.thickness_error > most
    is_thin = spectra.thickness + spectra.thickness_error < most - _SURELY_THIN
    of_thick = (clusters.thickness >= most)[labels]
    apart = strong[labels] & np.where(of_thick, is_thin, is_thick)
    return np.unique(2 * labels + apart, return_inverse=True)[1]


def _limits(evidence, sizes):
    """Which clusters have the edge, and the least thickness index that is too much."""
    contrast, error, thickness, _ = evidence
    usual = sizes >= max(5, 0.02 * sizes.sum())
    usual = usual if usual.any() else np.ones(len(sizes), bool)
    strong = (contrast > _LEAST_Z * error) & (contrast > _LEAST_SHARE * contrast[usual].max())
    thinnest = thickness[strong].min(initial=np.inf)
    if not thinnest < _THICKEST:
        return strong, np.inf
    return strong, np.clip(thinnest + _BEYOND_THINNEST, _THICKEST, _THICKEST + 0.5)
