"""Batches of spectra that do not fit on the device: read, shuffled and cut while others train."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from skspectra.neural._training.batches import ScoringBatches, TrainingBatches
from skspectra.neural._training.device import send_buffer

__all__ = ["StreamedScoringBatches", "StreamedTrainingBatches", "as_tensor"]

_BUFFER = 2**26  # bytes that are shuffled at a time; twice that is in memory
_BLOCK = 2**19  # bytes of consecutive rows: small, so that a buffer holds rows from many places
_LEAST_BLOCKS = 8  # in a buffer, however large they are stored


class StreamedTrainingBatches(TrainingBatches):
    """Shuffled batches of spectra that are read while others are trained on.

    Every epoch deals the blocks of the stored spectra out to buffers, to each some from all parts:
    where they are sorted, its share of every class. While one buffer is shuffled and cut into
    batches, as even as `TrainingBatches` are, a thread reads the next.

    Parameters
    ----------
    X : dict
        `StoredSpectra` in ``"X"``, and what else belongs to each row as tensors on the device.
    y, batch_size, perturb, generator
        See `TrainingBatches`.
    """

    def __iter__(self):
        device = self.y.device
        seed = torch.randint(2**62, (), generator=self.generator, device=device)
        rng = np.random.default_rng(int(seed))
        groups = _read_ahead(self.X["X"], self._buffers(rng), device)
        for rows, spectra in _cut(groups, self.sizes, self._order):
            yield self._batch(rows, spectra)

    def _buffers(self, rng):
        """Deal blocks out to buffers in hands of neighbours, one for each, anew at every call."""
        blocks = self.X["X"].blocks(_BLOCK)
        wanted = -(-self.X["X"].nbytes // _BUFFER)
        n_buffers = max(1, min(wanted, len(blocks) // _LEAST_BLOCKS))
        hands = np.arange(len(blocks)) // n_buffers
        order = np.lexsort((rng.random(len(blocks)), hands))
        return [[blocks[at] for at in order[n::n_buffers]] for n in range(n_buffers)]


class StreamedScoringBatches(ScoringBatches):
    """Batches of spectra in order, read while others are scored.

    Parameters
    ----------
    X, y, batch_size
        See `StreamedTrainingBatches`.
    """

    def __iter__(self):
        groups = _in_order(self.X["X"], self.y.device)
        for rows, spectra in _cut(groups, self.sizes, _as_they_are):
            yield self._batch(rows, spectra)


def as_tensor(spectra, device):
    """Read stored spectra, block by block, into a tensor of their dtype on a device."""
    whole = None
    for rows, part in _in_order(spectra, device):
        if whole is None:
            whole = part.new_empty((len(spectra), part.shape[1]))
        whole[rows[0] : rows[-1] + 1] = part
    return whole


def _in_order(spectra, device):
    return _read_ahead(spectra, [[block] for block in spectra.blocks(8 * _BLOCK)], device)


def _read_ahead(spectra, buffers, device):
    """Rows and spectra of one list of blocks after another; a thread reads the next list."""

    def read(blocks):
        rows = torch.cat([torch.arange(block.start, block.stop) for block in blocks])
        buffer, start = None, 0
        for part in (spectra[block] for block in blocks):
            if buffer is None:
                buffer = send_buffer((len(rows), part.shape[1]), part.dtype, device)
            buffer.numpy()[start : start + len(part)] = part
            start += len(part)
        return rows, buffer

    with ThreadPoolExecutor(1) as reader:
        pending = reader.submit(read, buffers[0])
        for following in [*buffers[1:], None]:
            rows, buffer = pending.result()
            pending = following and reader.submit(read, following)
            yield rows.to(device), buffer.to(device, non_blocking=True)


def _as_they_are(n_rows, device):
    return torch.arange(n_rows, device=device)


def _cut(groups, sizes, order_of):
    """Rows and spectra in batches of some sizes, from groups that are taken in a given order.

    `order_of` gives the order of so many rows, as a tensor on a device.
    """
    sizes = iter(sizes)
    missing, parts = next(sizes), []
    for rows, spectra in groups:
        order = order_of(len(rows), rows.device)
        while len(order):
            taken, order = order[:missing], order[missing:]
            parts.append((rows.index_select(0, taken), spectra.index_select(0, taken)))
            missing -= len(taken)
            if not missing:
                yield tuple(torch.cat(values) for values in zip(*parts, strict=True))
                missing, parts = next(sizes, 0), []
