"""How the learning rate changes while a net is trained."""

from math import cos, pi

from skorch.callbacks import Callback

__all__ = ["OneCycle", "one_cycle"]

_RISING = 0.3  # share of the training
_FIRST = 0.04  # share of the highest learning rate


def one_cycle(progress):
    """Share of the highest learning rate: it rises fast and falls slowly to 0.

    Both ways it follows half a period of a cosine, as in torch's `OneCycleLR` [1]_.

    Parameters
    ----------
    progress : float
        Share of the training that is done, 0 to 1.

    Returns
    -------
    share : float

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
