"""Kernels that numba compiles: importing this imports numba."""

from skspectra.neural._kernels._backward import backward
from skspectra.neural._kernels._forward import forward
from skspectra.neural._kernels._prediction import extract
from skspectra.neural._kernels._simd import LANES

__all__ = ["LANES", "backward", "extract", "forward"]
