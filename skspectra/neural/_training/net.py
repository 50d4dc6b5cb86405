"""The skorch nets that the estimators own: they wait for the device once an epoch."""

from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from traceback import walk_tb

import torch
from skorch import NeuralNet, NeuralNetClassifier
from skorch.callbacks import EpochScoring, EpochTimer, PassthroughScoring

from skspectra._input.stored import StoredSpectra
from skspectra.neural._modules.blocks import SpectralModule
from skspectra.neural._modules.initialization import settle_statistics
from skspectra.neural._training.batches import ScoringBatches, TrainingBatches
from skspectra.neural._training.device import available_device
from skspectra.neural._training.random import Drawing
from skspectra.neural._training.streaming import StreamedScoringBatches, StreamedTrainingBatches

__all__ = ["ClassifierNet", "SpectralNet"]


class SpectralNet(NeuralNet):
    """skorch's net for spectra, with sample weights and augmentation.

    It is given ``X={"X": spectra, "sample_weight": weights}`` and ``y`` as tensors on the device,
    or `StoredSpectra` that are streamed to it, and waits for the device once an epoch. All of
    skorch's callbacks work; the loss that they find in the history of a running epoch is a tensor.

    Parameters
    ----------
    *args, **kwargs
        See `skorch.NeuralNet`. The criterion must not reduce its losses.
    augmenters : AugmenterChain, default=None
        Perturbs every training batch.

    Attributes
    ----------
    generators : Generators or None
        While an estimator trains it, what everything is drawn from; None is torch's global
        generator.
    compute : callable or None
        While it trains, what computes the module faster: from spectra to outputs.
    take_step : callable or None
        While it trains, what takes its steps in place of skorch: ``take_step(rows, batches)`` gives
        the loss of a batch.
    vector : torch.nn.Parameter or None
        While it trains, all of its parameters, if they are views of one; see `as_one_vector`.
    interrupted : bool
        Whether the last training was ended by Ctrl-C.
    """

    generators = None
    compute = None
    take_step = None
    vector = None
    interrupted = False

    def __init__(self, *args, augmenters=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.augmenters = augmenters

    @property
    def _default_callbacks(self):
        return [
            ("epoch_timer", EpochTimer()),
            ("train_loss", PassthroughScoring("train_loss", on_train=True)),
            ("valid_loss", PassthroughScoring("valid_loss")),
        ]

    @property
    def generator(self):
        """Generator of the device of the net, or None."""
        return None if self.generators is None else self.generators[torch.device(self.device)]

    def get_iterator(self, dataset, training=False):
        """Batches of a dataset; what is not on the device yet goes skorch's way."""
        X, y = dataset.X, dataset.y
        if not isinstance(X, Mapping):
            return super().get_iterator(dataset, training=training)
        if y is None:  # skorch only wants outputs
            y = torch.zeros_like(X["sample_weight"])
        streamed = isinstance(X["X"], StoredSpectra)
        if training:
            batches = StreamedTrainingBatches if streamed else TrainingBatches
            return batches(X, y, self.batch_size, self._perturbation(), self.generator)
        batches = StreamedScoringBatches if streamed else ScoringBatches
        return batches(X, y, self.batch_size)

    def _perturbation(self):
        if self.augmenters is None:
            return None
        if self.generators is None:
            seed = int(torch.randint(2**62, ()))
        else:
            seed = self.generators.draw_seed()
        return partial(self.augmenters.perturb, rng=torch.Generator(self.device).manual_seed(seed))

    def take_module(self, module):
        """Predict with a trained module; `complete` makes what only training needs."""
        self._initialize_virtual_params()
        with self._current_init_context("module"):
            self.module_ = module
        self._initialize_history()
        self.initialized_ = True

    def complete(self):
        """Make loss and optimizer, if the net was given its module without them."""
        if not hasattr(self, "optimizer_"):
            self._initialize_criterion()
            self._initialize_optimizer()

    def drawing(self):
        """Let layers that are not of this package draw from the generators of the net."""
        knows_generators = self.initialized_ and isinstance(self.module_, SpectralModule)
        if self.generators is None or knows_generators:
            return nullcontext()
        return Drawing(self.generators)

    def initialize(self):
        """Make the module, the criterion and the optimizer; draw the first weights."""
        with self.drawing():
            return super().initialize()

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        """Train; unlike skorch's, it tells whether Ctrl-C ended the training."""
        self.interrupted = False
        return super().partial_fit(X, y, classes, **fit_params)

    def fit_loop(self, *args, **kwargs):
        """Run the epochs."""
        try:
            return super().fit_loop(*args, **kwargs)
        except KeyboardInterrupt as reason:
            self.interrupted = not _is_raised_by_skorch(reason)
            raise

    def _set_training(self, training=True):
        """Switch the mode of the module where it is another: skorch does so for every batch."""
        if self.module_.training != training:
            super()._set_training(training)

    def infer(self, x, **fit_params):
        """Run the module on a batch."""
        if not isinstance(x, Mapping):
            return super().infer(x, **fit_params)
        with self.drawing():
            return self.module_(x["X"]) if self.compute is None else self.compute(x["X"])

    def get_loss(self, y_pred, y_true, X=None, **kwargs):
        """Weighted mean of the losses of a batch, for weights whose mean over all rows is 1."""
        return torch.mean(X["sample_weight"] * self.criterion_(y_pred, y_true))

    def train_step(self, batch, **fit_params):
        """Train on a batch; without what skorch does for optimizers that step more than once."""
        if self.vector is None:
            return super().train_step(batch, **fit_params)
        self.vector.grad.zero_()
        step = self.train_step_single(batch, **fit_params)
        self.optimizer_.step()
        return step

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Run one epoch; losses stay on the device until its end.

        Before held-out spectra are scored, the net is made what it would be if training ended.
        """
        if iterator is None:
            return
        name = f"{prefix}_loss"
        batches = iterator
        if training and self.take_step is not None:
            batches = ((None, rows) for rows in iterator.draw_rows())
            step_fn = partial(self._step_on_rows, iterator)
        try:
            for batch in batches:
                self.notify("on_batch_begin", batch=batch, training=training)
                step = step_fn(batch, **fit_params)
                self.history.record_batch(name, step["loss"].detach())
                self.history.record_batch(f"{prefix}_batch_size", len(batch[1]))
                self.notify("on_batch_end", batch=batch, training=training, **step)
        finally:
            self._fetch_figures(name, "train_accuracy")
        self.history.record(f"{prefix}_batch_count", len(iterator))
        if training and self.train_split is not None:
            settle_statistics(self.module_, iterator, self.infer)

    def _step_on_rows(self, batches, batch):
        """Train on the rows of a batch, without what skorch does around a step."""
        _, rows = batch
        return {"loss": self.take_step(rows, batches), "y_pred": None}

    def _fetch_figures(self, *names):
        """Replace what batches of this epoch have on the device by numbers, waiting for it once."""
        batches = self.history[-1]["batches"]
        found = [
            (batch, name)
            for batch in batches
            for name in names
            if isinstance(batch.get(name), torch.Tensor)
        ]
        if found:
            values = torch.stack([batch[name] for batch, name in found]).tolist()
            for (batch, name), value in zip(found, values, strict=True):
                batch[name] = value

    def __setstate__(self, state):
        """Load to the CPU what was pickled on a device that is not here."""
        super().__setstate__(state | {"device": str(available_device(state["device"]))})


def _is_raised_by_skorch(reason):
    """Whether a callback of skorch ends a training: such as EarlyStopping do so by this error."""
    *_, (frame, _) = walk_tb(reason.__traceback__)
    return frame.f_globals.get("__name__", "").startswith("skorch.callbacks")


class ClassifierNet(SpectralNet, NeuralNetClassifier):
    """skorch's classifier for spectra: also scores the accuracy, as it trains and held out.

    What it scores as it trains are the batches: perturbed, with dropout, before each step. Steps
    that give no outputs, of a CUDA graph or of stacked nets, are not scored.
    """

    @property
    def _default_callbacks(self):
        train = PassthroughScoring("train_accuracy", lower_is_better=False, on_train=True)
        valid = EpochScoring("accuracy", name="valid_accuracy", lower_is_better=False)
        return [*super()._default_callbacks, ("train_accuracy", train), ("valid_accuracy", valid)]

    def on_batch_end(self, net, batch=None, training=False, y_pred=None, **kwargs):
        """Record which share of a training batch is right; it stays on the device."""
        super().on_batch_end(net, batch=batch, training=training, y_pred=y_pred, **kwargs)
        if training and y_pred is not None:
            right = y_pred.detach().argmax(dim=1) == batch[1]
            self.history.record_batch("train_accuracy", right.float().mean())
