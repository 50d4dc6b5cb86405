"""Kernels that numba compiles: importing this imports numba."""

from skspectra.neural._kernels.compiled.backward import backward
from skspectra.neural._kernels.compiled.forward import forward
from skspectra.neural._kernels.compiled.prediction import extract
from skspectra.neural._kernels.compiled.simd import LANES

__all__ = ["LANES", "backward", "extract", "forward"]
