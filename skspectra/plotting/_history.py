"""How the training of a net went."""

from sklearn.utils.validation import check_is_fitted

from skspectra.plotting._style import COLORS, axes_of

__all__ = ["TrainingHistoryDisplay"]


class TrainingHistoryDisplay:
    """Loss of a net epoch by epoch, and accuracy where spectra were held out.

    Parameters
    ----------
    history : list of dict
        One record per epoch with ``epoch`` and ``train_loss``, and in all of them or in none
        ``valid_loss`` and ``valid_accuracy``; the `history_` of a net.

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
        estimator : FullyConvClassifier, ConvDenseClassifier or DenseClassifier
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
        self._line(ax, "train_loss", "loss, training", color=COLORS[0])
        ax.set(xlabel="Epoch", ylabel="Loss")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.margins(x=0)
        self.ax_, self.figure_, self.accuracy_ax_ = ax, ax.figure, None
        handles = ax.get_lines()
        if "valid_loss" in self.history[0]:
            self._line(ax, "valid_loss", "loss, held out", color=COLORS[0], linestyle="--")
            self.accuracy_ax_ = ax.twinx()
            accuracy = {"color": COLORS[1], "linestyle": "--"}
            self._line(self.accuracy_ax_, "valid_accuracy", "accuracy, held out", **accuracy)
            self.accuracy_ax_.set(ylim=(0, 1.02))
            self.accuracy_ax_.set_ylabel("Accuracy", color=COLORS[1])
            handles = [*ax.get_lines(), *self.accuracy_ax_.get_lines()]
        ax.set_ylim(bottom=0)
        ax.legend(
            handles=handles, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2
        )
        return self

    def _line(self, ax, key, label, **style):
        epochs = [record["epoch"] for record in self.history]
        ax.plot(epochs, [record[key] for record in self.history], label=label, **style)
