"""Architectures, one file for each, their initialization and losses."""

from skspectra.neural._modules.conv_dense import ConvDenseModule
from skspectra.neural._modules.dense import DenseModule
from skspectra.neural._modules.invariant import InvariantConvModule
from skspectra.neural._modules.published import FullyConvModule

__all__ = [
    "ARCHITECTURES",
    "ConvDenseModule",
    "DenseModule",
    "FullyConvModule",
    "InvariantConvModule",
]

ARCHITECTURES = {
    "published": FullyConvModule,
    "invariant": InvariantConvModule,
    "conv-dense": ConvDenseModule,
    "dense": DenseModule,
}
