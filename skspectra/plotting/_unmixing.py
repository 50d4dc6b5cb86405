"""Endmembers, their abundances, and what they leave unexplained."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skspectra.plotting._style import axes_of, class_colors, spectral_label

__all__ = ["AbundanceMapDisplay", "EndmemberDisplay", "ResidualMapDisplay"]


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

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : EndmemberDisplay
        """
        axis, endmembers = np.asarray(self.spectral_axis), np.asarray(self.endmembers, dtype=float)
        names = _names(self.names, len(endmembers))
        ax = axes_of(ax, figsize=(4.5, 1 + 0.9 * len(endmembers)))
        for i, (spectrum, color) in enumerate(zip(endmembers, class_colors(names), strict=True)):
            height, offset = np.abs(spectrum).max() or 1.0, 1.1 * (len(names) - 1 - i)
            if self.std is not None:
                band = 1.645 * np.asarray(self.std)[i]
                ends = [offset + (spectrum + sign * band) / height for sign in (-1, 1)]
                ax.fill_between(axis, *ends, color=color, alpha=0.25, linewidth=0)
            ax.axhline(offset, color="0.85", linewidth=0.7, zorder=0)
            ax.plot(axis, offset + spectrum / height, color=color, linewidth=1)
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
        Where they were drawn.
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
            Fitted; what `transform` gives is drawn.
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
        axes = _row_of_axes(axes, len(maps), maps.shape[1:])
        low, high = min(0, np.nanmin(maps)), np.nanmax(maps)
        names = _names(self.names, len(maps))
        for ax, values, name in zip(axes, maps, names, strict=True):
            image = ax.imshow(values, cmap="viridis", vmin=low, vmax=high)
            ax.set(title=name, xticks=[], yticks=[])
        axes[0].figure.colorbar(image, ax=list(axes), shrink=0.8, label="Abundance")
        self.axes_, self.figure_ = axes, axes[0].figure
        return self


class ResidualMapDisplay:
    """A map of what a fit leaves: its chi-square, or its residual.

    Use `from_estimator` to make one.

    Parameters
    ----------
    values : array-like of shape (height, width)
        What is drawn.
    label : str, default="Chi-square"
        What it is. Chi-squares are drawn on a scale on which 1, what noise alone leaves, is white.

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
        bar = ax.figure.colorbar(image, ax=ax, label=self.label)
        if isinstance(image.norm, LogNorm):
            bar.set_ticks(np.exp([-0.8 * reach, 0, 0.8 * reach]))
            bar.ax.yaxis.set_major_formatter(StrMethodFormatter("{x:.2g}"))
            bar.ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set(xticks=[], yticks=[])
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _names(names, count):
    if names is None:
        return [str(number + 1) for number in range(count)]
    if len(names) != count:
        raise ValueError(f"names has {len(names)} entries, but there are {count} components.")
    return list(map(str, names))


def _row_of_axes(axes, count, shape):
    if axes is not None:
        return np.asarray(axes, dtype=object).ravel()
    import matplotlib.pyplot as plt

    width = 2.0 * np.clip(shape[1] / shape[0], 0.5, 2)
    figure, new = plt.subplots(
        1, count, figsize=(width * count + 0.8, 2.4), squeeze=False, layout="constrained"
    )
    return new[0]
