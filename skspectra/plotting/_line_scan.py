"""Valences along a line scan."""

import numpy as np

from skspectra.plotting._image import class_image, class_legend, navigation_scales
from skspectra.plotting._style import axes_of

__all__ = ["LineScanDisplay"]


class LineScanDisplay:
    """The valence along a line: classes as a strip, and the mean valence with its interval.

    Use `from_maps` to make one.

    Parameters
    ----------
    position : ndarray of shape (n_spectra,)
        Where the spectra lie.
    codes : ndarray of shape (n_spectra,), int
        Index of the class of every spectrum, -1 where it is unknown.
    reasons : ndarray of shape (n_spectra,) of str
        Why a spectrum is unknown, "" where it is known.
    valence, lower, upper : ndarray of shape (n_spectra,)
        Mean valence and its interval, NaN where unknown.
    classes : sequence of str of length n_classes
        Names of the classes.
    unit : str, default="spectrum"
        Unit of the position.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (2,)
        Where it was drawn.
    figure_ : matplotlib Figure
        Their figure.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.plotting import LineScanDisplay
    >>> valence = np.array([2.0, 2.1, 2.9, np.nan])
    >>> reasons = np.array(["", "", "", "cannot tell"])
    >>> curve = valence, valence - 0.1, valence + 0.1
    >>> display = LineScanDisplay(range(4), [0, 0, 1, -1], reasons, *curve, ["Mn2+", "Mn3+"])
    >>> display.plot().axes_.shape
    (2,)
    """

    def __init__(
        self, position, codes, reasons, valence, lower, upper, classes, *, unit="spectrum"
    ):
        self.position = position
        self.codes = codes
        self.reasons = reasons
        self.valence = valence
        self.lower = lower
        self.upper = upper
        self.classes = classes
        self.unit = unit

    @classmethod
    def from_maps(cls, maps, *, axes=None):
        """Draw existing maps.

        Parameters
        ----------
        maps : ValenceMaps
            Of one dimension, from `skspectra.imaging.read_image`.
        axes : ndarray of matplotlib Axes of shape (2,), default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : LineScanDisplay
        """
        (step,), unit = (1.0,), "spectrum"
        if maps.pixels.signal is not None:
            (step,), unit = navigation_scales(maps.pixels.signal)
        position = step * np.arange(maps.codes.size)
        valence, lower, upper = map(maps.known, ("valence", "lower", "upper"))
        curve = valence, lower, upper
        return cls(position, maps.codes, maps.reasons, *curve, maps.classes, unit=unit).plot(axes)

    def plot(self, axes=None):
        """Draw the strip above the curve.

        Parameters
        ----------
        axes : ndarray of matplotlib Axes of shape (2,), default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : LineScanDisplay
        """
        position, codes = np.asarray(self.position, float), np.asarray(self.codes)
        reasons = np.asarray(self.reasons)
        strip, curve = axes_of(axes, nrows=2, figsize=(5.5, 3.6), height_ratios=(1, 6))
        half = np.diff(position).mean() / 2 if position.size > 1 else 0.5
        extent = position[0] - half, position[-1] + half, 0, 1
        colors = class_image(codes, reasons, self.classes)
        strip.imshow(colors[None], aspect="auto", extent=extent, interpolation="nearest")
        strip.set(xticks=[], yticks=[])
        class_legend(
            strip, codes, reasons, self.classes, loc="lower left", bbox_to_anchor=(0, 1), ncols=4
        )
        curve.fill_between(position, self.lower, self.upper, color="0.8", label="interval")
        curve.plot(position, self.valence, color="0.4", linewidth=1)
        curve.scatter(position, self.valence, c=colors, s=18, zorder=3)
        label = "Spectrum" if self.unit in ("spectrum", "pixels") else f"Position ({self.unit})"
        curve.set(xlabel=label, ylabel="Mean valence", xlim=extent[:2])
        self.axes_, self.figure_ = np.array([strip, curve]), curve.figure
        return self
