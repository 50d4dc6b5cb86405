"""Training the skorch net of an estimator."""

import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
import torch
from skorch.dataset import Dataset
from skorch.helper import predefined_split

from skspectra._input.stored import StoredSpectra
from skspectra.neural._modules.initialization import settle_statistics, standardize_layers
from skspectra.neural._training.device import one_thread
from skspectra.neural._training.net import SpectralNet
from skspectra.neural._training.one_vector import as_one_vector
from skspectra.neural._training.random import Generators, give_generator
from skspectra.neural._training.streaming import as_tensor

__all__ = [
    "Training",
    "as_dataset",
    "plain_history",
    "postponed",
    "train_or_postpone",
]

_DEVICE_SHARE = 0.5  # of the free memory of a CUDA device, for spectra that stay there
_NOT_PLAIN = ("batches", "_batch_count", "_best")


def as_dataset(X, targets, weight, device):
    """Spectra, targets and weights on the device, the weights scaled to a mean of 1.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels) or StoredSpectra
        Spectra in float32 or a narrow dtype, which they keep; not copied where torch can share
        them. On a CPU stored spectra stay where they are, on CUDA all do that are larger than half
        of its free memory.
    targets : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
        Codes of classes, or numbers.
    weight : ndarray of shape (n_spectra,)
        Weights, positive.
    device : torch.device
        Where they go.

    Returns
    -------
    dataset : skorch.dataset.Dataset
    """
    weight = torch.as_tensor(weight / weight.mean(), dtype=torch.float32)
    inputs = {"X": _placed(X, device), "sample_weight": weight.to(device)}
    return Dataset(inputs, torch.as_tensor(targets, device=device))


def _placed(X, device):
    """Spectra on the device, or stored ones where it has no room for them."""
    stored = isinstance(X, StoredSpectra)
    if device.type == "cuda":
        if X.nbytes > _DEVICE_SHARE * torch.cuda.mem_get_info(device)[0]:
            return X if stored else StoredSpectra(X)
        if stored:
            return as_tensor(X, device)
    elif stored:
        return X
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(X)).to(device)  # and nothing writes to it


@dataclass
class Training:
    """A net and all that it is trained with.

    Parameters
    ----------
    net : SpectralNet
        Changed in place.
    data : skorch.dataset.Dataset
        What is trained on.
    held_out : skorch.dataset.Dataset or None
        What is scored after every epoch.
    seed : int
        Of everything that is drawn.
    settings : dict
        Parameters of the net for this training: `max_epochs`, `batch_size`, `lr`, `augmenters` and
        `callbacks`.
    accelerators : sequence of callable
        ``accelerate(net, data)`` gives a context manager, inside of which the net is trained faster
        than skorch would, if it can be.
    finish : callable
        Called with the net when it is trained.
    """

    net: SpectralNet
    data: Dataset
    held_out: Dataset | None
    seed: int
    settings: dict
    accelerators: Sequence
    finish: Callable

    def run(self):
        """Train the net; Ctrl-C ends the training, leaves a net that predicts, and is passed on."""
        try:
            self.start()
            self._fit_and_settle()
        finally:
            self.close()
        self.finish(self.net)
        if self.net.interrupted:
            raise KeyboardInterrupt

    def start(self):
        """Bring the net to the point where its first epoch begins; initialize a new one."""
        net, data = self.net, self.data
        new = not net.initialized_
        settings = dict(self.settings)
        callbacks, lr = settings.pop("callbacks"), settings.pop("lr")
        split = None if self.held_out is None else predefined_split(self.held_out)
        net.generators = Generators(self.seed)
        net.set_params(**settings, train_split=split)
        net.callbacks = callbacks
        if new:
            net.initialize()
            first, _ = next(iter(net.get_iterator(data, training=True)))
            standardize_layers(net.module_, first["X"])
        else:
            net.complete()
            net.initialize_callbacks()
            if net.lr != lr:
                net.set_params(lr=lr)
        give_generator(net.module_, net.generator)

    def _fit_and_settle(self):
        net, data = self.net, self.data
        with ExitStack() as accelerated, one_thread(), as_one_vector(net):
            for accelerate in self.accelerators:
                accelerated.enter_context(accelerate(net, data))
            net.partial_fit(data.X, data.y)
            if not net.history or "valid_loss" not in net.history[-1]:
                batches = net.get_iterator(data, training=True)
                settle_statistics(net.module_, batches, net.infer)

    def close(self):
        """Let go of what is no part of the model."""
        self.net.generators = None
        if self.net.initialized_:
            give_generator(self.net.module_, None)
            self.net.set_params(train_split=None)


_postponed = ContextVar("postponed", default=None)


@contextmanager
def postponed():
    """Collect in a list the trainings of nets that are fitted inside, and do not run them yet.

    A net that holds spectra out is trained all the same: its fit may need the trained net.
    """
    trainings = []
    token = _postponed.set(trainings)
    try:
        yield trainings
    finally:
        _postponed.reset(token)


def train_or_postpone(training):
    """Run a training, unless it is fitted inside of `postponed`."""
    trainings = _postponed.get()
    if trainings is None or training.held_out is not None:
        training.run()
    else:
        trainings.append(training)


def plain_history(history):
    """One dict of plain values per completed epoch of a skorch history."""
    return [
        {
            "duration" if name == "dur" else name: getattr(value, "item", lambda v=value: v)()
            for name, value in epoch.items()
            if not name.endswith(_NOT_PLAIN)
        }
        for epoch in history
        if "train_loss" in epoch
    ]
