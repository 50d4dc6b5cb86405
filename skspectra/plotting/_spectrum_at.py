"""A map beside the spectrum of one of its pixels."""

import numpy as np

from skspectra.plotting._image import class_image, class_legend
from skspectra.plotting._style import COLORS, spectral_label

__all__ = ["SpectrumAtDisplay"]


class SpectrumAtDisplay:
    """A map, and the spectrum and valence of the pixel that is clicked.

    Use `from_maps` to make one. In interactive figures, a click on the map shows another pixel.

    Parameters
    ----------
    spectral_axis : ndarray of shape (n_channels,)
        Axis of the spectra.
    spectra : array of shape (n_y, n_x, n_channels)
        The spectra, with their background; a dask array is read pixel by pixel.
    backgrounds : callable
        Gives the background of one spectrum, shape (n_channels,).
    codes : ndarray of shape (n_y, n_x), int
        Index of the class of every pixel, -1 where it is unknown.
    reasons : ndarray of shape (n_y, n_x) of str
        Why a pixel is unknown; "" where it is known.
    probability : ndarray of shape (n_y, n_x, n_classes)
        Probability of every class.
    classes : sequence of str of length n_classes
        Names of the classes.

    Attributes
    ----------
    pixel_ : tuple of (int, int)
        Row and column of the pixel shown.
    axes_ : ndarray of matplotlib Axes of shape (3,)
        The map, the spectrum and the probabilities.
    figure_ : matplotlib Figure
        Their figure.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.plotting import SpectrumAtDisplay
    >>> codes = np.array([[0, 1, 1]])
    >>> display = SpectrumAtDisplay(
    ...     np.arange(30.0), np.ones((1, 3, 30)), np.zeros_like, codes, np.full((1, 3), ""),
    ...     np.eye(2)[codes], ["Mn2+", "Mn3+"],
    ... )
    >>> display.plot(pixel=(0, 2)).axes_[1].get_title()
    'Row 0, column 2: Mn3+'
    """

    def __init__(self, spectral_axis, spectra, backgrounds, codes, reasons, probability, classes):
        self.spectral_axis = spectral_axis
        self.spectra = spectra
        self.backgrounds = backgrounds
        self.codes = codes
        self.reasons = reasons
        self.probability = probability
        self.classes = classes

    @classmethod
    def from_maps(cls, maps, background, *, pixel=None, axes=None):
        """Draw existing maps.

        Parameters
        ----------
        maps : ValenceMaps
            Of two dimensions, from `skspectra.imaging.read_image`.
        background : PowerLawBackground
            With the axis of the image; it is fitted to each spectrum that is shown.
        pixel : tuple of (int, int), default=None
            Row and column of the pixel shown first; the middle if None.
        axes : ndarray of matplotlib Axes of shape (3,), default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : SpectrumAtDisplay
        """
        probability = maps.probability
        probability = getattr(probability, "data", probability)
        return cls(
            maps.pixels.axis,
            maps.pixels.data,
            lambda spectrum: background.fit(spectrum[None]).background(spectrum[None])[0],
            maps.codes,
            maps.reasons,
            np.asarray(probability).reshape(*maps.codes.shape, -1),
            maps.classes,
        ).plot(axes, pixel=pixel)

    def plot(self, axes=None, *, pixel=None):
        """Draw the map and one pixel, and show other pixels when they are clicked.

        Parameters
        ----------
        axes : ndarray of matplotlib Axes of shape (3,), default=None
            Where to draw; a new figure if None.
        pixel : tuple of (int, int), default=None
            Row and column of the pixel; the middle if None.

        Returns
        -------
        display : SpectrumAtDisplay
        """
        self.axes_ = np.asarray(_new_axes() if axes is None else axes)
        self.figure_ = self.axes_[0].figure
        ax, shape = self.axes_[0], self.codes.shape
        ax.imshow(class_image(self.codes, self.reasons, self.classes))
        class_legend(
            ax, self.codes, self.reasons, self.classes, loc="upper center", bbox_to_anchor=(0.5, 0)
        )
        ax.set(xticks=[], yticks=[], anchor="N")
        (self._mark,) = ax.plot([], [], "s", markerfacecolor="none", markeredgecolor="white", ms=9)
        self.show(*((shape[0] // 2, shape[1] // 2) if pixel is None else pixel))
        # matplotlib forgets a bound method with its object, to which no name may refer
        self.figure_.canvas.mpl_connect("button_press_event", lambda event: self._clicked(event))
        return self

    def show(self, row, column):
        """Show another pixel."""
        height, width = self.codes.shape
        if not (0 <= row < height and 0 <= column < width):
            raise ValueError(
                f"pixel must be the row and the column of a pixel of {height} x {width}, got "
                f"({row}, {column})."
            )
        self.pixel_ = row, column
        self._mark.set_data([column], [row])
        spectrum = np.asarray(self.spectra[row, column], dtype=float)
        background = self.backgrounds(spectrum)
        _, ax, bars = self.axes_
        for each in (ax, bars):
            each.clear()
        ax.plot(self.spectral_axis, spectrum, color="0.4", linewidth=0.8, label="spectrum")
        ax.plot(self.spectral_axis, background, color=COLORS[1], label="background")
        rest = spectrum - background
        ax.plot(self.spectral_axis, rest, color=COLORS[0], linewidth=0.8, label="difference")
        code = self.codes[row, column]
        said = self.classes[code] if code >= 0 else f"unknown, {self.reasons[row, column]}"
        title = f"Row {row}, column {column}: {said}"
        ax.set(title=title, xlabel=spectral_label(self.spectral_axis))
        ax.margins(x=0)
        ax.legend(frameon=False)
        bars.barh(np.arange(len(self.classes)), self.probability[row, column], color=COLORS[0])
        bars.set(
            yticks=np.arange(len(self.classes)),
            yticklabels=list(self.classes),
            xlim=(0, 1),
            xlabel="Probability",
        )

    def _clicked(self, event):
        toolbar = self.figure_.canvas.toolbar
        is_zooming = toolbar is not None and bool(toolbar.mode)
        if event.inaxes is self.axes_[0] and not is_zooming:
            at = np.clip(np.rint([event.ydata, event.xdata]), 0, np.subtract(self.codes.shape, 1))
            self.show(*map(int, at))
            self.figure_.canvas.draw_idle()


def _new_axes():
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(9, 4.2), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 1.3), height_ratios=(3, 1))
    return [figure.add_subplot(grid[where]) for where in ((slice(None), 0), (0, 1), (1, 1))]
