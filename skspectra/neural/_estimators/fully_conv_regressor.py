"""The fully convolutional regressor."""

from dataclasses import dataclass
from typing import ClassVar

from skspectra.neural._estimators.docs import with_shared_docs
from skspectra.neural._estimators.fully_conv import FullyConvParameters
from skspectra.neural._estimators.regressor import SpectralNetRegressor

__all__ = ["FullyConvRegressor"]


@with_shared_docs
@dataclass(kw_only=True, eq=False, repr=False)
class FullyConvRegressor(FullyConvParameters, SpectralNetRegressor):
    r"""Predict numbers or fractions from spectra by a fully convolutional net.

    The architecture is that of `FullyConvClassifier` [1]_. For each target it has two maps: the
    average of one is the prediction, that of the other is the logarithm of the squared error to be
    expected of it, :math:`\log \sigma^2(x)`. Values are standardised inside and trained by their
    Gaussian likelihood [2]_; fractions are the softmax of the averages and trained by
    cross-entropy, and :math:`\sigma` beside them by the likelihood of the errors that they have.

    Where spectra are held out, the prediction :math:`\hat y` has an interval, by split-conformal
    prediction with errors in units of :math:`\sigma` [3]_, so that it is wider for spectra that are
    harder to read, such as noisy ones:

    .. math:: \hat y(x) \pm q\, \sigma(x)

    with :math:`q` the :math:`\lceil (n + 1) c \rceil`-th smallest of the :math:`n` held-out
    :math:`|y_i - \hat y(x_i)| / \sigma(x_i)`. Whatever the net has learned, it holds the truth of a
    new spectrum with a probability of at least the coverage :math:`c`, as long as that spectrum
    could as well have been one of the held-out ones.

    Parameters
    ----------
    <target>
    architecture : {"published", "invariant"}, default="published"
        See `FullyConvClassifier`.
    n_filters : sequence of int, default=(2, 2, 4, 8, 12)
        Filters of each block.
    kernel_sizes : sequence of int, default=(9, 7, 7, 5, 3)
        Channels that the convolution of each block spans, without padding. For the published one
        the spectra must be wide enough: 140 channels with the default.
    dropout : float, default=0.1
        Share of the features that is dropped while training; the value of the thesis for mixed
        valence [4]_.
    <parameters>

    Attributes
    ----------
    <regressor_attributes>
    <attributes>

    See Also
    --------
    skspectra.sampling.RandomMixture : Makes mixtures of pure spectra in all proportions.
    FullyConvClassifier : The same for classes; `ValenceMixture` adds mixed ones.
    skspectra.unmixing.ReferenceFit : Fractions by least squares of reference spectra.

    Notes
    -----
    `activations` has ``block_1`` and so on, ``class_maps`` of shape (n_spectra, 2 * `n_outputs_`,
    n_positions), and ``logits``, their average: first the predictions, standardised or before the
    softmax, then :math:`\log \sigma^2`. `embed` flattens the last block.

    The coverage holds on average over spectra like the held-out ones, for each target separately.
    If held-out spectra are of one specimen, or mixtures of the same few spectra, they are more
    alike than new spectra; call `calibrate` with spectra of other specimens then. With `patience`
    the net has seen the held-out spectra when it chose its best epoch, which makes their errors a
    little too small.

    `fit` of a `Pipeline` passes y on, but a pipeline has no `predict_interval`:
    ``pipeline[-1].predict_interval(pipeline[:-1].transform(X))``.

    <notes>

    References
    ----------
    .. [1] M. Chatzidakis and G. A. Botton, "Towards calibration-invariant spectroscopy using deep
       learning", Scientific Reports 9, 2126 (2019), Figure 1 and Methods.
    .. [2] D. A. Nix and A. S. Weigend, "Estimating the mean and variance of the target probability
       distribution", IEEE International Conference on Neural Networks (1994).
    .. [3] J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani and L. Wasserman, "Distribution-free
       predictive inference for regression", Journal of the American Statistical Association 113,
       1094 (2018), sections 2.2 and 5.2.
    .. [4] M. Chatzidakis, "Applications of statistical learning algorithms in electron
       spectroscopy", thesis, McMaster University (2018).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.neural import FullyConvRegressor
    >>> rng = np.random.default_rng(0)
    >>> channel, width = np.arange(160), rng.uniform(3, 12, 400)
    >>> X = np.exp(-(((channel - rng.uniform(60, 100, (400, 1))) / width[:, None]) ** 2) / 2)
    >>> net = FullyConvRegressor(
    ...     dropout=0, lr=0.01, max_epochs=20, validation_fraction=0.3, random_state=0
    ... )
    >>> net.fit(X[::2], width[::2]).score(X[1::2], width[1::2]) > 0.9
    True
    >>> lower, upper = net.predict_interval(X[1::2], coverage=0.8)
    >>> bool(np.mean((lower < width[1::2]) & (width[1::2] < upper)) > 0.7)
    True
    """

    dropout: float | None = 0.1

    _parameter_constraints: ClassVar[dict] = {
        **SpectralNetRegressor._parameter_constraints,
        **FullyConvParameters._parameter_constraints,
    }
