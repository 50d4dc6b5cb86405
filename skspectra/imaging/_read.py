"""Valences of a whole spectrum image."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skspectra.imaging._defects import repaired_with_counts
from skspectra.imaging._dose import pixels_or_phases
from skspectra.imaging._image import finite_rows, is_lazy, spectrum_image
from skspectra.imaging._maps import ValenceMaps, masked_values, phase_values, table_values
from skspectra.imaging._phases import PhaseSegmenter
from skspectra.imaging._predict import check_mask
from skspectra.imaging._progress import computed

__all__ = ["read_image"]

_AROUND = 60.0  # eV each way from the white line that tell phases apart


def read_image(
    reader,
    image,
    *,
    spectral_axis=None,
    mask=None,
    by="pixels",
    repair=True,
    random_state=0,
    verbose=0,
):
    """Name the valence of every pixel of a spectrum image, or say that it is unknown.

    Parameters
    ----------
    reader : ValenceReader
        Fitted, such as ``load_pretrained("mn-l23")``.
    image : HyperSpy signal, dask array or array-like of shape (..., n_channels)
        Counts with their background, with any number of navigation dimensions. Lazy images are
        read chunk by chunk on the scheduler of dask that is in use, a cluster where a
        `dask.distributed.Client` is connected; the maps are in memory.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of an array in eV; a signal has one, in eV, meV or keV.
    mask : array-like of shape (...), bool, default=None
        Pixels that are left out, True where they are.
    by : {"pixels", "phases", "auto"}, default="pixels"
        Read every pixel by itself, or, at a dose too low for that, the sum of each phase that
        `PhaseSegmenter` finds. A phase between others is read as a sum of their edges, which were
        measured on the same energy axis. "auto" takes phases where at least 5 % more of the sums of
        3 x 3 pixels can be named than of single pixels, in a sample of the image.
    repair : bool, default=True
        Whether spikes, saturated channels and dead pixels are replaced first, as by `repair_image`.
    random_state : int, RandomState instance or None, default=0
        Seeds the division into phases.
    verbose : int or bool, default=0
        Whether to show progress over the blocks or chunks of the image, or the search for phases.

    Returns
    -------
    maps : ValenceMaps
        With the mean valence, its uncertainty, the probabilities, the novelty and the shift, each
        of the kind of the image and with its axes.

    Raises
    ------
    NotFittedError
        If the reader is not fitted.
    TypeError
        If `reader` is a class, a name or an estimator that is not a reader.
    ValueError
        If the axis of the image does not cover the edge, the mask does not fit, or phases are asked
        for in an image with negative counts.

    See Also
    --------
    predict_image : Apply any fitted estimator to every pixel.

    Examples
    --------
    The inside of a particle of Mn4+, whose energies are 7 eV too low:

    >>> from skspectra.datasets import make_particle_image
    >>> from skspectra.imaging import read_image
    >>> from skspectra.models import load_pretrained
    >>> particle = make_particle_image(20_000, n_points=3, random_state=0)
    >>> inside = particle.data[30:34, 44:52]
    >>> maps = read_image(
    ...     load_pretrained("mn-l23"), inside, spectral_axis=particle.spectral_axis
    ... )
    >>> maps.valence.shape
    (4, 8)
    >>> maps
    <ValenceMaps, 4 x 8 pixels, read by pixels: 0 Mn2+, 0 Mn3+, 32 Mn4+>
    >>> print(maps.shift.mean().round())
    -7.0
    """
    if by not in ("pixels", "phases", "auto"):
        raise ValueError(f"by must be 'pixels', 'phases' or 'auto', got {by!r}.")
    _check_reader(reader)
    pixels = spectrum_image(image, spectral_axis, unit="eV")
    if pixels.axis is None:
        raise ValueError("An array has no energies: pass them as spectral_axis=, in eV.")
    mask = check_mask(mask, pixels.shape)
    why = "asked for"
    seen = pixels._replace(data=repaired_with_counts(pixels.data)) if repair else pixels
    if by == "auto":
        whole = seen._replace(data=seen.data[..., : pixels.axis.size])
        by, why = pixels_or_phases(reader, whole, mask)
    if by == "phases":
        values, phases = _read_phases(reader, seen, mask, repair, random_state, verbose)
    else:
        values, phases = _read_pixels(reader, seen, mask, repair, verbose), None
    return ValenceMaps(values, reader.classes_, pixels, by=by, why=why, phases=phases)


def _check_reader(reader):
    if isinstance(reader, type) or not hasattr(reader, "read"):
        raise TypeError(
            "reader must be a fitted ValenceReader, such as load_pretrained('mn-l23') gives, got "
            f"{reader!r:.100}. predict_image applies any other estimator to every pixel."
        )
    check_is_fitted(reader, "classes_")


def _read_pixels(reader, pixels, mask, repaired, verbose):
    classes = list(reader.classes_)
    values = pixels.map_rows(
        _read_rows,
        masked_values(0, classes).shape[1],
        np.dtype(float),
        mask,
        verbose=verbose,
        reader=reader,
        settings=(pixels.axis, repaired),
    )
    return computed(values, verbose=verbose) if is_lazy(values) else values


def _read_rows(rows, masked, *, reader, settings):
    """Read rows, and put what is said in numbers."""
    axis, repaired = settings
    n_replaced = rows[:, -1] if repaired else 0
    rows = rows[:, : axis.size]
    seen = finite_rows(rows) & ~masked
    values = masked_values(len(rows), reader.classes_)
    if seen.any():
        values[seen] = table_values(reader.read(rows[seen], axis), reader.classes_)
    values[:, 0] = n_replaced
    return values


def _read_phases(reader, pixels, mask, repaired, random_state, verbose):
    """Values of every pixel from the sum of its phase, and the phases."""
    energies = pixels.axis
    near = np.flatnonzero(np.abs(energies - reader.energy_) <= _AROUND)
    wanted = np.append(near, energies.size) if repaired else near
    counts = np.asarray(pixels.data[..., wanted])
    n_replaced, counts = (counts[..., -1], counts[..., :-1]) if repaired else (0, counts)
    counts = np.where(mask[..., None], 0, counts)
    from skspectra.imaging._joint_reading import read_together  # which needs torch

    segmenter = PhaseSegmenter(
        spectral_axis=energies[near], random_state=random_state, verbose=verbose
    )
    phases = segmenter.fit(counts)
    of_phases = masked_values(0, reader.classes_)
    if phases.n_phases_:
        table = read_together(reader, phases.phase_spectra_, energies[near])
        of_phases = table_values(table, reader.classes_)
    values = phase_values(of_phases, phases, mask)
    values[..., 0] = n_replaced
    return values, phases
