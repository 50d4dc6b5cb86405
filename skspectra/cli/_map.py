"""Maps of valence from a file: find the edge, read every pixel, write what is found."""

import contextlib
import json
import platform

import numpy as np

import skspectra
from skspectra.cli._map_figure import draw_map
from skspectra.cli._progress import ChunkProgress
from skspectra.cli._readers import choose_reader
from skspectra.cli._report import write_report
from skspectra.cli._results import check_results_folder, writing_folder
from skspectra.imaging import find_edges, read_image, zero_loss_positions
from skspectra.imaging._edges import ELEMENTS, sum_spectrum
from skspectra.imaging._image import spectrum_image
from skspectra.io import list_signals, read_signal
from skspectra.io._hyperspy import quiet_hyperspy

__all__ = ["MARKER", "map_file"]

MARKER = "summary.json"
_IN_MEMORY = 2**30  # bytes


def map_file(
    path, out, *, signal=None, element="auto", model=None, mask=None, by="auto", say=print
):
    """Map the valences of a spectrum image or a line scan in a file.

    Parameters
    ----------
    path : Path
        Any file that HyperSpy reads.
    out : Path
        Folder for the results; earlier ones in it are replaced.
    signal : str, default=None
        Title or number of the signal wanted, where the file holds several images of spectra.
    element : str, default="auto"
        Whose edge is read; "auto" looks for Ti, V, Cr, Mn, Fe, Co, Ni and Cu.
    model : str or Path, default=None
        A reader in a file, or the name of one that comes with the package; that of the element if
        None.
    mask : Path, default=None
        A .npy file of booleans in the shape of the image, True where pixels are left out.
    by : {"auto", "pixels", "phases"}, default="auto"
        What is read, as in `skspectra.imaging.read_image`.
    say : callable, default=print
        Called with lines that tell what is being done.

    Returns
    -------
    summary : dict
        What is in summary.json.

    Raises
    ------
    OSError, ValueError
        If the file cannot be read, holds no edge that can be read, or `out` cannot be written;
        nothing is left behind then.
    """
    check_results_folder(out, MARKER)
    left_out = None if mask is None else np.load(mask, allow_pickle=False)
    image = _read_image(path, signal, say)
    zero_loss = _correct_axis(image, path, say)
    say(f"{path.name}: {image!r}")
    pixels = spectrum_image(image)
    total = sum_spectrum(pixels)
    chosen = choose_reader(total, pixels.axis, element=element, model=model, say=say)
    if chosen is None:
        raise ValueError(
            f"No L2,3 edge of {', '.join(ELEMENTS)} that a reader knows was found between "
            f"{pixels.axis[0]:g} and {pixels.axis[-1]:g} eV. If you know that there is one, name "
            "it with --element."
        )
    edge = f"{chosen.element} L2,3" if chosen.element in ELEMENTS else "the edge"
    say(f"reading {edge} at {chosen.energy:.1f} eV with {chosen.name}")
    with ChunkProgress() if image._lazy else contextlib.nullcontext():
        maps = read_image(chosen.reader, image, mask=left_out, by=by)
    say(f"read by {maps.by}: {maps.why}")
    summary = _summary(path, image, chosen, maps) | zero_loss
    with writing_folder(out, MARKER) as folder:
        _write_signals(folder, maps)
        draw_map(folder / "map.png", maps, total, chosen.element, chosen.energy)
        write_report(folder / "report.html", maps, summary, folder / "map.png")
        (folder / MARKER).write_text(json.dumps(summary, indent=1) + "\n")
    return summary


def _read_image(path, signal, say):
    """Read the signal asked for, or the one whose edge is strongest; small ones into memory."""
    if signal is not None:
        image = read_signal(path, int(signal) if signal.isdecimal() else signal)
    else:
        image = _strongest(path, say)
    if image.data.nbytes <= _IN_MEMORY and image._lazy:
        with quiet_hyperspy():
            image.compute(show_progressbar=False)
    return image


def _correct_axis(image, path, say):
    """Subtract the energy of the zero-loss peak from the axis, if the file holds its low loss.

    Returns
    -------
    zero_loss : dict
        Where the peak lies and how far it drifts, in eV; empty if there is no low loss.
    """
    listed = list_signals(path)
    shape = image.axes_manager.navigation_shape[::-1]
    for number, row in listed[listed["signal"].map(len) == 1].iterrows():
        if row["navigation"] == shape and row["start"] < 0 < row["stop"]:
            positions = zero_loss_positions(read_signal(path, int(number)))
            positions = positions[np.isfinite(positions)]
            break
    else:
        return {}
    position, drift = float(np.median(positions)), float(np.ptp(positions))
    axis = image.axes_manager.signal_axes[0]
    axis.offset -= position
    say(f"zero-loss peak at {position:+.2f} eV, drift {drift:.2f} eV: the axis is corrected")
    return {"zero_loss_eV": round(position, 3), "zero_loss_drift_eV": round(drift, 3)}


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


def _summary(path, image, chosen, maps):
    shifts = maps.shift.data[maps.codes >= 0]
    return {
        "file": path.name,
        "signal": image.metadata.get_item("General.title", ""),
        "element": chosen.element,
        "reader": chosen.name,
        "edge_eV": round(float(chosen.energy), 2),
        "pixels": int(maps.codes.size),
        "counts": maps.counts(),
        "read_by": maps.by,
        "why": maps.why,
        "phases": None if maps.phases is None else int(maps.phases.n_phases_),
        "pixels_repaired": int((maps.n_replaced > 0).sum()),
        "shift_eV": round(float(np.median(shifts)), 2) if shifts.size else None,
        "versions": {"skspectra": skspectra.__version__, "python": platform.python_version()},
    }


def _write_signals(folder, maps):
    signals = {
        "valence": maps.valence,
        "class": maps.class_signal(),
        "probability": maps.probability,
        "uncertainty": maps.uncertainty,
        "novelty": maps.novelty,
    }
    with quiet_hyperspy():
        for name, signal in signals.items():
            signal.metadata.General.title = f"{name} of {signal.metadata.General.title}"
            signal.save(folder / f"{name}.hspy")
