"""Endmembers, with bands where they are uncertain."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skspectra.plotting._style import axes_of, class_colors, component_names, spectral_label

__all__ = ["EndmemberDisplay"]

_HIGH = 0.3  # share of the highest value above which zero is not shown


class EndmemberDisplay:
    """Endmembers above each other, with bands where they are uncertain.

    Use `from_estimator` to make one.

    Parameters
    ----------
    spectral_axis : array-like of shape (n_channels,)
        Axis of the spectra.
    endmembers : array-like of shape (n_components, n_channels)
        Endmembers.
    std : array-like of shape (n_components, n_channels), default=None
        Standard deviation of each channel; 1.645 of them to either side are drawn as a band.
    names : sequence of str, default=None
        Names; None numbers them from 1.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> from skspectra.plotting import EndmemberDisplay
    >>> display = EndmemberDisplay([0, 1, 2], [[1, 2, 1], [0, 1, 3]], names=["rim", "core"]).plot()
    >>> [text.get_text() for text in display.ax_.texts]
    ['rim', 'core']
    """

    def __init__(self, spectral_axis, endmembers, *, std=None, names=None):
        self.spectral_axis = spectral_axis
        self.endmembers = endmembers
        self.std = std
        self.names = names

    @classmethod
    def from_estimator(cls, estimator, *, spectral_axis=None, names=None, ax=None):
        """Draw the endmembers that an estimator found.

        Parameters
        ----------
        estimator : MinimumVolumeUnmixer, BayesianUnmixer, NMF or similar
            Fitted; it has `components_`, and `components_std_` where it knows them.
        spectral_axis : array-like of shape (n_channels,), default=None
            Axis; None takes the estimator's `spectral_axis_`, else channel numbers.
        names : sequence of str, default=None
            Names; None numbers them from 1.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : EndmemberDisplay
        """
        check_is_fitted(estimator, "components_")
        endmembers = estimator.components_
        if spectral_axis is None:
            channels = np.arange(endmembers.shape[1])
            spectral_axis = getattr(estimator, "spectral_axis_", channels)
        std = getattr(estimator, "components_std_", None)
        return cls(spectral_axis, endmembers, std=std, names=names).plot(ax)

    def plot(self, ax=None):
        """Draw the endmembers, each scaled to the same height.

        They stand on a line at zero, unless all of them lie high above it, as on a background.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : EndmemberDisplay
        """
        axis, endmembers = np.asarray(self.spectral_axis), np.asarray(self.endmembers, dtype=float)
        names = component_names(self.names, len(endmembers))
        ax = axes_of(ax, figsize=(4.5, 1 + 0.9 * len(endmembers)))
        floors, tops = endmembers.min(axis=1), np.abs(endmembers).max(axis=1)
        shows_zero = bool((floors < _HIGH * tops).any())
        for i, (spectrum, color) in enumerate(zip(endmembers, class_colors(names), strict=True)):
            floor = 0.0 if shows_zero else floors[i]
            height, offset = tops[i] - floor or 1.0, 1.1 * (len(names) - 1 - i)
            if self.std is not None:
                band = 1.645 * np.asarray(self.std)[i]
                ends = [offset + (spectrum - floor + sign * band) / height for sign in (-1, 1)]
                ax.fill_between(axis, *ends, color=color, alpha=0.25, linewidth=0)
            if shows_zero:
                ax.axhline(offset, color="0.85", linewidth=0.7, zorder=0)
            ax.plot(axis, offset + (spectrum - floor) / height, color=color, linewidth=1)
            ax.annotate(
                names[i],
                (1, offset + 0.5),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                color=color,
                fontsize="small",
            )
        ax.set(xlabel=spectral_label(axis), ylabel="Intensity (each to the same height)", yticks=[])
        ax.margins(x=0)
        self.ax_, self.figure_ = ax, ax.figure
        return self
