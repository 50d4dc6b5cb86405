"""Which L2,3 edges of 3d metals an image holds."""

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d

from skspectra._numerics.axis import dispersion
from skspectra._numerics.edges.strength import edge_strength
from skspectra._numerics.peaks import refined_peak
from skspectra.datasets._atoms import read_data
from skspectra.imaging._image import is_lazy, spectrum_image

__all__ = ["ELEMENTS", "find_edges", "nominal_l3", "sum_spectrum"]

ELEMENTS = ("Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu")
_MAX_SHIFT = 12.0  # eV
_PRE_EDGE = (-40.0, -6.0)  # eV from L3, where the background is fitted
_LINE = 1.5  # eV each way
_SMOOTHING = 0.4  # eV
_LEAST_BEFORE = 8.0  # eV of background that there must be


def find_edges(image, *, spectral_axis=None, min_strength=3.0):
    """Find the L2,3 edges of Ti, V, Cr, Mn, Fe, Co, Ni and Cu in the sum of an image.

    Each is searched for within 12 eV of its nominal energy: the steepest jump of the sum spectrum
    over the power law before it. Other edges at the same energy (O K near V, La M near Ni) are
    jumps too; only the reader of the element tells whether it is its edge.

    Parameters
    ----------
    image : HyperSpy signal, dask array or array-like of shape (..., n_channels)
        Spectra with their background, in eV.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of an array in eV; a signal has one, in eV, meV or keV.
    min_strength : float, default=3.0
        Least jump, in units of its noise, of an edge that is listed.

    Returns
    -------
    edges : DataFrame
        One row per edge found, the strongest first: `element`, the `energy` of its highest line and
        its `shift` from the nominal one, both in eV, and its `strength`.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.imaging import find_edges
    >>> energy = np.arange(500.0, 700.0, 0.5)
    >>> line = np.exp(-(((energy - 637.0) / 2) ** 2) / 2) + 0.3 * (energy > 640)
    >>> expected = 200 * (energy / 500) ** -3 + 50 * line
    >>> image = np.random.default_rng(0).poisson(expected, (8, 8, 400))
    >>> find_edges(image, spectral_axis=energy).round(0)
      element  energy  shift  strength
    0      Mn   637.0   -5.0      23.0
    """
    pixels = spectrum_image(image, spectral_axis, unit="eV")
    if pixels.axis is None:
        raise ValueError("An array has no energies: pass them as spectral_axis=, in eV.")
    spectrum = sum_spectrum(pixels)
    found = [_look_for(element, spectrum, pixels.axis) for element in ELEMENTS]
    columns = ["element", "energy", "shift", "strength"]
    edges = pd.DataFrame([row for row in found if row is not None], columns=columns)
    edges = edges[edges["strength"] >= min_strength]
    return edges.sort_values("strength", ascending=False, ignore_index=True)


def nominal_l3(element):
    """Energy of the maximum of L3 in eV, between those of the valences of an element."""
    maxima = read_data("l23_maxima.json")["elements"][element]["maxima_eV"].values()
    return sum(maxima) / len(maxima)


def sum_spectrum(pixels):
    """Sum of the spectra of a `SpectrumImage`, without NaN and infinity."""
    data = pixels.data
    if is_lazy(data):
        import dask.array as da

        total = da.where(da.isfinite(data), data, 0).sum(axis=tuple(range(data.ndim - 1)))
        return total.astype(float).compute()
    rows = data.reshape(-1, data.shape[-1])
    return rows.sum(axis=0, dtype=float, where=np.isfinite(rows))


def _look_for(element, spectrum, axis):
    """Element, energy, shift and strength of its edge; None where the axis does not reach it."""
    nominal = nominal_l3(element)
    reach = axis[0] + _LEAST_BEFORE - _PRE_EDGE[1], axis[-1] - _LINE
    step = max(1.0, dispersion(axis))
    tried = np.arange(nominal - _MAX_SHIFT, nominal + _MAX_SHIFT + step / 2, step)
    tried = tried[(tried >= reach[0]) & (tried <= reach[1])]
    if not tried.size:
        return None
    strengths = [_strength(spectrum, axis, energy) for energy in tried]
    energy = _refined(spectrum, axis, tried[np.argmax(strengths)])
    return element, energy, energy - nominal, max(strengths)


def _strength(spectrum, axis, energy):
    """Strength of an edge whose highest line lies at an energy."""
    around = (axis >= energy + _PRE_EDGE[0]) & (axis <= energy + max(_LINE, dispersion(axis) / 2))
    axis = axis[around]
    before = max(energy + _PRE_EDGE[0], axis[0]), energy + _PRE_EDGE[1]
    if np.count_nonzero(axis < before[1]) < 3:
        return -np.inf
    return edge_strength(spectrum[None, around], axis, before)[0]


def _refined(spectrum, axis, energy):
    """Energy of the maximum near an energy, between channels."""
    step = dispersion(axis)
    smooth = gaussian_filter1d(spectrum, _SMOOTHING / step)
    near = np.flatnonzero(np.abs(axis - energy) <= max(2 * _LINE, step))
    channel = near[smooth[near].argmax()]
    position, _ = refined_peak(smooth[None], np.array([channel]))
    return float(np.interp(position[0], np.arange(axis.size), axis))
