"""Spectra as points: what lies close together before the net and after it."""

import numpy as np
from sklearn.utils import check_array, check_consistent_length

from skspectra.plotting._style import axes_of, class_colors

__all__ = ["EmbeddingDisplay"]


class EmbeddingDisplay:
    """Two-dimensional maps of the inputs and of the features of a net, as in figure 5 of [1]_.

    Use `from_estimator` to make one.

    Parameters
    ----------
    points : dict of str to ndarray of shape (n_spectra, 2)
        For each map its title and its points.
    y : array-like of shape (n_spectra,)
        Class labels.
    is_reference : array-like of shape (n_spectra,), bool
        Which of the spectra are references; they are drawn as triangles.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_maps,)
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
    >>> from skspectra.plotting import EmbeddingDisplay
    >>> points = {"inputs": np.eye(3, 2), "features": np.eye(3, 2)}
    >>> display = EmbeddingDisplay(points, ["a", "b", "b"], [False, False, True]).plot()
    >>> [ax.get_title() for ax in display.axes_]
    ['inputs', 'features']
    """

    def __init__(self, points, y, is_reference):
        self.points = points
        self.y = y
        self.is_reference = is_reference

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        X_reference=None,
        y_reference=None,
        *,
        perplexity=30.0,
        random_state=None,
        axes=None,
    ):
        """Map spectra and their features by t-SNE, and draw them.

        t-SNE starts from the first two principal components.

        Parameters
        ----------
        estimator : FullyConvClassifier, ConvDenseClassifier or DenseClassifier
            Fitted; of a pipeline the last step. Anything with a method `embed`.
        X : array-like of shape (n_spectra, n_channels)
            Spectra as they enter the net.
        y : array-like of shape (n_spectra,)
            Their classes.
        X_reference : array-like of shape (n_references, n_channels), default=None
            Reference spectra, mapped together with `X`.
        y_reference : array-like of shape (n_references,), default=None
            Their classes.
        perplexity : float, default=30.0
            About how many neighbours a point has; below the number of spectra.
        random_state : int, RandomState instance or None, default=None
            Seeds t-SNE.
        axes : sequence of 2 matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : EmbeddingDisplay
        """
        from sklearn.manifold import TSNE

        parts = [(X, y)] if X_reference is None else [(X, y), (X_reference, y_reference)]
        for spectra, labels in parts:
            check_consistent_length(spectra, labels)
        inputs = np.concatenate([check_array(spectra) for spectra, _ in parts])
        features = np.concatenate([estimator.embed(spectra) for spectra, _ in parts])
        y = np.concatenate([np.asarray(labels) for _, labels in parts])
        tsne = TSNE(init="pca", perplexity=perplexity, random_state=random_state)
        points = {"inputs": tsne.fit_transform(inputs), "features": tsne.fit_transform(features)}
        is_reference = np.arange(len(y)) >= len(parts[0][1])
        return cls(points, y, is_reference).plot(axes)

    def plot(self, axes=None):
        """Draw the maps beside each other.

        Parameters
        ----------
        axes : sequence of n_maps matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : EmbeddingDisplay
        """
        y, is_reference = np.asarray(self.y), np.asarray(self.is_reference)
        n_maps = len(self.points)
        axes = np.ravel(axes_of(axes, ncols=n_maps, figsize=(3.2 * n_maps, 3.6)))
        names = np.unique(y)
        for ax, (title, points) in zip(axes, self.points.items(), strict=True):
            for name, color in zip(names, class_colors(names), strict=True):
                mine, references = (
                    points[(y == name) & kind] for kind in (~is_reference, is_reference)
                )
                ax.scatter(*mine.T, s=8, color=color, alpha=0.6, linewidth=0, label=name)
                ax.scatter(
                    *references.T, s=28, color=color, marker="^", edgecolor="black", zorder=3
                )
            ax.set(xticks=[], yticks=[], title=title)
        handles, labels = axes[0].get_legend_handles_labels()
        if is_reference.any():
            handles.append(axes[0].scatter([], [], s=7, marker="^", c="none", edgecolor="black"))
            labels.append("reference")
        axes[0].figure.legend(
            handles, labels, frameon=False, loc="outside lower center", ncols=5, markerscale=2
        )
        self.axes_, self.figure_ = axes, axes[0].figure
        return self
