"""Mean and spread of spectra, class by class."""

import numpy as np
from sklearn.utils import check_array, check_consistent_length

from skspectra._input.spectra import refuse_images
from skspectra._numerics.axis import check_axis, resolve_axis
from skspectra.plotting._style import axes_of, class_colors, spectral_label

__all__ = ["SpectraDisplay"]


class SpectraDisplay:
    """Mean spectrum of every class with a band that holds most of its spectra.

    Use `from_spectra` to make one.

    Parameters
    ----------
    spectral_axis : ndarray of shape (n_channels,)
        Axis of the spectra.
    means : ndarray of shape (n_classes, n_channels)
        Mean spectrum of each class.
    lower, upper : ndarray of shape (n_classes, n_channels)
        The band.
    names : sequence of str of length n_classes
        Names of the classes.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.plotting import SpectraDisplay
    >>> X = np.random.default_rng(0).normal(size=(20, 30))
    >>> display = SpectraDisplay.from_spectra(X, ["a"] * 10 + ["b"] * 10)
    >>> display.means.shape
    (2, 30)
    """

    def __init__(self, spectral_axis, means, lower, upper, names):
        self.spectral_axis = spectral_axis
        self.means = means
        self.lower = lower
        self.upper = upper
        self.names = names

    @classmethod
    def from_spectra(cls, X, y=None, *, spectral_axis=None, coverage=0.8, ax=None, **plot_params):
        """Compute the means and bands of classes, and draw them.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        y : array-like of shape (n_spectra,), default=None
            Class labels; None makes one class.
        spectral_axis : array-like of shape (n_channels,), default=None
            Axis; None takes it from numeric column names, else the channel numbers.
        coverage : float, default=0.8
            Share of the spectra of a class that the band holds in every channel.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.
        **plot_params : dict
            Passed to `plot`.

        Returns
        -------
        display : SpectraDisplay
        """
        refuse_images(X)
        axis = resolve_axis(X, spectral_axis)
        X = check_array(X)
        y = np.full(len(X), "spectra") if y is None else np.asarray(y)
        check_consistent_length(X, y)
        names = np.unique(y)
        levels = (1 - coverage) / 2, (1 + coverage) / 2
        groups = [X[y == name] for name in names]
        lower, upper = np.stack([np.quantile(group, levels, axis=0) for group in groups], axis=1)
        means = np.stack([group.mean(axis=0) for group in groups])
        return cls(axis, means, lower, upper, names.astype(str)).plot(ax=ax, **plot_params)

    def plot(self, ax=None, *, offset=None):
        """Draw the classes above each other.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.
        offset : float, default=None
            Distance between the classes, in units of the intensity. None chooses it so that they do
            not overlap.

        Returns
        -------
        display : SpectraDisplay
        """
        axis = check_axis(self.spectral_axis, np.shape(self.means)[1])
        ax = axes_of(ax, figsize=(4.5, 4))
        if offset is None:
            offset = 1.05 * float(np.max(self.upper - self.lower.min()))
        colors = class_colors(self.names)
        for i, (mean, color) in enumerate(zip(self.means, colors, strict=True)):
            ax.fill_between(
                axis,
                self.lower[i] + i * offset,
                self.upper[i] + i * offset,
                color=color,
                alpha=0.25,
                linewidth=0,
            )
            ax.plot(axis, mean + i * offset, color=color, label=self.names[i])
        ax.set(xlabel=spectral_label(axis), ylabel="Intensity (arb. units)", yticks=[])
        ax.margins(x=0)
        ax.legend(
            frameon=False,
            loc="lower center",
            bbox_to_anchor=(0.5, 1),
            ncols=min(len(self.names), 3),
        )
        self.ax_, self.figure_ = ax, ax.figure
        return self
