"""The kernels one after another: of the published architecture 13 forwards and 13 backwards."""

from typing import NamedTuple

import torch

from skspectra.neural._cuda.triton.backward import block_backward, maps_backward
from skspectra.neural._cuda.triton.forward import convolve, pool
from skspectra.neural._cuda.triton.sizes import power_of_2
from skspectra.neural._cuda.triton.sums import finish_gradients, finish_moments, sum_norm

__all__ = ["backward", "forward"]

_GROUP = 1024  # numbers that are added up at a time
_SUMS = 4096  # numbers of all sums that are


class _Given(NamedTuple):
    """What a part is given: values before their normalisation, and what normalises them."""

    values: torch.Tensor
    moments: torch.Tensor
    gamma: torch.Tensor
    beta: torch.Tensor


def forward(sizes, norms, X, mask, parameters):
    """Features, or means of class maps, of a batch; running statistics are updated.

    Parameters
    ----------
    sizes : tuple of Sizes
        Of all parts.
    norms : list of BatchNorm1d
        Of all parts.
    X : tensor of shape (n_spectra, n_channels)
        Spectra.
    mask : tensor of shape (n_spectra, n_filters, n_positions) or None
        What the features are multiplied with before they become class maps.
    parameters : sequence of tensors
        Weight, bias, gamma and beta of every part.

    Returns
    -------
    output : tensor of shape (n_spectra, n_filters, n_positions)
        What the last part gives.
    saved : list of tensors
        What `backward` needs.
    """
    given = _Given(X, X, X, X)  # of spectra, only the values are read
    saved = []
    for number, (size, norm) in enumerate(zip(sizes, norms, strict=True)):
        weight, bias, gamma, beta = _of(parameters, number)
        values = X.new_empty((len(X), size.filters, size.outputs))
        moments = X.new_empty((2, size.filters))
        block = size.block
        n_programs = _count(values.numel() // size.filters, block)
        partial = X.new_empty((2, size.filters, n_programs))
        has_mask = size.is_maps and mask is not None
        convolve[(n_programs,)](
            *given,
            mask if has_mask else X,
            weight,
            bias,
            values,
            partial,
            len(X),
            size.rows,
            size.filters,
            size.taps,
            size.length,
            size.source,
            size.outputs,
            size.is_first,
            size.is_maps,
            has_mask,
            size.width,
            block,
        )
        finish_moments[(size.filters,)](
            partial,
            moments,
            norm.running_mean,
            norm.running_var,
            norm.num_batches_tracked,
            len(X) * size.outputs,
            n_programs,
            block,
            norm.eps,
            norm.momentum,
            _GROUP,
        )
        given = _Given(values, moments, gamma, beta)
        saved += [values, moments]
    output, normal = _pool(sizes[-1], given)
    return output, [*saved, normal]


def _pool(last, given):
    """Normalise what the last part gave, pooled; also before gamma and beta."""
    window = last.outputs if last.is_maps else 2
    positions = last.outputs // window
    output = given.values.new_empty((len(given.values), last.filters, positions))
    normal = torch.empty_like(output)
    pool[(_count(output.numel(), _GROUP),)](
        *given, normal, output, len(output), last.filters, last.outputs, positions, window, _GROUP
    )
    return output, normal


def backward(sizes, gradient, X, mask, saved, parameters):
    """Gradients of all parameters.

    Parameters
    ----------
    gradient : tensor
        At what `forward` gave.
    sizes, X, mask, saved, parameters
        As there.

    Returns
    -------
    gradients : list of tensors
        In the order of the parameters.
    """
    *saved, normal = saved
    gradients = [torch.empty_like(parameter) for parameter in parameters]
    top = len(sizes) - 1
    slopes = _sum_norm(sizes[top], gradient, normal, saved, parameters, gradients)
    for number in reversed(range(len(sizes))):
        size, before = sizes[number], max(number - 1, 0)
        given = _Given(X, X, X, X)
        if number > 0:
            given = _Given(*saved[2 * before : 2 * number], *_of(parameters, before)[2:])
        has_mask = size.is_maps and mask is not None
        produced = saved[2 * number :][:2]
        if size.is_maps:
            d_values, partial = _maps_backward(size, gradient, produced, slopes, given, mask)
        else:
            after = sizes[number + 1] if number < top else None
            weight = _of(parameters, number + 1)[0] if after else X
            d_values, partial = _block_backward(
                size, after, gradient, weight, mask, produced, slopes, given
            )
        slopes = X.new_empty((3, size.rows))
        width = power_of_2(size.filters * size.taps)
        finish_gradients[(size.rows,)](
            partial,
            _of(parameters, number)[0],
            *given[1:],
            *_of(gradients, number)[:2],
            *_of(gradients, before)[2:],
            slopes,
            len(partial),
            len(X) * size.source,
            size.filters,
            size.taps,
            size.is_first,
            has_mask,
            width,
            max(_SUMS // width, 1),
        )
        gradient = d_values
    return gradients


def _sum_norm(last, gradient, normal, saved, parameters, gradients):
    """Gradients of the last normalisation, and its slopes."""
    number = len(parameters) // 4 - 1
    values, moments = saved[2 * number :]
    slopes = moments.new_empty((3, last.filters))
    sum_norm[(last.filters,)](
        gradient,
        normal,
        moments,
        _of(parameters, number)[2],
        *_of(gradients, number)[2:],
        slopes,
        len(values),
        len(values) * last.outputs,
        normal.shape[2],
        _GROUP,
    )
    return slopes


def _maps_backward(size, gradient, produced, slopes, given, mask):
    has_mask = mask is not None
    values, moments = produced
    block = size.block
    n_programs = _count(len(values) * size.outputs, block)
    n_sums = size.filters * (size.rows * (1 + has_mask) + 1)
    partial, d_values = values.new_empty((n_programs, n_sums)), torch.empty_like(values)
    maps_backward[(n_programs,)](
        gradient,
        values,
        moments,
        slopes,
        *given[:2],
        mask if has_mask else values,
        d_values,
        partial,
        len(values),
        size.rows,
        size.filters,
        size.length,
        size.source,
        has_mask,
        size.width,
        block,
    )
    return d_values, partial


def _block_backward(size, after, gradient, weight, mask, produced, slopes, given):
    has_mask = after is not None and after.is_maps and mask is not None
    values, moments = produced
    block = size.block // 2  # pairs of positions
    n_programs = _count(len(values) * -(-size.outputs // 2), block)
    n_sums = size.filters * (size.rows * size.taps + 1)
    partial, d_values = values.new_empty((n_programs, n_sums)), torch.empty_like(values)
    block_backward[(n_programs,)](
        gradient,
        weight,
        mask if has_mask else values,
        values,
        moments,
        slopes,
        *given[:2],
        d_values,
        partial,
        len(values),
        size.rows,
        size.filters,
        size.taps,
        size.length,
        size.source,
        size.outputs,
        size.is_first,
        after is None,
        1 if after is None else after.filters,
        1 if after is None else after.taps,
        has_mask,
        size.width,
        block,
    )
    return d_values, partial


def _of(tensors, number):
    """Return what belongs to a part: weight, bias, gamma and beta."""
    return tensors[4 * number : 4 * number + 4]


def _count(size, block):
    return -(-size // block)
