"""Callbacks of a training: the learning rate, progress, an early stop, and those of the user."""

from math import cos, pi

from sklearn.base import clone
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    EpochTimer,
    LRScheduler,
    PassthroughScoring,
    PrintLog,
)
from skorch.callbacks.scoring import ScoringBase

from skspectra._progress import Progress

__all__ = ["EpochBar", "OneCycle", "make_callbacks", "one_cycle", "watching"]

_RISING = 0.3  # share of the training
_FIRST = 0.04  # share of the highest learning rate


def one_cycle(progress):
    """Share of the highest learning rate after a share of the training.

    It rises fast and falls slowly to 0, both ways by half a period of a cosine, as in torch's
    `OneCycleLR` [1]_.

    References
    ----------
    .. [1] L. N. Smith and N. Topin, "Super-convergence: very fast training of neural networks using
       large learning rates" (2017), arXiv:1708.07120.
    """
    if progress < _RISING:
        return _FIRST + (1 - _FIRST) * (1 - cos(pi * progress / _RISING)) / 2
    return (1 + cos(pi * (progress - _RISING) / (1 - _RISING))) / 2


# Not torch's OneCycleLR in skorch's LRScheduler: they want the number of steps before there are any
# batches, count on when a net is trained again, leave the rate at 0 when it ends, and spend the
# last batch, or the only one, on a step of rate 0. What mends that is longer than what follows.
class OneCycle(Callback):
    """Change the learning rates batch by batch, and give them back when the training ends.

    Every training is one cycle over all of its batches. Each group of parameters of the optimizer
    has a highest learning rate of its own: what it is when the training begins.
    """

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Count the batches that will come."""
        batches = net.get_iterator(net.get_dataset(X, y), training=True)
        self.n_batches_ = net.max_epochs * len(batches)
        self.n_done_ = 0
        self.highest_ = [group["lr"] for group in net.optimizer_.param_groups]

    def on_batch_begin(self, net, training=None, **kwargs):
        """Set the learning rates of a batch that is trained on."""
        if training:
            self._set(net, one_cycle((self.n_done_ + 0.5) / self.n_batches_))
            self.n_done_ += 1

    def on_train_end(self, net, **kwargs):
        """Leave the optimizer as it was."""
        self._set(net, 1)

    def _set(self, net, share):
        for group, highest in zip(net.optimizer_.param_groups, self.highest_, strict=True):
            group["lr"] = share * highest


class EpochBar(Callback):
    """Progress over the epochs."""

    def on_train_begin(self, net, **kwargs):
        """Begin to tell."""
        self.progress_ = Progress(True, "training", net.max_epochs, "epoch")

    def on_epoch_end(self, net, **kwargs):
        """Show the losses of the epoch."""
        shown = {name: net.history[-1].get(name) for name in ("train_loss", "valid_loss")}
        self.progress_.update(**{name: x for name, x in shown.items() if x is not None})

    def on_train_end(self, net, **kwargs):
        """Leave the last losses."""
        self.progress_.close()

    def __getstate__(self):
        return {}


def make_callbacks(callbacks, schedule, patience, verbose):
    """Callbacks of one training: clones of the user's, and those that parameters ask for."""
    callbacks = clone(callbacks or [], safe=False)
    _check_callbacks(callbacks, schedule)
    if schedule == "one-cycle":
        callbacks.append(("one_cycle", OneCycle()))
    if verbose:
        callbacks.append(("epoch_bar", EpochBar()))
    if patience is not None:
        callbacks.append(("early_stopping", EarlyStopping(patience=patience, load_best=True)))
    return callbacks


def _check_callbacks(callbacks, schedule):
    for each in callbacks:
        callback = each[1] if isinstance(each, tuple) else each
        kind = callback if isinstance(callback, type) else type(callback)
        if not issubclass(kind, Callback):
            raise TypeError(f"callbacks must hold callbacks of skorch, got {callback!r}.")
        if schedule == "one-cycle" and issubclass(kind, LRScheduler):
            raise ValueError(
                "schedule='one-cycle' sets the learning rate, and so does the LRScheduler in "
                "callbacks. Leave it out, or set schedule='constant'."
            )


# What is told of epochs, losses and learning rates, but sees neither batches nor parameters.
_NOT_WATCHING = (
    EarlyStopping,
    EpochBar,
    EpochTimer,
    LRScheduler,
    OneCycle,
    PassthroughScoring,
    PrintLog,
)


def watching(callbacks):
    """Name of a callback of a net that may look at batches or parameters, or None."""
    for name, callback in callbacks:
        scores = isinstance(callback, ScoringBase) and not callback.on_train
        if not scores and type(callback) not in _NOT_WATCHING:
            return name
    return None
