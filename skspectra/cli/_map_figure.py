"""The picture of a map."""

import numpy as np
from matplotlib.figure import Figure

from skspectra.cli._background import background_before
from skspectra.cli._report import texts_of_pixels
from skspectra.imaging import ValenceMaps
from skspectra.plotting import LineScanDisplay, ValenceMapDisplay
from skspectra.plotting._image import height_of_map
from skspectra.plotting._style import COLORS

__all__ = ["draw_map"]

_SHOWN = 45.0  # eV each way from L3
_MOST_SLICES = 6
_WIDTH, _SPECTRUM, _DRIFT = 8.4, 2.6, 1.3  # inches


def draw_map(path, maps: ValenceMaps, total, element, energy, zero_loss=None):
    """Draw maps above the sum of the spectra, to a file.

    Parameters
    ----------
    path : Path
        The .png.
    maps : ValenceMaps
        What was read.
    total : ndarray of shape (n_channels,)
        Sum of the spectra.
    element : str
        Whose edge was read.
    energy : float
        Where its white line lies, in eV.
    zero_loss : ndarray of the shape of the image, default=None
        Where the zero-loss peak lay, in eV, before the axis was corrected.
    """
    heights = _heights_of_maps(maps.codes.shape, len(maps.classes))
    below = (_SPECTRUM,) if zero_loss is None or zero_loss.size < 2 else (_SPECTRUM, _DRIFT)
    figure = Figure(figsize=(_WIDTH, sum(heights + below)), layout="constrained")
    ratios = heights + below
    parts = figure.subfigures(len(ratios), 1, height_ratios=ratios, squeeze=False).ravel()
    slices = maps.slices()
    for part, one in zip(parts[: len(heights)], slices, strict=False):
        _draw_slice(part, one)
    if not heights:
        figure.suptitle(texts_of_pixels(maps)[0], fontsize="medium")
    elif len(slices) > len(heights):
        figure.suptitle(f"{len(heights)} of {len(slices)} images", fontsize="medium")
    ax = parts[len(heights)].subplots()
    label = "sum of all spectra" if heights else "spectrum"
    _draw_spectrum(ax, maps.pixels.axis, total, label, element, energy)
    if len(below) > 1:
        _draw_drift(parts[-1].subplots(), zero_loss)
    figure.savefig(path, dpi=150, format="png")


def _heights_of_maps(shape, n_classes):
    """Heights of the rows of maps, in inches."""
    if len(shape) < 2:
        return (2.8,) * len(shape)
    height = height_of_map(shape[-2:], _WIDTH / 3, n_classes + 2)
    return (height,) * min(int(np.prod(shape[:-2])), _MOST_SLICES)


def _draw_slice(part, maps):
    if maps.codes.ndim == 2:
        ValenceMapDisplay.from_maps(maps, axes=part.subplots(1, 3))
    else:
        LineScanDisplay.from_maps(maps, axes=part.subplots(2, 1, height_ratios=(1, 6)))


def _draw_drift(ax, zero_loss):
    ax.plot(zero_loss.ravel(), color=COLORS[0], linewidth=0.8)
    ax.set(xlabel="Spectrum, in the order of the scan", ylabel="Zero-loss\npeak (eV)")
    ax.margins(x=0)


def _draw_spectrum(ax, axis, total, label, element, energy):
    shown = np.abs(axis - energy) <= _SHOWN
    window, ((amplitude, exponent),) = background_before(total[None], axis, energy)
    background = np.exp(amplitude - exponent * np.log(axis))
    ax.axvspan(*window, color="0.92", linewidth=0, label="window of the background")
    ax.plot(axis[shown], total[shown], color="0.3", label=label)
    ax.plot(axis[shown], background[shown], color=COLORS[1], label="background")
    ax.plot(axis[shown], (total - background)[shown], color=COLORS[0], label="difference")
    ax.axvline(energy, color="0.5", linestyle=":", label=f"{element}, {energy:.1f} eV")
    ax.set(xlabel="Energy loss (eV)", ylabel="Counts")
    ax.ticklabel_format(axis="y", scilimits=(-3, 5))
    ax.margins(x=0, y=0.08)
    ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
