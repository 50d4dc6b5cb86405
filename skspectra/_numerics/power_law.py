r"""Power-law backgrounds of many spectra at once.

The model is :math:`B(E) = A (E / E_0)^{-r} = A \exp(-r l)` with :math:`l = \ln(E / E_0)` and
:math:`E_0` the geometric mean energy of the fitted channels.
"""

from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline

from skspectra._numerics.blocks import blocks

__all__ = [
    "AT_BOUND",
    "FITTED",
    "HOLDS_EDGE",
    "NO_COUNTS",
    "ExponentTable",
    "exponent_table",
    "fit_least_squares",
    "fit_poisson",
    "log_energy",
    "power_law",
    "standard_errors_least_squares",
    "standard_errors_poisson",
    "subtract_power_law",
]

FITTED, AT_BOUND, NO_COUNTS, HOLDS_EDGE = 0, 1, 2, 3

_TABLE_NODES = 1025
_MAX_NEWTON = 30


def log_energy(axis, mask):
    """Logarithm of the energy over the geometric mean of the fitted channels.

    Parameters
    ----------
    axis : ndarray of shape (n_channels,)
        Positive energies.
    mask : ndarray of shape (n_channels,), bool
        Fitted channels.

    Returns
    -------
    log_e : ndarray of shape (n_channels,)
        Of mean 0 over the fitted channels.
    reference_energy : float
        The geometric mean, in units of the axis.
    """
    log_axis = np.log(axis)
    reference = log_axis[mask].mean()
    return log_axis - reference, float(np.exp(reference))


class ExponentTable(NamedTuple):
    r"""What `fit_poisson` looks exponents up in, the same for every spectrum; see `exponent_table`.

    Attributes
    ----------
    bounds : tuple of (float, float)
        Least and greatest exponent.
    means : tuple of (float, float)
        Mean log energies of power laws with these exponents; the first is the greater.
    exponent : CubicSpline
        Exponent by mean log energy.
    log_sum : CubicSpline
        Logarithm of :math:`\sum e^{-r l}` by exponent.
    """

    bounds: tuple
    means: tuple
    exponent: CubicSpline
    log_sum: CubicSpline


def exponent_table(log_e, bounds):
    """Tabulate the mean log energy of power laws, and invert it.

    Parameters
    ----------
    log_e : ndarray of shape (n_fitted,)
        From `log_energy`.
    bounds : tuple of (float, float)
        Least and greatest exponent.

    Returns
    -------
    table : ExponentTable
    """
    exponents = np.linspace(*bounds, _TABLE_NODES)
    terms = np.exp(-np.outer(exponents, log_e))
    sums = terms.sum(axis=1)
    means = (terms @ log_e) / sums
    return ExponentTable(
        tuple(bounds),
        (means[0], means[-1]),
        CubicSpline(means[::-1], exponents[::-1]),
        CubicSpline(exponents, np.log(sums)),
    )


def fit_poisson(counts, log_e, table):
    r"""Maximum likelihood under Poisson noise, without iteration.

    The likelihood depends on the data through :math:`N = \sum y` and :math:`T = \sum y l` alone.
    At its maximum :math:`T / N = h(r) = \sum l e^{-r l} / \sum e^{-r l}`, which falls with
    :math:`r` and is the same for every spectrum, so one spline inverts it; then
    :math:`A = N / \sum e^{-r l}`.

    Parameters
    ----------
    counts : ndarray of shape (n_spectra, n_fitted)
        Fitted channels; negative values, as readout noise leaves them, count as they are.
    log_e : ndarray of shape (n_fitted,)
        From `log_energy`.
    table : ExponentTable
        From `exponent_table`. Beyond its bounds, the amplitude is fitted at the bound.

    Returns
    -------
    amplitude : ndarray of shape (n_spectra,)
        0 where a spectrum has no counts.
    exponent : ndarray of shape (n_spectra,)
    flag : ndarray of shape (n_spectra,), int8
        `FITTED`, `AT_BOUND` or `NO_COUNTS`.
    """
    totals, moments = _moments(counts, np.stack([np.ones_like(log_e), log_e], axis=1)).T
    empty = ~(totals > 0)
    mean = np.divide(moments, totals, out=np.zeros_like(totals), where=~empty)
    greatest, least = table.means
    exponent = np.clip(table.exponent(np.clip(mean, least, greatest)), *table.bounds)
    amplitude = totals * np.exp(-table.log_sum(exponent))
    slack = 1e-9 * (greatest - least)
    beyond = (mean > greatest + slack) | (mean < least - slack)
    return _without_empty(amplitude, exponent, beyond, empty)


def fit_least_squares(counts, log_e, table):
    r"""Least squares, every channel with the same weight.

    For a given exponent the amplitude is linear, :math:`A = s_0 / q_0` with
    :math:`s_k = \sum y l^k e^{-r l}` and :math:`q_k = \sum l^k e^{-2 r l}`, so Newton's method runs
    over the exponent alone (variable projection, Golub & Pereyra 1973). The data are read once:
    the sums :math:`s_k` follow from a few moments of the window by the series of
    :math:`e^{-(r - r_c) l}`.

    Parameters and returns are those of `fit_poisson`.
    """
    bounds = table.bounds
    centre = sum(bounds) / 2
    order = _series_order((bounds[1] - bounds[0]) / 2 * np.abs(log_e).max())
    powers = log_e[:, None] ** np.arange(order + 3) * np.exp(-centre * log_e)[:, None]
    moments = _moments(counts, powers)
    _, exponent, flag = fit_poisson(counts, log_e, table)

    for _ in range(_MAX_NEWTON):
        step = _newton_step(_data_sums(moments, exponent - centre), _model_sums(log_e, exponent))
        moved = np.clip(exponent + np.clip(step, -2, 2), *bounds)
        converged = np.abs(moved - exponent).max(initial=0.0) < 1e-12 * max(map(abs, bounds))
        exponent = moved
        if converged:
            break
    amplitude = _data_sums(moments, exponent - centre)[0] / _model_sums(log_e, exponent)[0]
    at_bound = (exponent <= bounds[0]) | (exponent >= bounds[1])
    return _without_empty(amplitude, exponent, at_bound, (flag == NO_COUNTS) | ~(amplitude > 0))


def standard_errors_poisson(amplitude, exponent, log_e):
    r"""Compute standard errors from the Fisher information of Poisson counts.

    Parameters
    ----------
    amplitude, exponent : ndarray of shape (n_spectra,)
        Fitted parameters, in counts and without unit.
    log_e : ndarray of shape (n_fitted,)
        From `log_energy`.

    Returns
    -------
    amplitude_error, exponent_error : ndarray of shape (n_spectra,)
        Square roots of the diagonal of :math:`(\sum \mu g g^T)^{-1}`,
        :math:`g = \partial \ln \mu / \partial (A, r) = (1/A, -l)`; infinite where A is 0.
    """
    model = power_law(amplitude, exponent, log_e)
    s0, s1, s2 = _moments(model, log_e[:, None] ** np.arange(3)).T
    with np.errstate(divide="ignore", invalid="ignore"):
        determinant = s0 * s2 - s1**2
        relative = np.sqrt(s2 / determinant)
        error = np.sqrt(s0 / determinant)
    return _or_infinite(amplitude * relative), _or_infinite(error)


def standard_errors_least_squares(counts, amplitude, exponent, log_e):
    r"""Compute standard errors from the residuals of a least-squares fit.

    The square roots of the diagonal of :math:`\sigma^2 (J^T J)^{-1}` with the residual variance
    :math:`\sigma^2 = \sum (y - B)^2 / (n - 2)`; infinite where the amplitude is 0 and, since they
    leave no residuals, for two channels.
    """
    model = power_law(amplitude, exponent, log_e)
    s0, s1, s2 = _moments(model**2, log_e[:, None] ** np.arange(3)).T
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = ((counts - model) ** 2).sum(axis=1) / (log_e.size - 2)
        determinant = s0 * s2 - s1**2
        relative = np.sqrt(variance * s2 / determinant)
        error = np.sqrt(variance * s0 / determinant)
    return _or_infinite(amplitude * relative), _or_infinite(error)


def power_law(amplitude, exponent, log_e, dtype=np.float64):
    """Background :math:`A e^{-r l}`, shape (n_spectra, n_channels), in `dtype`."""
    background = np.multiply.outer(-exponent.astype(dtype), log_e.astype(dtype))
    np.exp(background, out=background)
    background *= amplitude.astype(dtype)[:, None]
    return background


def subtract_power_law(X, amplitude, exponent, log_e, out):
    """Write ``X`` minus its background into `out`, in blocks that stay in the cache.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        Spectra of any real dtype; may be `out` itself.
    amplitude, exponent : ndarray of shape (n_spectra,)
        Fitted parameters.
    log_e : ndarray of shape (n_channels,)
        From `log_energy`.
    out : ndarray of shape (n_spectra, n_channels)
        In floating point, which is also the precision of the background.

    Returns
    -------
    out : ndarray of shape (n_spectra, n_channels)
    """
    for rows in blocks(X):
        background = power_law(amplitude[rows], exponent[rows], log_e, out.dtype)
        np.subtract(X[rows], background, out=out[rows])
    return out


def _moments(values, powers):
    """``values @ powers`` in float64; the product runs in the precision of the values."""
    dtype = values.dtype if values.dtype in (np.float32, np.float64) else np.float64
    return (values @ powers.astype(dtype)).astype(np.float64, copy=False)


def _without_empty(amplitude, exponent, at_bound, empty):
    amplitude = np.where(empty, 0.0, amplitude)
    exponent = np.where(empty, 0.0, exponent)
    flag = np.where(empty, NO_COUNTS, np.where(at_bound, AT_BOUND, FITTED))
    return amplitude, exponent, flag.astype(np.int8)


def _or_infinite(error):
    return np.where(np.isfinite(error), error, np.inf)


def _series_order(reach):
    """Terms after which the series of exp(x), abs(x) <= reach, is exact to rounding."""
    order, term = 2, reach**2 / 2
    while term > 1e-17 * np.exp(-reach):
        order += 1
        term *= reach / order
    return order


def _data_sums(moments, offset):
    """s_0, s_1 and s_2 at exponents `offset` away from the centre of the series."""
    n_terms = moments.shape[1] - 2
    terms = np.empty((n_terms, offset.size))
    terms[0] = 1
    for k in range(1, n_terms):
        terms[k] = terms[k - 1] * (-offset / k)
    return [np.einsum("ki,ik->i", terms, moments[:, k : k + n_terms]) for k in range(3)]


def _model_sums(log_e, exponent):
    """q_0, q_1 and q_2 at each exponent."""
    return _moments(
        np.exp(np.multiply.outer(-2 * exponent, log_e)), log_e[:, None] ** np.arange(3)
    ).T


def _newton_step(data_sums, model_sums):
    """Newton step of the projected residual, Gauss-Newton where its curvature is not safe."""
    s0, s1, s2 = data_sums
    q0, q1, q2 = model_sums
    with np.errstate(divide="ignore", invalid="ignore"):
        amplitude = s0 / q0
        gradient = amplitude * (s1 - amplitude * q1)
        gauss_newton = amplitude**2 * (q2 - q1**2 / q0)
        residual = amplitude * (s2 - amplitude * q2) - 2 * (q1 / q0) * gradient
        full = gauss_newton + residual
        step = -gradient / np.where(full > 0.1 * gauss_newton, full, gauss_newton)
    return np.where(np.isfinite(step), step, 0.0)
