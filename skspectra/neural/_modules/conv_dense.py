"""The architecture with convolutions and dense layers."""

from torch import nn

from skspectra.neural._modules.blocks import (
    SpectralModule,
    conv_blocks,
    dense_blocks,
    n_positions,
)

__all__ = ["ConvDenseModule"]


class ConvDenseModule(SpectralModule):
    """Feature extractor, then dense layers on the flattened features.

    Parameters
    ----------
    n_channels, n_outputs : int
        Width of the spectra and number of outputs: one for each class.
    n_filters, kernel_sizes : sequence of int
        Filters and kernel size of each block of the feature extractor.
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
        n_filters=(2, 2, 4, 8, 12),
        kernel_sizes=(9, 7, 7, 5, 3),
        hidden_layer_sizes=(8, 4),
        dropout=0.5,
    ):
        features = conv_blocks(n_channels, n_filters, kernel_sizes)
        n_features = n_filters[-1] * n_positions(n_channels, kernel_sizes)
        hidden = dense_blocks(n_features, hidden_layer_sizes, dropout)
        super().__init__(
            features, [*hidden, ("logits", nn.Linear(hidden_layer_sizes[-1], n_outputs))]
        )
