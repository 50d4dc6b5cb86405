"""How much of the variance each principal component explains."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skspectra.plotting._style import COLORS, axes_of

__all__ = ["ScreeDisplay"]


class ScreeDisplay:
    """Scree plot: the share of the variance of each principal component, on a logarithmic scale.

    Signal lies above the straight tail of the noise.

    Parameters
    ----------
    explained_variance_ratio : array-like of shape (n_components,)
        Share of the variance of each component.
    n_kept : int, default=None
        Number of components that are kept, which are marked; None marks none.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> from skspectra.plotting import ScreeDisplay
    >>> display = ScreeDisplay([0.7, 0.2, 0.01, 0.009], n_kept=2).plot()
    >>> display.ax_.get_yscale()
    'log'
    """

    def __init__(self, explained_variance_ratio, *, n_kept=None):
        self.explained_variance_ratio = explained_variance_ratio
        self.n_kept = n_kept

    @classmethod
    def from_estimator(cls, estimator, *, n_kept=None, ax=None):
        """Draw the variances that an estimator found.

        Parameters
        ----------
        estimator : PCADenoiser, sklearn.decomposition.PCA or similar
            Fitted, with more components than will be kept; it has `explained_variance_ratio_`.
        n_kept : int, default=None
            Number of components that are kept, which are marked; None marks none.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : ScreeDisplay
        """
        check_is_fitted(estimator, "explained_variance_ratio_")
        return cls(estimator.explained_variance_ratio_, n_kept=n_kept).plot(ax)

    def plot(self, ax=None):
        """Draw the components by number, from 1.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : ScreeDisplay
        """
        ratio = np.asarray(self.explained_variance_ratio, dtype=float)
        ax = axes_of(ax, figsize=(4.5, 3))
        number = np.arange(1, ratio.size + 1)
        kept = number <= (0 if self.n_kept is None else self.n_kept)
        ax.plot(number, ratio, color="0.7", linewidth=1, zorder=1)
        if kept.any():
            label = f"{kept.sum()} kept, {ratio[kept].sum():.1%} of the variance"
            ax.scatter(number[kept], ratio[kept], s=16, color=COLORS[1], label=label, zorder=2)
            ax.legend(frameon=False)
        ax.scatter(number[~kept], ratio[~kept], s=16, color=COLORS[0], zorder=2)
        ax.set(xlabel="Component", ylabel="Share of the variance", yscale="log")
        ax.xaxis.get_major_locator().set_params(integer=True)
        self.ax_, self.figure_ = ax, ax.figure
        return self
