"""Where in an image each component is: structure or noise."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skspectra._numerics.axis import check_axis
from skspectra._numerics.n_components import neighbour_correlation
from skspectra.io import to_matrix
from skspectra.plotting._style import COLORS, spectral_label

__all__ = ["ScoreMapsDisplay"]


class ScoreMapsDisplay:
    """Maps of the scores of components, above the components themselves.

    The map of a component that is noise is noise, however much of the variance it explains. The map
    of a rare phase has structure, however little variance it explains. The correlation between
    neighbouring pixels measures this: for noise it is 0 within its standard error, one over the
    root of the number of pairs.

    Parameters
    ----------
    spectral_axis : ndarray of shape (n_channels,)
        Axis of the components.
    scores : ndarray of shape (n_rows, n_columns, n_components)
        Scores of the pixels.
    components : ndarray of shape (n_components, n_channels)
        Components, or loadings in the units of the spectra.

    Attributes
    ----------
    correlation : ndarray of shape (n_components,)
        Correlation of the scores between neighbouring pixels.
    axes_ : ndarray of matplotlib Axes, shape (2, n_components)
        Maps, and components below them.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.plotting import ScoreMapsDisplay
    >>> scores = np.zeros((20, 30, 2))
    >>> scores[:, 15:, 0] = 1
    >>> scores[..., 1] = np.random.default_rng(0).normal(size=(20, 30))
    >>> display = ScoreMapsDisplay(np.arange(4), scores, np.eye(2, 4)).plot()
    >>> (display.correlation.round(1) + 0.0).tolist()
    [1.0, 0.0]
    """

    def __init__(self, spectral_axis, scores, components):
        self.spectral_axis = spectral_axis
        self.scores = scores
        self.components = components
        self.correlation = neighbour_correlation(np.asarray(scores, dtype=float))[0]

    @classmethod
    def from_estimator(cls, estimator, image, *, shape=None, spectral_axis=None, n_components=6):
        """Draw the scores of an image.

        Parameters
        ----------
        estimator : PCADenoiser, sklearn.decomposition.PCA or similar
            Fitted; it has `components_`, and `scores` or a `transform` that gives them.
        image : array-like of shape (n_rows, n_columns, n_channels), or HyperSpy signal
            The image, or its rows with a `shape`.
        shape : tuple of (int, int), default=None
            Shape of the image that rows belong to.
        spectral_axis : array-like of shape (n_channels,), default=None
            Axis of an array; None takes that of the estimator.
        n_components : int, default=6
            Most components that are drawn.

        Returns
        -------
        display : ScoreMapsDisplay
        """
        check_is_fitted(estimator, "components_")
        if hasattr(image, "axes_manager"):
            rows, axis, shape = to_matrix(image)
        else:
            axis = getattr(estimator, "spectral_axis_", np.arange(estimator.components_.shape[1]))
            axis = axis if spectral_axis is None else spectral_axis
            shape = np.shape(image)[:-1] if shape is None else tuple(shape)
            rows = np.reshape(image, (-1, np.shape(image)[-1]))
        if len(shape) != 2 or np.prod(shape) != len(rows):
            raise ValueError(
                f"image must have two dimensions of pixels, or shape= must give them; got "
                f"{len(rows)} spectra and the shape {tuple(shape)}."
            )
        scores = getattr(estimator, "scores", estimator.transform)(np.asarray(rows))
        components = getattr(estimator, "loadings_", estimator.components_)
        first = slice(min(n_components, len(components)))
        return cls(axis, scores[:, first].reshape(*shape, -1), components[first]).plot()

    def plot(self):
        """Draw the maps side by side in a new figure, each from its 1st to its 99th percentile.

        Returns
        -------
        display : ScoreMapsDisplay
        """
        import matplotlib.pyplot as plt

        axis = check_axis(self.spectral_axis)
        n_components = len(self.components)
        figure, axes = plt.subplots(
            2,
            n_components,
            figsize=(1.2 + 1.9 * n_components, 3.4),
            height_ratios=[1.4, 1],
            squeeze=False,
            layout="constrained",
        )
        for k, (top, bottom) in enumerate(axes.T):
            values = self.scores[..., k]
            low, high = np.percentile(values, [1, 99])
            top.imshow(values, cmap="cividis", vmin=low, vmax=high)
            top.set(xticks=[], yticks=[], title=f"{k + 1}: {self.correlation[k]:.2f}")
            bottom.plot(axis, self.components[k], color=COLORS[0], linewidth=1)
            bottom.axhline(0, color="0.7", linewidth=0.5, zorder=0)
            bottom.set(yticks=[])
            bottom.margins(x=0)
        figure.suptitle("Component: correlation between neighbours", fontsize="medium")
        figure.supxlabel(spectral_label(axis), fontsize="medium")
        self.axes_, self.figure_ = axes, figure
        return self
