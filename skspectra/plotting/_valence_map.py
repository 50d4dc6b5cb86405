"""Valences over a spectrum image."""

import numpy as np

from skspectra.io import to_matrix
from skspectra.plotting._image import (
    class_image,
    class_legend,
    color_bar,
    height_of_map,
    mean_is_known,
    navigation_scales,
    scale_bar,
)
from skspectra.plotting._style import axes_of

__all__ = ["ValenceMapDisplay"]

_WIDTH = 2.9  # inches, of each map


class ValenceMapDisplay:
    """Maps of the valence, of the mean valence and of its uncertainty.

    Use `from_estimator` or `from_maps` to make one.

    Parameters
    ----------
    codes : ndarray of shape (n_y, n_x), int
        Index of the class of every pixel, -1 where it is unknown.
    reasons : ndarray of shape (n_y, n_x) of str
        Why a pixel is unknown; "" where it is known.
    valence, uncertainty : ndarray of shape (n_y, n_x)
        Mean valence and half the width of its interval, NaN where unknown.
    classes : sequence of str of length n_classes
        Names of the classes.
    pixel_size : float, default=1.0
        Distance of neighbouring pixels of a row.
    unit : str, default="pixels"
        Its unit.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (3,)
        Where it was drawn.
    figure_ : matplotlib Figure
        Their figure.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.plotting import ValenceMapDisplay
    >>> codes = np.array([[0, 0, 1], [0, -1, -1]])
    >>> reasons = np.array([["", "", ""], ["", "cannot tell", "no edge"]])
    >>> valence = np.where(codes >= 0, codes + 2.0, np.nan)
    >>> display = ValenceMapDisplay(codes, reasons, valence, 0.1 * valence, ["Mn2+", "Mn3+"])
    >>> [text.get_text() for text in display.plot().axes_[0].get_legend().get_texts()]
    ['Mn2+: 3', 'Mn3+: 1', 'unknown: 1', 'no edge or masked: 1']
    """

    def __init__(
        self, codes, reasons, valence, uncertainty, classes, *, pixel_size=1.0, unit="pixels"
    ):
        self.codes = codes
        self.reasons = reasons
        self.valence = valence
        self.uncertainty = uncertainty
        self.classes = classes
        self.pixel_size = pixel_size
        self.unit = unit

    @classmethod
    def from_estimator(cls, reader, signal, *, axes=None):
        """Read every pixel of an image, and draw the maps.

        Parameters
        ----------
        reader : ValenceReader
            Fitted.
        signal : hyperspy.api.signals.BaseSignal
            Image of two navigation dimensions, counts with their background.
        axes : ndarray of matplotlib Axes of shape (3,), default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : ValenceMapDisplay
        """
        X, axis, shape = to_matrix(signal)
        table = reader.read(np.asarray(X), axis)
        classes = list(reader.classes_)
        codes = np.array([classes.index(v) if v in classes else -1 for v in table["valence"]])
        reasons, lower, upper = table["reason"].to_numpy(str), table["lower"], table["upper"]
        known = mean_is_known(codes, reasons, lower, upper)
        valence = np.where(known, table["mean_valence"], np.nan)
        maps = codes, reasons, valence, np.where(known, (upper - lower) / 2, np.nan)
        scales, unit = navigation_scales(signal)
        maps = [each.reshape(shape) for each in maps]
        return cls(*maps, classes, pixel_size=scales[-1], unit=unit).plot(axes)

    @classmethod
    def from_maps(cls, maps, *, axes=None):
        """Draw existing maps.

        Parameters
        ----------
        maps : ValenceMaps
            Of two dimensions, from `skspectra.imaging.read_image`.
        axes : ndarray of matplotlib Axes of shape (3,), default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : ValenceMapDisplay
        """
        scale = {}
        if maps.pixels.signal is not None:
            scales, scale["unit"] = navigation_scales(maps.pixels.signal)
            scale["pixel_size"] = scales[-1]
        valence, lower, upper = map(maps.known, ("valence", "lower", "upper"))
        bounds = valence, (upper - lower) / 2
        return cls(maps.codes, maps.reasons, *bounds, maps.classes, **scale).plot(axes)

    def plot(self, axes=None):
        """Draw the classes with their counts, the mean valence, and half its interval.

        Pixels without an edge and masked ones are black, unknown ones grey.

        Parameters
        ----------
        axes : ndarray of matplotlib Axes of shape (3,), default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : ValenceMapDisplay
        """
        codes, reasons = np.asarray(self.codes), np.asarray(self.reasons)
        if codes.ndim != 2:
            raise ValueError(f"The maps must have two dimensions, got shape {codes.shape}.")
        height = height_of_map(codes.shape, _WIDTH, len(self.classes) + 2)
        axes = axes_of(axes, ncols=3, figsize=(3 * _WIDTH, height))
        background = class_image(np.full(codes.shape, -1), reasons, self.classes)
        axes[0].imshow(class_image(codes, reasons, self.classes))
        class_legend(
            axes[0], codes, reasons, self.classes, loc="upper center", bbox_to_anchor=(0.5, 0)
        )
        low, high = _whole_limits(self.valence)
        colors = _light_viridis()
        for ax, values, limits, title in (
            (axes[1], self.valence, (low, high), "Mean valence"),
            (axes[2], self.uncertainty, (0, None), "Its uncertainty (±)"),
        ):
            ax.imshow(background)
            image = ax.imshow(values, cmap=colors, vmin=limits[0], vmax=limits[1])
            if np.isfinite(values).any():
                color_bar(ax, image)
            ax.set_title(title)
        axes[0].set_title("Valence")
        scale_bar(axes[0], codes.shape, self.pixel_size, self.unit)
        for ax in axes:
            ax.set(xticks=[], yticks=[], anchor="N")
        self.axes_, self.figure_ = np.asarray(axes), axes[0].figure
        return self


def _whole_limits(valence):
    """Whole valences below and above all that are known."""
    known = np.asarray(valence)[np.isfinite(valence)]
    if not known.size:
        return 0, 1
    low, high = np.floor(known.min()), np.ceil(known.max())
    return low, max(high, low + 1)


def _light_viridis():
    """Viridis without its darkest part, which would pass for masked."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps["viridis"](np.linspace(0.2, 1, 256)))
