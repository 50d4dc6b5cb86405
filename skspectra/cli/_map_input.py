"""What a map is made of: the image in a file, its axis, and the pixels that are left out."""

from pathlib import Path

import numpy as np

from skspectra.imaging import find_edges, zero_loss_positions
from skspectra.imaging._edges import ELEMENTS
from skspectra.imaging._image import finite_rows
from skspectra.io import list_signals, read_signal
from skspectra.io._hyperspy import quiet_hyperspy
from skspectra.sampling import KMeansCleaner

__all__ = ["MASKS", "correct_axis", "load_mask", "read_image_of_file", "thin_edges_masked"]

MASKS = ("none", "substrate")  # besides the name of a file
_IN_MEMORY = 2**30  # bytes
_AROUND = 45.0  # eV each way from L3 that tell substrate from specimen


def read_image_of_file(path, signal, say):
    """Read the signal asked for, or the one whose edge is strongest; small ones into memory.

    Parameters
    ----------
    path : Path
        Any file that HyperSpy reads.
    signal : str or None
        Title or number of the signal.
    say : callable
        Called with a line where there were several to choose from.

    Returns
    -------
    image : hyperspy.api.signals.BaseSignal
        Lazy where it is larger than 1 GiB.
    """
    if signal is not None:
        image = read_signal(path, int(signal) if signal.isdecimal() else signal)
    else:
        image = _strongest(path, say)
    if image.data.nbytes <= _IN_MEMORY and image._lazy:
        with quiet_hyperspy():
            image.compute(show_progressbar=False)
    return image


def _strongest(path, say):
    """Signal of a file with the strongest edge, where there are several."""
    listed = list_signals(path)
    spectra = listed.index[listed["signal"].map(len) == 1]
    if len(spectra) < 2:
        return read_signal(path)
    images = [read_signal(path, int(number)) for number in spectra]
    strengths = [find_edges(image)["strength"].max() for image in images]
    if np.isnan(strengths).all():
        raise ValueError(
            f"{path} holds {len(images)} signals of spectra, none with an L2,3 edge of "
            f"{', '.join(ELEMENTS)}: {listed.to_string()}\nChoose one with --signal and --element."
        )
    best = int(np.nanargmax(strengths))
    others = [
        f"{number} {listed['title'][number]!r}" for number in spectra if number != spectra[best]
    ]
    say(f"took signal {spectra[best]} {listed['title'][spectra[best]]!r}, not {', '.join(others)}")
    return images[best]


def correct_axis(image, path, say):
    """Subtract the energy of the zero-loss peak from the axis, if the file holds its low loss.

    Returns
    -------
    positions : ndarray of the shape of the image, or None
        Where the peak lies, in eV; None if there is no low loss.
    """
    listed = list_signals(path)
    shape = image.axes_manager.navigation_shape[::-1]
    for number, row in listed[listed["signal"].map(len) == 1].iterrows():
        if row["navigation"] == shape and row["start"] < 0 < row["stop"]:
            positions = zero_loss_positions(read_signal(path, int(number)))
            if np.isfinite(positions).any():
                break
    else:
        return None
    known = positions[np.isfinite(positions)]
    position, drift = float(np.median(known)), float(np.ptp(known))
    axis = image.axes_manager.signal_axes[0]
    axis.offset -= position
    say(f"zero-loss peak at {position:+.2f} eV, drift {drift:.2f} eV: the axis is corrected")
    return positions


def load_mask(mask, shape):
    """Load a mask from a file.

    Parameters
    ----------
    mask : str
        A .npy file, or one of `MASKS`.
    shape : tuple of int
        Of the image.

    Returns
    -------
    left_out : ndarray of bool or None
        None if it is no file.
    """
    if mask in MASKS:
        return None
    if not Path(mask).is_file():
        raise ValueError(
            f"There is no file {mask}. --mask is {' or '.join(MASKS)}, or a .npy file that is True "
            "where pixels are left out."
        )
    try:
        left_out = np.load(mask, mmap_mode="r", allow_pickle=False)  # whatever its header promises
    except (EOFError, ValueError) as error:
        raise ValueError(f"{mask} is no .npy file of numbers, as numpy.save writes it.") from error
    if not isinstance(left_out, np.ndarray) or left_out.shape != shape:
        got = left_out.shape if isinstance(left_out, np.ndarray) else "several arrays"
        raise ValueError(f"{mask} must have the shape of the image, {shape}, got {got}.")
    return left_out


def thin_edges_masked(pixels, energy):
    """Mask what does not show the edge of a thin specimen, as `KMeansCleaner` finds it.

    Parameters
    ----------
    pixels : SpectrumImage
        Of counts, in memory.
    energy : float
        Where the edge lies, in eV.

    Returns
    -------
    left_out : ndarray of the shape of the image, bool
    """
    near = np.abs(pixels.axis - energy) <= _AROUND
    rows = np.asarray(pixels.data[..., near]).reshape(-1, near.sum())
    left_out = ~finite_rows(rows)
    cleaner = KMeansCleaner(spectral_axis=pixels.axis[near], random_state=0)
    try:
        left_out[~left_out] = ~cleaner.fit(rows[~left_out]).mask_
    except ValueError as error:
        raise ValueError(f"--mask substrate cannot be told from specimen: {error}") from error
    return left_out.reshape(pixels.shape)
