"""Probabilities of transitions between classes."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skspectra.plotting._image import color_bar
from skspectra.plotting._style import axes_of

__all__ = ["TransitionDisplay"]


class TransitionDisplay:
    """Matrix of the transition probabilities of classes, with their uncertainty.

    Use `from_estimator` to make one.

    Parameters
    ----------
    matrix : array-like of shape (n_states, n_states)
        Probabilities from row to column.
    lower, upper : array-like of shape (n_states, n_states), default=None
        Limits of their intervals; None writes none.
    names : sequence of str, default=None
        Names of the states; None numbers them from 0.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> from skspectra.plotting import TransitionDisplay
    >>> display = TransitionDisplay([[0.9, 0.1], [0.5, 0.5]]).plot()
    >>> [text.get_text() for text in display.ax_.texts]
    ['0.90', '0.10', '0.50', '0.50']
    """

    def __init__(self, matrix, lower=None, upper=None, *, names=None):
        self.matrix = matrix
        self.lower = lower
        self.upper = upper
        self.names = names

    @classmethod
    def from_estimator(cls, estimator, *, names=None, ax=None):
        """Draw the matrix of an estimator with its 90 % intervals.

        Parameters
        ----------
        estimator : TransitionMatrix
            Fitted.
        names : sequence of str, default=None
            Names of the states; None numbers them from 0.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : TransitionDisplay
        """
        check_is_fitted(estimator, "transition_matrix_")
        lower, upper = estimator.interval(0.9)
        return cls(estimator.transition_matrix_, lower, upper, names=names).plot(ax)

    def plot(self, ax=None):
        """Draw the matrix, with the numbers in it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : TransitionDisplay
        """
        matrix = np.asarray(self.matrix, dtype=float)
        ax = axes_of(ax, figsize=(2.2 + 0.9 * len(matrix), 1 + 0.8 * len(matrix)))
        image = ax.imshow(matrix, cmap="Blues", vmin=0, vmax=1)
        for (i, j), value in np.ndenumerate(matrix):
            text = f"{value:.2f}"
            if self.lower is not None:
                text += f"\n{np.asarray(self.lower)[i, j]:.2f}–{np.asarray(self.upper)[i, j]:.2f}"
            color = "white" if value > 0.6 else "black"
            ax.text(j, i, text, ha="center", va="center", color=color, fontsize="small")
        names = range(len(matrix)) if self.names is None else self.names
        ax.set_xticks(range(len(matrix)), names)
        ax.set_yticks(range(len(matrix)), names)
        ax.set(xlabel="To", ylabel="From")
        color_bar(ax, image, "right", label="Probability")
        self.ax_, self.figure_ = ax, ax.figure
        return self
