"""What trains and predicts faster than plain torch: a line less here is a way less.

This is the one place outside of the rooms of the fast paths that names them.
"""

from skspectra.neural._cuda import accelerate as accelerate_on_cuda
from skspectra.neural._cuda import fit_together
from skspectra.neural._kernels import accelerate as accelerate_on_cpu
from skspectra.neural._kernels import predictor

__all__ = ["ACCELERATORS", "fit_together", "predictor"]

ACCELERATORS = (accelerate_on_cpu, accelerate_on_cuda)
