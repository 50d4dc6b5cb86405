"""Defects of detectors in spectrum images, and what the neighbours put in their place."""

import itertools

import numpy as np

from skspectra._numerics.noise import noise_deviation
from skspectra.imaging._image import is_lazy, spectrum_image

__all__ = ["repair_image", "repaired_with_counts"]

_SPIKE = 12.0  # standard deviations over everything around
_TAIL = 5.0  # standard deviations, of the channels beside a spike
_DARK = 30.0  # counts expected of a pixel or a channel that has none
_LEAST_SATURATED = 255  # counts; below, a highest value that repeats is no ceiling
_FEWEST_SPECTRA = 10  # that show a dead channel
_MOST_DEAD = 3  # channels beside each other
_BLOCK_BYTES = 2**23
_AT_ONCE = 256  # pixels


def repair_image(image):
    """Replace spikes, saturated channels and dead pixels of a spectrum image.

    - Spikes, as X-rays leave them, are up to three channels that lie 12 standard deviations of the
      noise above the rest of their spectrum *and* above every neighbouring pixel, scaled to the
      same counts. Single spectra have no neighbours, and keep theirs.
    - Saturated channels hold the highest value of the data type, or of the image if that repeats in
      three neighbouring channels.
    - Dead pixels hold only NaN, or no count where their neighbours have 30 and more.
    - Dead channels hold the same number in every spectrum of ten and more, while the channels
      beside them do not; up to three in a row are looked for.

    Pixels get the mean of their neighbours, scaled to their counts, in these channels. Dead
    channels are interpolated, and so is NaN in up to half of the channels where no neighbour is
    whole. Everything else stays as it is.

    Parameters
    ----------
    image : HyperSpy signal, dask array or array-like of shape (..., n_channels)
        Counts. Neighbours are those along all navigation axes.

    Returns
    -------
    repaired : HyperSpy signal, dask array or ndarray of shape (..., n_channels)
        In the kind and dtype of the image; lazy if that is lazy.
    n_replaced : HyperSpy signal, dask array or ndarray of shape (...)
        How many channels of every pixel were replaced.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.imaging import repair_image
    >>> image = np.random.default_rng(0).poisson(100, size=(5, 4, 50))
    >>> image[2, 1, 20] = 5000
    >>> image[4, 0] = 0
    >>> repaired, n_replaced = repair_image(image)
    >>> int(repaired.max()), int(n_replaced[2, 1]), int(n_replaced[4, 0])
    (137, 1, 50)
    """
    pixels = spectrum_image(image)
    both = repaired_with_counts(pixels.data)
    repaired, n_replaced = both[..., :-1], both[..., -1]
    return pixels.like(repaired), pixels.like(n_replaced)


def repaired_with_counts(data):
    """Repaired spectra, and behind the last channel how many channels of each were replaced.

    Parameters
    ----------
    data : ndarray or dask array of shape (..., n_channels)
        Counts; all channels of a spectrum in one chunk.

    Returns
    -------
    both : ndarray or dask array of shape (..., n_channels + 1)
        In the dtype of `data`.
    """
    if not is_lazy(data):
        return _repair(data)
    import dask.array as da

    depth = {axis: int(axis < data.ndim - 1) for axis in range(data.ndim)}
    wide = da.overlap.overlap(data, depth, boundary="none")
    both = wide.map_blocks(
        _repair,
        dtype=data.dtype,
        chunks=(*wide.chunks[:-1], (data.shape[-1] + 1,)),
        meta=np.empty((0,) * data.ndim, data.dtype),
    )
    return da.overlap.trim_internal(both, depth, boundary="none")


def _repair(data):
    rows, n_dead = _without_dead_channels(data.reshape(-1, data.shape[-1]))
    neighbours = _Neighbours(data.shape[:-1])
    flagged = ~np.isfinite(rows) | _dark(rows, neighbours)[:, None] | _spikes(rows, neighbours)
    flagged |= _saturated(rows, flagged)
    both = np.concatenate([rows, np.full((len(rows), 1), n_dead, rows.dtype)], axis=1)
    spoiled = np.flatnonzero(flagged.any(axis=1))
    for start in range(0, spoiled.size, _AT_ONCE):
        part = spoiled[start : start + _AT_ONCE]
        values = _replacements(rows, flagged, part, neighbours)
        both[part, :-1] = np.rint(values) if rows.dtype.kind in "iu" else values
        changed = (values != rows[part]).sum(axis=1)
        both[part, -1] = np.minimum(n_dead + changed, _most(rows.dtype))
    return both.reshape(*data.shape[:-1], -1)


def _without_dead_channels(rows):
    """Spectra with dead channels interpolated between those beside them, and how many these are."""
    dead = _dead_channels(rows)
    if not dead.size:
        return rows, 0
    sound = np.setdiff1d(np.arange(rows.shape[1]), dead)
    after = np.searchsorted(sound, dead)
    left, right = sound[after - 1], sound[after]
    share = (dead - left) / (right - left)
    values = (1 - share) * rows[:, left] + share * rows[:, right]
    rows = rows.copy()
    rows[:, dead] = np.rint(values) if rows.dtype.kind in "iu" else values
    return rows, dead.size


def _dead_channels(rows):
    """Channels that hold one number in all spectra, between others that have counts and vary."""
    if len(rows) < _FEWEST_SPECTRA:
        return np.zeros(0, int)
    constant = np.flatnonzero(_is_constant(rows[:_FEWEST_SPECTRA]))
    constant = constant[_is_constant(rows[:, constant])]
    runs = np.split(constant, np.flatnonzero(np.diff(constant) > 1) + 1)
    return np.concatenate([run for run in runs if _is_dead(run, rows)] or [constant[:0]])


def _is_constant(rows):
    return np.fmin.reduce(rows, axis=0) == np.fmax.reduce(rows, axis=0)  # these pass over NaN


def _is_dead(channels, rows):
    """Whether a run of constant channels is dead: short, inside the axis, and beside counts."""
    if not 0 < channels.size <= _MOST_DEAD or channels[0] == 0 or channels[-1] == rows.shape[1] - 1:
        return False
    beside = rows[:, [channels[0] - 1, channels[-1] + 1]]
    return bool((np.nansum(beside, axis=0, dtype=float) >= _DARK).all())


class _Neighbours:
    """Flat indices of the pixels around pixels of an image."""

    def __init__(self, shape):
        self.shape = shape
        steps = itertools.product((-1, 0, 1), repeat=len(shape))
        self.steps = np.array([step for step in steps if any(step)], dtype=int)

    def of(self, pixels):
        """Find indices, shape (n_pixels, n_neighbours), and whether there is such a pixel."""
        if not len(self.steps):
            empty = np.zeros((len(pixels), 0), dtype=int)
            return empty, empty.astype(bool)
        at = np.stack(np.unravel_index(pixels, self.shape), axis=-1)[:, None] + self.steps
        inside = ((at >= 0) & (at < self.shape)).all(axis=-1)
        return np.ravel_multi_index(np.moveaxis(at, -1, 0), self.shape, mode="clip"), inside


def _spikes(rows, neighbours):
    """Channels far above their spectrum and above all neighbours, and those beside them."""
    spikes = np.zeros(rows.shape, dtype=bool)
    step = max(1, _BLOCK_BYTES // (8 * rows.shape[1]))
    for start in range(0, len(rows), step):
        pixels, channels = np.nonzero(_jumps(rows[start : start + step]))
        pixels += start
        above = _above_neighbours(rows, pixels, channels, neighbours) > _SPIKE
        pixels, channels = pixels[above], channels[above]
        spikes[pixels, channels] = True
        for side in (-1, 1):
            beside = np.clip(channels + side, 0, rows.shape[1] - 1)
            above = _above_neighbours(rows, pixels, beside, neighbours) > _TAIL
            spikes[pixels[above], beside[above]] = True
    return spikes


def _jumps(rows):
    """Channels that stand above those two and three channels away."""
    beyond = {"mode": "constant", "constant_values": -np.inf}
    padded = np.pad(rows.astype(np.float32), ((0, 0), (3, 3)), **beyond)
    n_channels = rows.shape[1]
    around = np.maximum(padded[:, :n_channels], padded[:, 6:])
    np.maximum(around, padded[:, 1 : n_channels + 1], out=around)
    np.maximum(around, padded[:, 5 : n_channels + 5], out=around)
    return rows - around > _SPIKE * _noise(rows)[:, None]


def _noise(rows):
    """Estimate the standard deviation of a channel of every spectrum; one count if that is 0."""
    values = rows.astype(np.float32)
    if values.shape[1] < 3:
        return np.full(len(values), np.inf)
    deviation = noise_deviation(values)
    smallest = np.where(values > 0, values, np.inf).min(axis=1)
    return np.where(deviation > 0, deviation, smallest)


def _above_neighbours(rows, pixels, channels, neighbours):
    """Heights of channels over all neighbours, in standard deviations of the noise."""
    if not pixels.size:
        return np.zeros(0)
    some, inverse = np.unique(pixels, return_inverse=True)
    around, inside = neighbours.of(some)
    counts = np.median(rows[some].astype(float), axis=1)
    of_others = np.median(rows[around].astype(float), axis=-1)
    ratio = np.divide(counts[:, None], of_others, out=np.ones_like(of_others), where=of_others > 0)
    others = rows[around[inverse], channels[:, None]] * np.maximum(ratio, 1)[inverse]
    is_known = inside[inverse] & np.isfinite(others)
    highest = np.where(is_known, others, -np.inf).max(axis=1, initial=-np.inf)
    deviation = _noise(rows[some])[inverse] * np.sqrt(
        np.maximum(highest / np.maximum(counts, 1e-9)[inverse], 1)
    )
    return np.where(is_known.any(axis=1), (rows[pixels, channels] - highest) / deviation, 0.0)


def _saturated(rows, flagged):
    """Channels at the ceiling of the detector: that of its type, or of those that are no spikes."""
    if rows.dtype.kind in "iu" and (at_ceiling := rows == np.iinfo(rows.dtype).max).any():
        return at_ceiling
    highest = np.max(rows, initial=0, where=~flagged)
    at_ceiling = rows == highest
    repeats = at_ceiling[:, :-2] & at_ceiling[:, 1:-1] & at_ceiling[:, 2:]
    return at_ceiling & (highest >= _LEAST_SATURATED) & repeats.any()


def _dark(rows, neighbours):
    """Spectra without a count whose neighbours have many."""
    dark = ~rows.any(axis=1)  # NaN counts as something
    pixels = np.flatnonzero(dark)
    around, inside = neighbours.of(pixels)
    totals = rows[around].sum(axis=-1, dtype=float) if pixels.size else np.zeros(around.shape)
    bright = np.where(inside, totals, 0).sum(axis=1) >= _DARK * np.maximum(inside.sum(axis=1), 1)
    dark[pixels] = bright
    return dark


def _replacements(rows, flagged, pixels, neighbours):
    """Whole spectra of pixels: their unflagged channels, and what replaces the others."""
    values, bad = rows[pixels].astype(float), flagged[pixels]
    around, inside = neighbours.of(pixels)
    others = rows[around].astype(float)
    good = inside[..., None] & ~flagged[around]
    shared = good & ~bad[:, None]
    of_pixel = np.where(shared, values[:, None], 0).sum(axis=-1)
    of_others = np.where(shared, others, 0).sum(axis=-1)
    ratio = np.divide(of_pixel, of_others, out=np.ones_like(of_others), where=of_others > 0)
    summed = np.where(good, others * ratio[..., None], 0).sum(axis=1)
    n_good = good.sum(axis=1)
    replaced = bad & (n_good > 0)
    values[replaced] = summed[replaced] / n_good[replaced]
    for row in np.flatnonzero(np.isnan(values).any(axis=1)):
        _interpolate(values[row])
    return values


def _interpolate(spectrum):
    """Fill what is NaN, if it is at most half, between the channels beside it, in place."""
    missing = np.isnan(spectrum)
    if missing.mean() <= 0.5:
        known = np.flatnonzero(~missing)
        spectrum[missing] = np.interp(np.flatnonzero(missing), known, spectrum[known])


def _most(dtype):
    return np.iinfo(dtype).max if dtype.kind in "iu" else np.inf
