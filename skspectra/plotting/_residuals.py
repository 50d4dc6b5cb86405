"""Maps of what a fit leaves."""

import numpy as np

from skspectra.plotting._image import color_bar
from skspectra.plotting._style import axes_of

__all__ = ["ResidualMapDisplay"]


class ResidualMapDisplay:
    """A map of the chi-square or of the residual of a fit.

    Use `from_estimator` to make one.

    Parameters
    ----------
    values : array-like of shape (height, width)
        Values of the map.
    label : str, default="Chi-square"
        Label of the colour bar. Chi-squares are drawn on a scale on which 1, the value for noise
        alone, is white.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> from skspectra.plotting import ResidualMapDisplay
    >>> display = ResidualMapDisplay([[1.0, 0.9], [1.1, 4.0]]).plot()
    >>> float(display.ax_.images[0].norm(1.0))
    0.5
    """

    def __init__(self, values, *, label="Chi-square"):
        self.values = values
        self.label = label

    @classmethod
    def from_estimator(cls, estimator, X, grid_shape, *, counts=None, ax=None):
        """Draw the chi-square of the fit of an image.

        Parameters
        ----------
        estimator : FCLS, MinimumVolumeUnmixer, ReferenceFit or similar
            Fitted; it has `chi2`, or `parameters` with `chi_square`.
        X : array-like of shape (n_spectra, n_channels)
            Spectra of the image, row by row.
        grid_shape : tuple of (int, int)
            Height and width of the image.
        counts : array-like of shape (n_spectra, n_channels), default=None
            The counts as recorded, if a background was subtracted.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : ResidualMapDisplay
        """
        if hasattr(estimator, "chi2"):
            values = estimator.chi2(X, counts=counts)
        else:
            values = estimator.parameters(X, counts=counts).chi_square
        return cls(values.reshape(grid_shape)).plot(ax)

    def plot(self, ax=None):
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : ResidualMapDisplay
        """
        from matplotlib.colors import CenteredNorm, LogNorm
        from matplotlib.ticker import NullFormatter, StrMethodFormatter

        values = np.asarray(self.values, dtype=float)
        ax = axes_of(ax, figsize=(4, 3))
        if self.label == "Chi-square":
            reach = max(np.nanmax(np.abs(np.log(np.maximum(values, 1e-3)))), np.log(1.5))
            norm = LogNorm(np.exp(-reach), np.exp(reach))
            image = ax.imshow(values, cmap="RdBu_r", norm=norm)
        else:
            norm = CenteredNorm() if np.nanmin(values) < 0 else None
            image = ax.imshow(values, cmap="RdBu_r" if norm else "viridis", norm=norm)
        bar = color_bar(ax, image, "right", label=self.label)
        if isinstance(image.norm, LogNorm):
            bar.set_ticks(np.exp([-0.8 * reach, 0, 0.8 * reach]))
            bar.ax.yaxis.set_major_formatter(StrMethodFormatter("{x:.2g}"))
            bar.ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set(xticks=[], yticks=[])
        self.ax_, self.figure_ = ax, ax.figure
        return self
