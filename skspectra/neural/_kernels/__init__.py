"""Kernels that numba compiles: importing this imports numba."""

from skspectra.neural._kernels._prediction import extract

__all__ = ["extract"]
