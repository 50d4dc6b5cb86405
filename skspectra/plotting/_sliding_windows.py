"""Classes of windows and what describes them."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skspectra.plotting._style import axes_of, class_colors

__all__ = ["SlidingWindowDisplay"]


class SlidingWindowDisplay:
    """A map of the classes of windows, and the mean Fourier transform of each.

    Use `from_estimator` to make one.

    Parameters
    ----------
    classes : array-like of shape (n_down, n_across), int
        Class of each window.
    spectra : array-like of shape (n_classes, window, window)
        Mean transform of the windows of each class, zero frequency in the middle.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_classes + 1,)
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.plotting import SlidingWindowDisplay
    >>> display = SlidingWindowDisplay([[0, 1], [0, 1]], np.ones((2, 4, 4))).plot()
    >>> [ax.get_title() for ax in display.axes_]
    ['Classes', '0', '1']
    """

    def __init__(self, classes, spectra):
        self.classes = classes
        self.spectra = spectra

    @classmethod
    def from_estimator(cls, fft, rows, labels, *, axes=None):
        """Draw the classes of the windows of one image.

        Parameters
        ----------
        fft : SlidingFFT
            Fitted.
        rows : array-like of shape (n_windows, n_features)
            Result of `transform` for the image.
        labels : array-like of shape (n_windows,), int
            Classes of the rows, from 0.
        axes : sequence of matplotlib Axes, default=None
            Where to draw, one more than there are classes; a new figure if None.

        Returns
        -------
        display : SlidingWindowDisplay
        """
        check_is_fitted(fft, "grid_shape_")
        rows, labels = np.asarray(rows), np.asarray(labels)
        means = [rows[labels == label].mean(axis=0) for label in range(labels.max() + 1)]
        spectra = np.stack([fft.to_spectrum(mean) for mean in means])
        return cls(fft.fold(labels), spectra).plot(axes)

    def plot(self, axes=None):
        """Draw the map and the transforms.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, default=None
            Where to draw, one more than there are classes; a new figure if None.

        Returns
        -------
        display : SlidingWindowDisplay
        """
        from matplotlib.colors import ListedColormap

        spectra = np.asarray(self.spectra)
        colors = class_colors(range(len(spectra)))
        n_axes = len(spectra) + 1
        axes = np.ravel(axes_of(axes, ncols=n_axes, figsize=(2.4 * n_axes, 3)))
        limits = {"vmin": -0.5, "vmax": len(spectra) - 0.5}
        axes[0].imshow(self.classes, cmap=ListedColormap(colors), interpolation="none", **limits)
        axes[0].set(title="Classes", xticks=[], yticks=[])
        shared = {"vmin": np.nanmin(spectra), "vmax": np.nanmax(spectra)}
        size, reach = spectra.shape[-1], _reach(spectra)
        low = -(size // 2 + 0.5) / size
        shared["extent"] = (low, low + 1, low + 1, low)
        for number, (ax, spectrum) in enumerate(zip(axes[1:], spectra, strict=True)):
            ax.imshow(spectrum, cmap="magma", **shared)
            ax.set_title(str(number), color=colors[number])
            ax.set(xlabel="Cycles per pixel", xlim=(-reach, reach), ylim=(reach, -reach))
        self.axes_, self.figure_ = axes, axes[0].figure
        return self


def _reach(spectra):
    """How far along an axis the spectra are known, in cycles per pixel."""
    size = spectra.shape[-1]
    known = np.nonzero(np.isfinite(spectra).any(axis=0))
    return (np.abs(np.array(known) - size // 2).max(initial=0) + 0.5) / size
