"""The fully convolutional architecture as published."""

from skspectra.neural._modules.blocks import SpectralModule, class_map_blocks, conv_blocks

__all__ = ["FullyConvModule"]


class FullyConvModule(SpectralModule):
    """Feature extractor, then one map per class and its average: no dense layer.

    Parameters
    ----------
    n_channels, n_outputs : int
        Width of the spectra and number of outputs: one for each class.
    n_filters, kernel_sizes : sequence of int
        Filters and kernel size of each block of the feature extractor.
    dropout : float
        Share of the features dropped while training.
    """

    def __init__(
        self,
        n_channels,
        n_outputs,
        *,
        n_filters=(2, 2, 4, 8, 12),
        kernel_sizes=(9, 7, 7, 5, 3),
        dropout=0.8,
    ):
        super().__init__(
            conv_blocks(n_channels, n_filters, kernel_sizes),
            class_map_blocks(n_filters[-1], n_outputs, dropout),
        )
