"""Nets of classes that are fitted in a moment, and what tests ask of nets."""

import torch
from skorch.callbacks import Callback

from skspectra.neural import ConvDenseClassifier, DenseClassifier, FullyConvClassifier

BLOCK = {"n_filters": (4,), "kernel_sizes": (5,)}


QUICK = {"max_epochs": 3, "random_state": 0}


NETS = {
    "fully_conv": FullyConvClassifier(**BLOCK, **QUICK),
    "conv_dense": ConvDenseClassifier(**BLOCK, **QUICK),
    "dense": DenseClassifier(**QUICK),
}


def quick(**params):
    return FullyConvClassifier(**(BLOCK | QUICK | params))


def same_weights(one, other):
    pairs = zip(one.net_.module_.parameters(), other.net_.module_.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


class KeepHeldOut(Callback):
    held_out = None

    def on_epoch_begin(self, net, dataset_valid=None, **kwargs):
        type(self).held_out = dataset_valid
