"""Text that the docstrings of the neural estimators share."""

from skspectra.neural._modules import ARCHITECTURES

__all__ = ["with_shared_docs"]

_PARAMETERS = """\
max_epochs : int, default=50
        Passes over the training spectra.
    batch_size : int, default=64
        Largest number of spectra in a batch, at least 2. Spectra are spread evenly over the
        batches.
    lr : float, default=0.03
        Learning rate, the highest of the schedule.
    schedule : {"constant", "one-cycle"}, default="one-cycle"
        How the learning rate changes while the net is trained. With "one-cycle" it rises to `lr`
        from a twenty-fifth of it in the first three tenths of the batches, and falls to 0 in the
        rest. If `patience` stops a training early, the cycle is not finished. "constant" needs a
        lower rate, such as 0.003, and more epochs, such as 100.
    optimizer : str or callable, default="Adam"
        Name of a class in `torch.optim`, or the class.
    weight_decay : float, default=0.0
        Decay of the weights, the optimizer's parameter of that name.
    augment : Augmenter or list of Augmenter, default=None
        Perturbations applied one after another, anew to every training batch, on the device. Clones
        are fitted, to 65 536 random spectra where there are more that are read in blocks or narrow.
        At predict the spectra are not perturbed, but cropped if an augmenter has a window.
    validation_fraction : float, default=None
        Share of the spectra, in (0, 1) and stratified by class where there are classes, that is
        held out and scored after every epoch. None trains on all.
    patience : int, default=None
        Number of epochs without a lower validation loss after which training stops and the weights
        of the best epoch are restored. Needs `validation_fraction`, and suits a constant learning
        rate. None trains for `max_epochs`.
    callbacks : list of skorch callbacks, default=None
        Clones of them are called during training; ``(name, callback)`` gives one a name.
    net_params : dict, default=None
        Further parameters of the skorch net, by names that begin with ``module__``,
        ``optimizer__``, ``criterion__`` or ``callbacks__``, such as
        ``{"optimizer__betas": (0.8, 0.99)}``. `set_params`, and so a grid search, takes them one
        by one: ``set_params(optimizer__betas=(0.8, 0.99))``.
    device : {"auto", "cpu", "cuda", "cuda:0", "mps", ...} or torch.device, default="auto"
        Device for training and prediction. "auto" is CUDA where there is one, else the CPU.
    warm_start : bool, default=False
        Whether `fit` continues to train the net of the last call. The spectra must have the same
        channels and targets of the same kind (no new classes); `optimizer`, `weight_decay`,
        `net_params` and `device` are not changed.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, order of the batches, dropout, augmentation and validation split. The same
        int gives the same weights on the same device (on CUDA up to the kernels that torch does not
        make deterministic), in any thread or process. Random numbers come from generators of the
        fit; the global ones of torch are neither used nor changed.
    verbose : int or bool, default=0
        Whether to show progress over the epochs, and over the blocks of many spectra that are
        predicted: a bar in terminals and notebooks, lines elsewhere."""

_ATTRIBUTES = """\
history_ : list of dict
        One record per epoch: ``epoch``, ``train_loss``, ``duration`` in seconds; for classes
        ``train_accuracy``, of the batches as they were trained on (not by CUDA graphs and stacks,
        which are off unless asked for); with a validation fraction ``valid_loss`` and, for classes,
        ``valid_accuracy``; and what callbacks record.
    n_iter_ : int
        Number of epochs in `history_`.
    augmenters_ : AugmenterChain or None
        The fitted augmenters.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings."""

_NOTES = """\
Normalise the spectra first: a range of about 1 suits the learning rate. They are cast to
    float32. Every filter and unit starts with zero mean and unit variance on the first batch, so
    that none is dead. The statistics of batch normalisation are taken from a pass over the training
    spectra after the last epoch and, where spectra are held out, after every epoch, which adds
    about a fifth to its time; running averages would lag behind.

    Spectra may be a memory map, a zarr array, an h5py dataset or a dask array. Spectra that do not
    fit in memory are read in blocks: memory maps above half of the free memory, others above 64
    MiB, and on CUDA all above half of the free memory of the device. Every block is shuffled with
    others from all over the spectra, which may be sorted by class. Spectra in float16 and in
    integers of 8 or 16 bits are cast batch by batch.

    A spectrum of weight 0 is left out altogether. Otherwise weights multiply the losses, as usual
    in nets, but not the statistics of batch normalisation: an integer weight is not the same as
    repeating the row.

    Ctrl-C during `fit` ends the training and raises KeyboardInterrupt, so that a grid search ends
    too. The estimator is fitted all the same; `n_iter_` tells how many epochs were completed. An
    estimator that was fitted on CUDA can be pickled and loaded without CUDA; it then predicts on
    the CPU."""

_CLASS_WEIGHT = """\
class_weight : dict, "balanced" or None, default=None
        Weight of each class, multiplied with `sample_weight`. "balanced" weighs a class inversely
        to its total weight in the training spectra."""

_NAMES = ", ".join(f'"{name}"' for name in ARCHITECTURES)
_ARCHITECTURE = f"""\
architecture : {{{_NAMES}}} or type, default="invariant"
        Layers of the net. A class derived from `torch.nn.Module` is called as
        ``architecture(n_channels, n_outputs)`` and turns a tensor (n_spectra, n_channels) into one
        of shape (n_spectra, n_outputs). Sizes of layers are given by
        ``net_params={{"module__n_filters": ...}}`` or by ``set_params(module__n_filters=...)``."""

_TARGET = """\
target : {"values", "fractions"}, default="values"
        What y holds: any numbers, such as the mean valence, or fractions: one column for each
        component, rows not negative and of sum 1."""

_REGRESSOR_ATTRIBUTES = """\
net_ : skorch.NeuralNet
        The net, which sees float32 spectra and standardised values, or fractions. Its ``module_``
        is the torch module.
    calibration_scores_ : ndarray of shape (n_held_out, `n_outputs_`) or None
        Errors of held-out spectra in units of :math:`\\sigma`, ascending; None where no spectra
        were held out.
    n_outputs_ : int
        Number of targets."""

_CLASSIFIER_ATTRIBUTES = """\
classes_ : ndarray of shape (n_classes,)
        Class labels.
    net_ : skorch.NeuralNetClassifier
        The net, which sees float32 spectra and codes 0 to n_classes - 1. Its ``module_`` is the
        torch module."""

_SHARED = {
    "architecture": _ARCHITECTURE,
    "target": _TARGET,
    "regressor_attributes": _REGRESSOR_ATTRIBUTES,
    "parameters": _PARAMETERS,
    "class_weight": _CLASS_WEIGHT,
    "attributes": _ATTRIBUTES,
    "classifier_attributes": _CLASSIFIER_ATTRIBUTES,
    "notes": _NOTES,
}


def with_shared_docs(cls):
    """Fill the shared parts into the docstring of an estimator."""
    for name, text in _SHARED.items():
        cls.__doc__ = cls.__doc__.replace(f"<{name}>", text)
    return cls
