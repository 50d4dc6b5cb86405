"""Losses of the regressors: of the prediction, and of how large its error is said to be."""

import torch
from torch import nn

__all__ = ["FractionLoss", "ValueLoss"]


class ValueLoss(nn.MSELoss):
    r"""Negative log-likelihood of values and of the size of their errors.

    The first half of the outputs are the values :math:`\mu`, the second :math:`\log \sigma^2`. But
    for a constant, and averaged over the targets, the loss is [1]_

    .. math:: \frac{1}{2} \Big( \log \sigma^2 + \frac{(y - \mu)^2}{\sigma^2} \Big)

    References
    ----------
    .. [1] D. A. Nix and A. S. Weigend, "Estimating the mean and variance of the target probability
       distribution", IEEE International Conference on Neural Networks (1994).
    """

    def forward(self, outputs, targets):
        """Losses of shape (n_spectra,)."""
        values, log_variance = outputs.chunk(2, dim=1)
        return _surprise(super().forward(values, targets), log_variance)


class FractionLoss(nn.CrossEntropyLoss):
    """Cross-entropy against fractions, plus the likelihood of the size of their errors.

    The softmax of the first half of the outputs are the fractions, the second half is as in
    `ValueLoss`. It is trained on the errors as they are: no gradient goes through them.
    """

    def forward(self, outputs, targets):
        """Losses of shape (n_spectra,)."""
        logits, log_variance = outputs.chunk(2, dim=1)
        squares = (targets - torch.softmax(logits, dim=1)).detach().square()
        return super().forward(logits, targets) + _surprise(squares, log_variance)


def _surprise(squares, log_variance):
    return (log_variance + squares * torch.exp(-log_variance)).mean(dim=1) / 2
