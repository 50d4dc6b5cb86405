"""Kernels that triton compiles for CUDA: importing this imports triton."""

from skspectra.neural._cuda.triton.launches import backward, forward
from skspectra.neural._cuda.triton.sizes import sizes_of

__all__ = ["backward", "forward", "sizes_of"]
