"""Maps of abundances."""

import numpy as np

from skspectra.plotting._image import color_bar, height_of_map, is_flat
from skspectra.plotting._style import axes_of, component_names

__all__ = ["AbundanceMapDisplay"]


class AbundanceMapDisplay:
    """Maps of the abundances of endmembers, on one scale.

    Use `from_estimator` to make one.

    Parameters
    ----------
    maps : array-like of shape (n_components, height, width)
        Abundances.
    names : sequence of str, default=None
        Names of the endmembers; None numbers them from 1.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_components,)
        Axes with the maps.
    figure_ : matplotlib Figure
        Their figure.

    Examples
    --------
    >>> from skspectra.plotting import AbundanceMapDisplay
    >>> display = AbundanceMapDisplay([[[1.0, 0.4]], [[0.0, 0.6]]], names=["A", "B"]).plot()
    >>> [ax.get_title() for ax in display.axes_]
    ['A', 'B']
    """

    def __init__(self, maps, *, names=None):
        self.maps = maps
        self.names = names

    @classmethod
    def from_estimator(cls, estimator, X, grid_shape, *, names=None, axes=None):
        """Draw the abundances that an estimator gives the spectra of an image.

        Parameters
        ----------
        estimator : MinimumVolumeUnmixer, FCLS, ReferenceFit or any transformer
            Fitted; the result of its `transform` is drawn.
        X : array-like of shape (n_spectra, n_channels)
            Spectra of the image, row by row.
        grid_shape : tuple of (int, int)
            Height and width of the image.
        names : sequence of str, default=None
            Names of the endmembers; None numbers them from 1.
        axes : sequence of matplotlib Axes, default=None
            Where to draw, one for each endmember; a new figure if None.

        Returns
        -------
        display : AbundanceMapDisplay
        """
        shares = np.asarray(estimator.transform(X))
        return cls(shares.T.reshape(-1, *grid_shape), names=names).plot(axes)

    def plot(self, axes=None):
        """Draw the maps beside each other.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, default=None
            Where to draw, one for each endmember; a new figure if None.

        Returns
        -------
        display : AbundanceMapDisplay
        """
        maps = np.asarray(self.maps, dtype=float)
        if maps.ndim != 3:
            raise ValueError(
                f"maps must have the shape (n_components, height, width), got {maps.shape}."
            )
        shape = maps.shape[1:]
        width = 2.0 * np.clip(shape[1] / shape[0], 0.5, 2)
        size = width * len(maps) + 0.8, height_of_map(shape, width, 2 * is_flat(shape))
        axes = np.ravel(axes_of(axes, ncols=len(maps), figsize=size))
        low, high = min(0, np.nanmin(maps)), np.nanmax(maps)
        names = component_names(self.names, len(maps))
        for ax, values, name in zip(axes, maps, names, strict=True):
            image = ax.imshow(values, cmap="viridis", vmin=low, vmax=high)
            ax.set(title=name, xticks=[], yticks=[])
        side = "bottom" if is_flat(shape) else "right"
        color_bar(axes[-1], image, side, label="Abundance")
        self.axes_, self.figure_ = axes, axes[0].figure
        return self
