"""What every block of a net makes of the classes."""

import numpy as np
from sklearn.utils import check_consistent_length

from skspectra._input.spectra import refuse_images
from skspectra._numerics.axis import resolve_axis
from skspectra.plotting._style import axes_of, class_colors, spectral_label

__all__ = ["ActivationsDisplay"]

_FILTERS = tuple(
    {"color": color, "linestyle": style} for style in ("-", ":") for color in ("black", "0.6")
)
_OF_CLASSES = ("class_maps", "logits")


class ActivationsDisplay:
    """Mean output of every block of a net for each class, as in the article's figure 1 [1]_.

    Use `from_estimator` to make one.

    Parameters
    ----------
    spectral_axis : ndarray of shape (n_channels,)
        Axis of the spectra.
    activations : dict of str to ndarray
        For the input and every block, in order, the mean of each class: of shape
        (n_classes, n_filters, n_positions) where the block convolves, else (n_classes, n_units).
    names : sequence of str of length n_classes
        Names of the classes.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_blocks, n_classes)
        Where it was drawn.
    figure_ : matplotlib Figure
        Their figure.

    References
    ----------
    .. [1] M. Chatzidakis and G. A. Botton, "Towards calibration-invariant spectroscopy using deep
       learning", Scientific Reports 9, 2126 (2019).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.plotting import ActivationsDisplay
    >>> activations = {"input": np.zeros((2, 1, 30)), "block": np.zeros((2, 4, 15))}
    >>> display = ActivationsDisplay(np.arange(30.0), activations, ["Mn2+", "Mn3+"]).plot()
    >>> display.axes_.shape
    (2, 2)
    """

    def __init__(self, spectral_axis, activations, names):
        self.spectral_axis = spectral_axis
        self.activations = activations
        self.names = names

    @classmethod
    def from_estimator(cls, estimator, X, y, *, spectral_axis=None, axes=None):
        """Pass spectra through a net, and draw the mean outputs of each class.

        Parameters
        ----------
        estimator : FullyConvClassifier, ConvDenseClassifier or DenseClassifier
            Fitted; of a pipeline the last step.
        X : array-like of shape (n_spectra, n_channels)
            Spectra as they enter the net; for a pipeline, transformed by its other steps.
        y : array-like of shape (n_spectra,)
            Class labels.
        spectral_axis : array-like of shape (n_channels,), default=None
            Axis; None takes it from numeric column names, else the channel numbers.
        axes : ndarray of matplotlib Axes of shape (n_blocks, n_classes), default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : ActivationsDisplay
        """
        refuse_images(X)
        axis = resolve_axis(X, spectral_axis)
        check_consistent_length(X, y)
        y = np.asarray(y)
        outputs = {"input": np.asarray(X)[:, None], **estimator.activations(X)}
        names = np.unique(y)
        means = {
            block: np.stack([output[y == name].mean(axis=0) for name in names])
            for block, output in outputs.items()
        }
        return cls(axis, means, names.astype(str)).plot(axes)

    def plot(self, axes=None):
        """Draw a row for every block and a column for every class.

        Up to four filters are curves over the energy, in black and grey; more are the rows of an
        image. Outputs for a class have its colour. All classes share the scale of a block.

        Parameters
        ----------
        axes : ndarray of matplotlib Axes of shape (n_blocks, n_classes), default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : ActivationsDisplay
        """
        shape = len(self.activations), len(self.names)
        size = 1.6 + 1.8 * shape[1], 0.5 + 0.75 * shape[0]
        axes = axes_of(axes, nrows=shape[0], ncols=shape[1], figsize=size)
        axes = np.reshape(axes, shape)
        colors = class_colors(self.names)
        of_classes = [{"color": color} for color in colors]
        for row, (block, means) in zip(axes, self.activations.items(), strict=True):
            for ax, mean, color in zip(row, means, colors, strict=True):
                styles = {"input": [{"color": color}], **dict.fromkeys(_OF_CLASSES, of_classes)}
                self._draw(ax, mean, _limits(means), styles.get(block, _FILTERS))
                ax.set(xticks=[], yticks=[])
            label = block.replace("_", " ")
            row[0].set_ylabel(label, rotation=0, ha="right", va="center")
        for ax, name, color in zip(axes[0], self.names, colors, strict=True):
            ax.set_title(name, fontsize="medium", color=color)
            ax.set_xlabel(spectral_label(self.spectral_axis), labelpad=1)
            ax.set_xticks(self.spectral_axis[[0, -1]].round(1))
            ax.tick_params(labelsize="small", length=2, pad=2)
            for tick, side in zip(ax.get_xticklabels(), ("left", "right"), strict=True):
                tick.set_horizontalalignment(side)
        self.axes_, self.figure_ = axes, axes[0, 0].figure
        return self

    def _draw(self, ax, mean, limits, styles):
        """Draw one block of one class: bars of units, curves of filters, or an image of many."""
        ends = self.spectral_axis[0], self.spectral_axis[-1]
        if mean.ndim == 1:
            shades = [style["color"] for style in styles] if len(styles) == mean.size else "0.5"
            ax.bar(np.arange(mean.size), mean, color=shades)
        elif len(mean) <= len(styles):
            energy = np.linspace(*ends, mean.shape[1])
            for curve, style in zip(mean, styles, strict=False):
                ax.plot(energy, curve, linewidth=0.8, **style)
            ax.set_xlim(ends)
        else:
            low, high = limits
            ax.imshow(
                mean, aspect="auto", cmap="cividis", vmin=low, vmax=high, extent=(*ends, 0, 1)
            )
            return
        ax.set_ylim(limits)


def _limits(means):
    low, high = float(np.min(means)), float(np.max(means))
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin
