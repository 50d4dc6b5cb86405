"""How the training of a net went."""

from sklearn.utils.validation import check_is_fitted

from skspectra.plotting._style import COLORS, axes_of

__all__ = ["TrainingHistoryDisplay"]


class TrainingHistoryDisplay:
    """Loss of a net epoch by epoch, and accuracy where labelled spectra were held out.

    Parameters
    ----------
    history : list of dict
        One record per epoch with ``epoch`` and ``train_loss``; ``valid_loss`` and
        ``valid_accuracy`` each in all of them or in none. The `history_` of a net.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the loss was drawn.
    accuracy_ax_ : matplotlib Axes or None
        Where the accuracy was drawn.
    figure_ : matplotlib Figure
        Their figure.

    Examples
    --------
    >>> from skspectra.plotting import TrainingHistoryDisplay
    >>> history = [{"epoch": 1, "train_loss": 1.1}, {"epoch": 2, "train_loss": 0.4}]
    >>> TrainingHistoryDisplay(history).plot().ax_.get_ylabel()
    'Loss'
    """

    def __init__(self, history):
        self.history = history

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the history of a net.

        Parameters
        ----------
        estimator : FullyConvClassifier, FullyConvRegressor or another net
            Fitted.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : TrainingHistoryDisplay
        """
        check_is_fitted(estimator, "history_")
        return cls(estimator.history_).plot(ax)

    def plot(self, ax=None):
        """Draw the losses, and the accuracy on an axis of its own on the right.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : TrainingHistoryDisplay

        Raises
        ------
        ValueError
            If the history is empty.
        """
        if not self.history:
            raise ValueError("The history holds no epoch: training was interrupted in the first.")
        ax = axes_of(ax, figsize=(4.5, 3))
        losses = [self._line(ax, "train_loss", "loss, training", color=COLORS[0])]
        if "valid_loss" in self.history[0]:
            dashed = {"color": COLORS[0], "linestyle": "--"}
            losses.append(self._line(ax, "valid_loss", "loss, held out", **dashed))
        if min(line.get_ydata().min() for line in losses) >= 0:
            ax.set_ylim(bottom=0)
        ax.set(xlabel="Epoch", ylabel="Loss")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.margins(x=0)
        self.ax_, self.figure_, self.accuracy_ax_ = ax, ax.figure, None
        lines = losses
        if "valid_accuracy" in self.history[0]:
            lines = [*losses, self._draw_accuracy(ax.twinx())]
        ax.legend(
            handles=lines, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2
        )
        return self

    def _draw_accuracy(self, ax):
        self.accuracy_ax_ = ax
        ax.set_ylim(0, 1.02)
        ax.set_ylabel("Accuracy", color=COLORS[1])
        style = {"color": COLORS[1], "linestyle": "--"}
        return self._line(ax, "valid_accuracy", "accuracy, held out", **style)

    def _line(self, ax, key, label, **style):
        epochs = [record["epoch"] for record in self.history]
        return ax.plot(epochs, [record[key] for record in self.history], label=label, **style)[0]
