"""Which energies decide."""

import numpy as np
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import check_is_fitted

from skspectra._input.spectra import refuse_images
from skspectra._numerics.axis import check_axis, resolve_axis
from skspectra.plotting._style import axes_of, class_colors, spectral_label

__all__ = ["SaliencyDisplay"]


class SaliencyDisplay:
    """Probability that a classifier loses if a window of the spectrum is hidden.

    Occlusion [1]_: a window slides over the spectra, its content is replaced by a straight line,
    and the loss of the probability of the right class is drawn under the mean spectrum of each
    class. Only predictions are needed, so that any classifier can be used.

    Use `from_estimator` to make one.

    Parameters
    ----------
    spectral_axis : ndarray of shape (n_channels,)
        Axis of the spectra.
    means : ndarray of shape (n_classes, n_channels)
        Mean spectrum of each class.
    centers : ndarray of shape (n_windows,)
        Middle of every window, in units of the axis.
    losses : ndarray of shape (n_classes, n_windows)
        Loss of probability, from -1 to 1.
    names : sequence of str of length n_classes
        Names of the classes.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.

    References
    ----------
    .. [1] M. D. Zeiler and R. Fergus, "Visualizing and understanding convolutional networks",
       ECCV (2014).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skspectra.plotting import SaliencyDisplay
    >>> X = np.random.default_rng(0).normal(size=(40, 30))
    >>> X[:20, 9:12] += 20
    >>> y = ["with"] * 20 + ["without"] * 20
    >>> display = SaliencyDisplay.from_estimator(GaussianNB().fit(X, y), X, y, width=5)
    >>> print(display.centers[display.losses[0] > 0.5].round(1))
    [10.]
    """

    def __init__(self, spectral_axis, means, centers, losses, names):
        self.spectral_axis = spectral_axis
        self.means = means
        self.centers = centers
        self.losses = losses
        self.names = names

    @classmethod
    def from_estimator(cls, estimator, X, y, *, width, spectral_axis=None, ax=None):
        """Hide each part of the spectra in turn, and draw the loss of probability.

        Parameters
        ----------
        estimator : classifier
            Fitted; a pipeline sees the spectra before its first step. Without `predict_proba`,
            right answers count 1 and wrong ones 0.
        X : array-like of shape (n_spectra, n_channels)
            Spectra, preferably not those of the training.
        y : array-like of shape (n_spectra,)
            Their classes.
        width : float
            Width of the window, in units of the axis; it moves by half of that.
        spectral_axis : array-like of shape (n_channels,), default=None
            Axis; None takes it from numeric column names, else the channel numbers.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : SaliencyDisplay

        Raises
        ------
        ValueError
            If y holds a class that the classifier was not fitted to, or the window is no part of
            the axis.
        """
        check_is_fitted(estimator)
        refuse_images(X)
        axis = resolve_axis(X, spectral_axis)
        checked, y = check_array(X, dtype=np.float64), np.asarray(y)
        check_consistent_length(checked, y)
        windows = _windows(axis, width)
        names = np.unique(y)
        unknown = np.setdiff1d(names, estimator.classes_).tolist()
        if unknown:
            raise ValueError(
                f"y holds {unknown}, but the classifier was fitted to "
                f"{estimator.classes_.tolist()}."
            )
        whole = _right(estimator, checked, y, X)
        lost = [whole - _right(estimator, _hide(checked, axis, each), y, X) for each in windows]
        lost = np.stack(lost, axis=1)
        means = np.stack([checked[y == name].mean(axis=0) for name in names])
        losses = np.stack([lost[y == name].mean(axis=0) for name in names])
        centers = np.array([(axis[first] + axis[last]) / 2 for first, last in windows])
        return cls(axis, means, centers, losses, names.astype(str)).plot(ax)

    def plot(self, ax=None):
        """Draw the classes above each other, mean spectra as lines and losses as areas.

        The greatest loss is drawn as high as a mean spectrum; the legend gives its value.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : SaliencyDisplay
        """
        axis = check_axis(self.spectral_axis, np.shape(self.means)[1])
        ax = axes_of(ax, figsize=(4.5, 1 + len(self.names)))
        colors = class_colors(self.names)
        greatest = max(float(np.max(self.losses)), np.finfo(float).tiny)
        for i, (name, mean, loss) in enumerate(
            zip(self.names, self.means, self.losses, strict=True)
        ):
            color, base = colors[i], 1.15 * i
            scaled = (mean - mean.min()) / (np.ptp(mean) or 1)
            ax.fill_between(
                self.centers,
                base,
                base + np.maximum(loss, 0) / greatest,
                color=color,
                alpha=0.35,
                linewidth=0,
            )
            ax.plot(
                axis,
                base + scaled,
                color=color,
                linewidth=1,
                label=f"{name}, loses {loss.max():.2f}",
            )
        ax.set(xlabel=spectral_label(axis), ylabel="Spectrum; lost probability", yticks=[])
        ax.margins(x=0)
        handles, labels = ax.get_legend_handles_labels()
        ax.legend(
            handles[::-1], labels[::-1], frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1)
        )
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _windows(axis, width):
    """First and last channel of every window, which lie within the axis."""
    if not 0 < width < axis[-1] - axis[0]:
        raise ValueError(
            f"width must be above 0 and less than the axis is long ({axis[-1] - axis[0]:g}), got "
            f"{width!r}."
        )
    slack = 1e-6 * width
    starts = np.arange(axis[0], axis[-1] - width + slack, width / 2)
    first = np.searchsorted(axis, starts - slack)
    last = np.searchsorted(axis, starts + width + slack, side="right") - 1
    return [(a, b) for a, b in zip(first, last, strict=True) if b > a + 1]


def _hide(X, axis, window):
    """Put a straight line between the first and the last channel of the window."""
    first, last = window
    weight = (axis[first : last + 1] - axis[first]) / (axis[last] - axis[first])
    hidden = X.copy()
    ends = X[:, [first]], X[:, [last]]
    hidden[:, first : last + 1] = (1 - weight) * ends[0] + weight * ends[1]
    return hidden


def _right(estimator, values, y, X):
    """Probability of the right class of each spectrum."""
    if hasattr(X, "iloc"):  # a pandas frame hands its axis to the steps of a pipeline
        values = type(X)(values, columns=X.columns)
    if not hasattr(estimator, "predict_proba"):
        return (estimator.predict(values) == y).astype(float)
    codes = np.searchsorted(estimator.classes_, y)
    return np.take_along_axis(estimator.predict_proba(values), codes[:, None], axis=1)[:, 0]
