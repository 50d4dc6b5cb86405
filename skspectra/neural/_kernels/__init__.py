"""Modules in kernels that numba compiles, on a CPU."""
