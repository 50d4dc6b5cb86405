"""How strong an ionisation edge is."""

import numpy as np

from skspectra._numerics.edges.in_window import pre_edge_channels
from skspectra._numerics.power_law import exponent_table, fit_least_squares, log_energy, power_law
from skspectra._numerics.power_law import standard_errors_least_squares as standard_errors

__all__ = ["edge_strength"]


def edge_strength(spectra, axis, pre_edge):
    """Jump of each spectrum over its extrapolated pre-edge, in units of its noise.

    A power law (exponent 0 to 8) is fitted by least squares to the pre-edge. The jump is the
    mean of the spectrum less the power law over all later channels; the noise is the root of the
    variance about the power law before the edge plus the squared mean standard error of the
    extrapolation.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_channels)
        Spectra with their background.
    axis : ndarray of shape (n_channels,)
        Positive axis.
    pre_edge : tuple of (float, float)
        Window before the edge, in units of the axis.

    Returns
    -------
    strength : ndarray of shape (n_spectra,)
        About 0 without an edge; infinite for an edge without noise.

    Raises
    ------
    ValueError
        If the window lies outside the axis, holds fewer than three channels, or nothing follows it.
    """
    before = pre_edge_channels(axis, pre_edge)
    mask = np.zeros(axis.size, dtype=bool)
    mask[before] = True
    log_e, _ = log_energy(axis, mask)
    spectra = spectra.astype(np.float64, copy=False)
    table = exponent_table(log_e[before], (0, 8))
    amplitude, exponent, _ = fit_least_squares(spectra[:, before], log_e[before], table)
    errors = standard_errors(spectra[:, before], amplitude, exponent, log_e[before])
    background = power_law(amplitude, exponent, log_e)
    residual = spectra - background
    after = slice(before.stop, None)

    relative_error = np.hypot(
        np.divide(errors[0], amplitude, out=np.zeros_like(amplitude), where=amplitude > 0)[:, None],
        np.outer(np.where(amplitude > 0, errors[1], 0), log_e[after]),
    )
    extrapolation = (background[:, after] * relative_error).mean(axis=1)
    noise = np.hypot(residual[:, before].std(axis=1, ddof=2), extrapolation)
    jump = residual[:, after].mean(axis=1)
    rounding = np.abs(spectra).max(axis=1) * 1e-12
    jump = np.where(np.abs(jump) <= rounding, 0.0, jump)
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0 is not used
        return np.where(jump == 0, 0.0, jump / np.where(noise <= rounding, 0.0, noise))
