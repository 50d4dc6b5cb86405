"""Scores against the strength of a perturbation."""

import numpy as np

from skspectra.plotting._style import COLORS, axes_of

__all__ = ["RobustnessDisplay"]

_FEW = 10  # values that are marked one by one


class RobustnessDisplay:
    """Score of one or several models against the strength of a perturbation.

    Parameters
    ----------
    param_range : array-like of shape (n_values,)
        Values of the parameter of the perturbation.
    scores : dict of str to array-like of shape (n_values, n_folds)
        For each model the result of `skspectra.evaluation.robustness_curve`.
    param_name : str, default="Shift (eV)"
        Label of the horizontal axis.
    score_name : str, default="Accuracy"
        Label of the vertical axis.
    chance : float, default=None
        Score of guessing, drawn as a dotted line.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> from skspectra.plotting import RobustnessDisplay
    >>> scores = {"net": [[0.9, 0.8], [1.0, 1.0], [0.9, 0.9]]}
    >>> display = RobustnessDisplay([-5, 0, 5], scores).plot()
    >>> display.ax_.get_xlabel()
    'Shift (eV)'
    """

    def __init__(
        self, param_range, scores, *, param_name="Shift (eV)", score_name="Accuracy", chance=None
    ):
        self.param_range = param_range
        self.scores = scores
        self.param_name = param_name
        self.score_name = score_name
        self.chance = chance

    def plot(self, ax=None):
        """Draw the mean of the folds as a line, and their standard deviation as a band.

        The vertical axis runs from 0 to 1 where all scores do.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : RobustnessDisplay

        Raises
        ------
        ValueError
            If the scores of a model are not of shape (n_values, n_folds).
        """
        all_scores = {name: self._check_scores(name) for name in self.scores}
        ax = axes_of(ax, figsize=(4.5, 3.4))
        for i, (name, scores) in enumerate(all_scores.items()):
            mean, spread = np.mean(scores, axis=1), np.std(scores, axis=1)
            color = COLORS[i % len(COLORS)]
            ax.fill_between(
                self.param_range, mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0
            )
            marker = "o" if len(mean) <= _FEW else None
            ax.plot(self.param_range, mean, color=color, marker=marker, markersize=4, label=name)
        if self.chance is not None:
            ax.axhline(self.chance, color="0.5", linestyle=":", linewidth=1, label="chance")
        ax.set(xlabel=self.param_name, ylabel=self.score_name)
        if all(0 <= scores.min() and scores.max() <= 1 for scores in all_scores.values()):
            ax.set_ylim(0, 1.02)
        ax.margins(x=0)
        ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _check_scores(self, name):
        scores, n_values = np.asarray(self.scores[name]), len(self.param_range)
        if scores.ndim != 2 or len(scores) != n_values:
            raise ValueError(
                f"The scores of {name!r} have shape {scores.shape}, wanted is (n_values, n_folds) "
                f"with n_values={n_values}, as robustness_curve returns them."
            )
        return scores
