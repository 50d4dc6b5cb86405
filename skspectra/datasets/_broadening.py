"""From sticks to spectra: lifetimes, instrument resolution, satellite and continuum steps."""

import numpy as np
from scipy import fft

from skspectra._numerics.axis import check_axis
from skspectra._numerics.interpolation import channel_positions, interpolate_rows

__all__ = ["bin_sticks", "broaden", "broaden_bins", "edge_split"]

FWHM_PER_SIGMA = np.sqrt(8 * np.log(2))
ONSET_SHARE = 0.02  # an edge begins where this share of its weight is passed
LADDER_RATIO = 1.25  # of neighbouring Lorentzian widths, between which others are interpolated
PADDING = 20.0  # eV; keeps Lorentzian tails from wrapping around
L3_SHARE = 2 / 3  # of the continuum, as of the 2p electrons


def edge_split(energies, weights):
    """Energy half-way between the centroids of L3 and L2, by weighted two-means.

    Parameters
    ----------
    energies, weights : ndarray of shape (n_sticks,)
        A stick spectrum.

    Returns
    -------
    split : float
        Sticks below it are L3, the others L2; infinite if all sticks have one energy.
    """
    split, previous = np.average(energies, weights=weights), None
    while split != previous:
        below = energies < split
        if not weights[below].any():
            return np.inf
        previous = split
        split = np.mean([np.average(energies[e], weights=weights[e]) for e in (below, ~below)])
    return split


def bin_sticks(energies, weights, split, grid):
    """Histograms of L3 and L2; each stick is shared between the two nearest points of the grid.

    Parameters
    ----------
    energies, weights : ndarray of shape (n_sticks,)
        A stick spectrum.
    split : float
        Energy between L3 and L2.
    grid : ndarray of shape (n_bins,)
        Uniform; sticks outside are lost.

    Returns
    -------
    bins : ndarray of shape (2, n_bins)
    """
    position = (energies - grid[0]) / (grid[1] - grid[0])
    inside = (position >= 0) & (position < grid.size - 1)
    left = position[inside].astype(int)
    share = position[inside] - left
    edge = (energies[inside] >= split).astype(int)
    bins = np.zeros((2, grid.size))
    np.add.at(bins, (edge, left), weights[inside] * (1 - share))
    np.add.at(bins, (edge, left + 1), weights[inside] * share)
    return bins


def centroids(bins, grid):
    """Centroids of L3 and L2, shape (n_spectra, 2); an empty L2 gets that of L3."""
    weight = bins.sum(axis=2)
    found = bins @ grid / np.where(weight > 0, weight, 1)
    found[:, 1] = np.where(weight[:, 1] > 0, found[:, 1], found[:, 0])
    return found


def broaden_bins(bins, grid, shape):
    """Broaden many binned stick spectra at once, each with a line shape of its own.

    Parameters
    ----------
    bins : ndarray of shape (n_spectra, 2, n_bins)
        L3 and L2 weights.
    grid : ndarray of shape (n_bins,)
        Their energies in eV, uniform.
    shape : mapping of str to ndarray of shape (n_spectra,)
        The keyword parameters of `broaden`.

    Returns
    -------
    curves : ndarray of shape (n_spectra, n_bins)
        Intensity per eV on the grid, in the dtype of `bins`.
    """
    shape = {name: np.asarray(values, bins.dtype)[:, None] for name, values in shape.items()}
    curves = _white_lines(bins, grid[1] - grid[0], shape)
    height = shape["step"] * curves.max(axis=1, keepdims=True)
    curves += height * _continuum(grid.astype(bins.dtype), centroids(bins, grid), shape)
    return curves


def _white_lines(bins, bin_width, shape):
    """Convolve in the Fourier domain.

    There a Lorentzian of full width g is ``exp(-g k / 2)`` and a Gaussian ``exp(-(s k)^2 / 2)``.
    """
    n_bins = bins.shape[2]
    n_fft = fft.next_fast_len(n_bins + int(np.ceil(PADDING / bin_width)), real=True)
    k = (2 * np.pi * fft.rfftfreq(n_fft, bin_width)).astype(bins.dtype)
    lines = 0
    for width, part in _by_width(bins, _lorentzian_widths(bins, bin_width, shape)):
        lines = lines + fft.rfft(part, n_fft) * np.exp(-width / 2 * k)
    sigma, satellite_sigma = (
        shape[name] / FWHM_PER_SIGMA for name in ("resolution", "satellite_width")
    )
    echo = np.exp(-1j * k * shape["satellite_shift"] - (satellite_sigma * k) ** 2 / 2)
    lines *= np.exp(-((sigma * k) ** 2) / 2) * (1 + shape["satellite"] * echo)
    return fft.irfft(lines, n_fft)[:, :n_bins] / bin_width


def _lorentzian_widths(bins, bin_width, shape):
    """Width of every bin: constant up to the onset of its edge, then growing with energy."""
    passed = np.cumsum(bins, axis=2)
    onset = np.argmax(passed >= ONSET_SHARE * passed[:, :, -1:], axis=2)[:, :, None]
    above = np.clip(np.arange(bins.shape[2]) - onset, 0, None).astype(bins.dtype) * bin_width
    at_onset = np.stack([shape["l3_width"], shape["l2_width"]], axis=1)
    return at_onset + shape["width_slope"][:, :, None] * above


def _by_width(bins, widths):
    """Share every bin between the nearest two of a few Lorentzian widths.

    Yields
    ------
    width : float
        One of the geometric ladder that spans the widths of the occupied bins.
    part : ndarray of shape (n_spectra, n_bins)
        What is to be broadened by it.
    """
    used = widths[bins > 0]
    low, high = float(used.min()), float(used.max())
    n_steps = int(np.ceil(np.log(high / low) / np.log(LADDER_RATIO)))
    ladder = np.geomspace(low, high, n_steps + 1)
    position = np.interp(widths, ladder, np.arange(ladder.size)).astype(bins.dtype)
    for rung, width in enumerate(ladder.tolist()):
        share = np.clip(1 - np.abs(position - rung), 0, None)
        yield width, np.einsum("ijk,ijk->ik", bins, share)


def _continuum(grid, edges, shape):
    """Two arctangent steps of unit total height."""
    total = 0
    for share, edge in ((L3_SHARE, edges[:, :1]), (1 - L3_SHARE, edges[:, 1:])):
        distance = grid - (edge + shape["step_position"]).astype(grid.dtype)
        total = total + share * (np.arctan(distance / shape["step_width"]) / np.pi + 0.5)
    return total


def broaden(
    energies,
    weights,
    spectral_axis,
    *,
    l3_width=0.4,
    l2_width=1.2,
    width_slope=0.0,
    resolution=0.5,
    satellite=0.0,
    satellite_shift=3.0,
    satellite_width=2.0,
    step=0.0,
    step_position=2.0,
    step_width=0.8,
):
    r"""Broaden a stick spectrum by core-hole lifetimes and the resolution of an instrument.

    Every stick becomes a Lorentzian, wider for L2 than for L3 because the 2p1/2 hole also decays
    into 2p3/2 (Coster-Kronig) [1]_, and wider with growing energy above the onset of its edge; a
    Gaussian is the resolution. A weak, shifted copy (charge-transfer satellite) and the two
    continuum steps of transitions to unbound states come on top,

    .. math::
        I(E) = \Big(\sum_i w_i\, L_{\gamma_i}(E - E_i)\Big) * G * (\delta + a\, G_s)
               + h I_\mathrm{max} \sum_e c_e
               \Big(\tfrac{1}{2} + \tfrac{1}{\pi} \arctan\frac{E - E_e - p}{b}\Big),

    with :math:`\gamma_i = \gamma_e + s\,(E_i - \mathrm{onset}_e)` and :math:`c_e` = 2/3 and 1/3 for
    the edges L3 and L2 with centroids :math:`E_e`. Sticks above the point half-way between the
    centroids belong to L2.

    Parameters
    ----------
    energies, weights : array-like of shape (n_sticks,)
        A stick spectrum, for example from `stick_spectrum`; add the position of the edge to its
        energies.
    spectral_axis : array-like of shape (n_channels,)
        Where the spectrum is wanted, in eV as the energies.
    l3_width, l2_width : float, default=0.4 and 1.2
        Full width at half maximum of the Lorentzians in eV, above zero.
    width_slope : float, default=0.0
        Growth of the Lorentzian width per eV above the onset of the edge, where 2 % of its
        weight is passed.
    resolution : float, default=0.5
        Full width at half maximum of the Gaussian in eV.
    satellite : float, default=0.0
        Intensity of the satellite relative to the edges.
    satellite_shift, satellite_width : float, default=3.0 and 2.0
        Distance of the satellite, and the full width at half maximum of its own Gaussian, in eV.
    step : float, default=0.0
        Height of the continuum far above both edges, relative to the highest white line.
    step_position, step_width : float, default=2.0 and 0.8
        Distance of each step from the centroid of its edge, and half width of the arctangent
        (above zero), in eV.

    Returns
    -------
    intensity : ndarray of shape (n_channels,)
        Intensity per eV. Without steps its integral over all energies is the sum of the
        weights times 1 + `satellite`.

    Raises
    ------
    ValueError
        If the sticks have no weight, or a width is not positive.

    See Also
    --------
    stick_spectrum : Simulate the sticks.

    Notes
    -----
    Sticks are shared between neighbouring points of a grid of 0.05 eV (finer for lines narrower
    than 0.5 eV), and their widths, if they vary, between neighbours on a ladder of widths with
    ratio 1.25; what comes out is within 1 % of the maximum of the exact sum.

    References
    ----------
    .. [1] M. O. Krause and J. H. Oliver, J. Phys. Chem. Ref. Data 8, 329 (1979).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.datasets.multiplet import broaden
    >>> axis = np.arange(-100, 100, 0.1)
    >>> spectrum = broaden([0.0, 11.0], [2.0, 1.0], axis)
    >>> print(f"{0.1 * spectrum.sum():.2f}")
    3.00
    """
    energies, weights = np.asarray(energies, float), np.asarray(weights, float)
    axis = check_axis(spectral_axis)
    if energies.ndim != 1 or energies.shape != weights.shape or not weights.sum() > 0:
        raise ValueError(
            "energies and weights must be one-dimensional, of one length and of positive total "
            f"weight; got shapes {energies.shape} and {weights.shape}, total {weights.sum():g}."
        )
    shape = {
        "l3_width": l3_width,
        "l2_width": l2_width,
        "width_slope": width_slope,
        "resolution": resolution,
        "satellite": satellite,
        "satellite_shift": satellite_shift,
        "satellite_width": satellite_width,
        "step": step,
        "step_position": step_position,
        "step_width": step_width,
    }
    for name in ("l3_width", "l2_width", "step_width"):
        if not shape[name] > 0:
            raise ValueError(f"{name} must be above zero, got {shape[name]}.")
    narrowest = max(min(l3_width, l2_width), resolution)
    low, high = min(axis[0], energies.min()), max(axis[-1], energies.max())
    bin_width = min(0.05, narrowest / 10)
    grid = np.arange(low - PADDING, high + PADDING, bin_width)
    bins = bin_sticks(energies, weights, edge_split(energies, weights), grid)
    rows = {name: np.array([value]) for name, value in shape.items()}
    curve = broaden_bins(bins[None], grid, rows)
    return interpolate_rows(curve, channel_positions(grid, axis))[0]
