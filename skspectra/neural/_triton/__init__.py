"""Kernels that triton compiles for CUDA: importing this imports triton."""

from skspectra.neural._triton._launches import backward, forward
from skspectra.neural._triton._sizes import sizes_of

__all__ = ["backward", "forward", "sizes_of"]
