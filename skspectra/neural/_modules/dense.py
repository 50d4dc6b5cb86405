"""The architecture with dense layers only."""

from torch import nn

from skspectra.neural._modules.blocks import SpectralModule, dense_blocks

__all__ = ["DenseModule"]


class DenseModule(SpectralModule):
    """Dense layers on the channels.

    Parameters
    ----------
    n_channels, n_outputs : int
        Width of the spectra and number of outputs: one for each class.
    hidden_layer_sizes : sequence of int
        Units of each dense layer before the logits.
    dropout : float
        Share of its inputs that each hidden layer drops while training.
    """

    def __init__(
        self,
        n_channels,
        n_outputs,
        *,
        hidden_layer_sizes=(32, 32),
        dropout=0.5,
    ):
        hidden = dense_blocks(n_channels, hidden_layer_sizes, dropout)
        super().__init__(hidden, [("logits", nn.Linear(hidden_layer_sizes[-1], n_outputs))])
