"""What a fitted net gives for spectra, however many there are."""

import math

import numpy as np
import torch
from sklearn.utils import gen_batches
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted
from skorch.utils import to_numpy

from skspectra._input.stored import read_rows, row_blocks, validate_spectra
from skspectra._progress import Progress
from skspectra.neural._modules import ARCHITECTURES
from skspectra.neural._training.device import one_thread, send, side_stream

__all__ = ["collect_outputs"]

_AT_ONCE = 2**19  # numbers in spectra predicted at once: bounds the memory of activations
_VALIDATED_AT_ONCE = 2**21  # on a CPU
_AT_ONCE_ON_CUDA = 2**24
_CUDA_THREADS = 2  # that predict: one copies while the other computes


def collect_outputs(estimator, choose, X):
    """Collect what a function of tensors gives for spectra, block by block.

    Blocks are validated and cast one by one, and written to their place, so that nothing but the
    result grows with the spectra. What is one block is run as it is.

    Parameters
    ----------
    estimator : SpectralNetEstimator
        A fitted one.
    choose : callable
        ``choose(module, size)`` gives the function for so many numbers in all spectra: from a
        tensor to a tensor, which is named "", or to a dict of them.
    X : array-like of shape (n_spectra, n_channels)
        Spectra.

    Returns
    -------
    outputs : dict of str to ndarray, float32

    Raises
    ------
    ValueError
        If an output is NaN, which would be taken for the first class.
    """
    check_is_fitted(estimator, "net_")
    device = torch.device(estimator.net_.device)
    at_once = _AT_ONCE_ON_CUDA if device.type == "cuda" else _AT_ONCE
    module = estimator.net_.module_
    if module.training:  # to look takes less time than to set it
        module.eval()
    copy = type(module) not in ARCHITECTURES.values()  # others may write to what they are given
    if type(X) is np.ndarray and 0 < X.size <= at_once:
        outputs = _run(choose(module, X.size), estimator._nominal(X), device, copy)
        return {name: np.array(_to_numpy(values)) for name, values in outputs.items()}
    if not hasattr(X, "columns"):
        as_they_are = {"reset": False, "read": False, "ensure_all_finite": False}
        X = validate_spectra(estimator, X, **as_they_are)
    run = choose(module, math.prod(X.shape))
    n_rows = max(1, at_once // X.shape[1])
    n_validated = max(n_rows, _VALIDATED_AT_ONCE // X.shape[1])

    def write(rows):
        block = read_rows(X, rows)
        with side_stream(device):
            for validated in gen_batches(len(block), n_validated):
                spectra = estimator._nominal(read_rows(block, validated))
                for part in gen_batches(len(spectra), n_rows):
                    for name, values in _run(run, spectra[part], device, copy).items():
                        result[name][rows][validated][part] = _to_numpy(values)

    first = _run(run, estimator._nominal(read_rows(X, slice(1))), device, copy)
    result = {
        name: np.empty((len(X), *values.shape[1:]), np.float32) for name, values in first.items()
    }
    n_jobs = _CUDA_THREADS if device.type == "cuda" else torch.get_num_threads()
    blocks = list(row_blocks(X, n_validated))
    written = Parallel(n_jobs, backend="threading", return_as="generator")(
        delayed(write)(rows) for rows in blocks
    )
    list(Progress(estimator.verbose, "predicting", len(blocks), "block").over(written))
    return result


def _run(function, spectra, device, copy):
    with torch.inference_mode(), one_thread():
        outputs = function(send(spectra, device, copy).float())
    return outputs if isinstance(outputs, dict) else {"": outputs}


def _to_numpy(values):
    values = to_numpy(values)
    if np.isnan(values).any():
        raise ValueError(
            "The net gives NaN for some spectra: their numbers are too large, or those in the net "
            "are no longer finite. Normalise the spectra, for example with SpectrumNormalizer, or "
            "fit the net again."
        )
    return values
