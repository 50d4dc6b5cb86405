"""Maps of valence from a file: find the edges, read every pixel, write what is found."""

import json
import platform

import numpy as np

import skspectra
from skspectra.cli._map_figure import draw_map
from skspectra.cli._map_input import correct_axis, load_mask, read_image_of_file, thin_edges_masked
from skspectra.cli._readers import choose_readers
from skspectra.cli._report import write_report
from skspectra.cli._results import check_results_folder, writing_folder
from skspectra.imaging import read_image
from skspectra.imaging._defects import repaired_with_counts
from skspectra.imaging._edges import ELEMENTS, sum_spectrum
from skspectra.imaging._image import is_lazy, spectrum_image
from skspectra.io._hyperspy import quiet_hyperspy

__all__ = ["map_file"]

_SUMMARY = "summary.json"
_SIGNALS = ("valence", "class", "probability", "uncertainty", "novelty")
_NAMES = (_SUMMARY, "map.png", "report.html", *(f"{name}.hspy" for name in _SIGNALS))


def map_file(
    path, out, *, signal=None, element="auto", model=None, mask="none", by="auto", say=print
):
    """Map the valences of a spectrum image or a line scan in a file.

    Parameters
    ----------
    path : Path
        Any file that HyperSpy reads.
    out : Path
        Folder for the results; earlier ones in it are replaced. Where several elements are found,
        each has a folder in it.
    signal : str, default=None
        Title or number of the signal wanted, where the file holds several images of spectra.
    element : str, default="auto"
        Whose edge is read; "auto" looks for Ti, V, Cr, Mn, Fe, Co, Ni and Cu.
    model : str or Path, default=None
        A reader in a file, or the name of one that comes with the package; that of the element if
        None.
    mask : str, default="none"
        What is left out: "substrate" is what does not show the edge of a thin specimen; or a .npy
        file of booleans in the shape of the image, True where pixels are left out.
    by : {"auto", "pixels", "phases"}, default="auto"
        What is read, as in `skspectra.imaging.read_image`.
    say : callable, default=print
        Called with lines that tell what is being done.

    Returns
    -------
    summaries : dict of str to dict
        What is in summary.json, by element.

    Raises
    ------
    OSError, ValueError
        If the file cannot be read, holds no edge that can be read, or `out` cannot be written;
        nothing is left behind then.
    """
    check_results_folder(out, _NAMES)
    image = read_image_of_file(path, signal, say)
    left_out = load_mask(mask, image.axes_manager.navigation_shape[::-1])
    zero_loss = correct_axis(image, path, say)
    say(f"{path.name}: {image!r}")
    pixels = spectrum_image(image)
    whole = pixels._replace(data=repaired_with_counts(pixels.data)[..., :-1])
    total = sum_spectrum(whole)
    chosen = choose_readers(total, pixels.axis, element=element, model=model, say=say)
    if not chosen:
        raise ValueError(
            f"No L2,3 edge of {', '.join(ELEMENTS)} that a reader knows was found between "
            f"{pixels.axis[0]:g} and {pixels.axis[-1]:g} eV. If you know that there is one, name "
            "it with --element."
        )
    summaries = {}
    with writing_folder(out, _NAMES) as folder:
        for each in chosen:
            if mask == "substrate":
                left_out = _substrate(whole, each, say)
            maps = _read(image, each, left_out, by, say)
            summary = _summary(path, image, each, maps, mask, zero_loss)
            place = folder if len(chosen) == 1 else folder / each.element
            place.mkdir(exist_ok=True)
            _write(place, maps, summary, total, each, zero_loss)
            summaries[each.element] = summary
        if len(chosen) > 1:
            _write_json(folder / _SUMMARY, {"file": path.name, "elements": summaries})
    return summaries


def _substrate(pixels, chosen, say):
    if is_lazy(pixels.data):
        raise ValueError(
            "--mask substrate clusters all spectra at once, for which the image is too large. "
            "Without it pixels without an edge are found one by one."
        )
    left_out = thin_edges_masked(pixels, chosen.energy)
    say(f"{left_out.sum()} of {left_out.size} spectra are masked: no edge, or too thick")
    return left_out


def _read(image, chosen, left_out, by, say):
    edge = f"{chosen.element} L2,3" if chosen.element in ELEMENTS else "the edge"
    say(f"reading {edge} at {chosen.energy:.1f} eV with {chosen.name}")
    maps = read_image(chosen.reader, image, mask=left_out, by=by, verbose=1)
    say(f"read by {maps.by}: {maps.why}")
    return maps


def _summary(path, image, chosen, maps, mask, zero_loss):
    shifts = maps.shift.data[maps.codes >= 0]
    summary = {
        "file": path.name,
        "signal": image.metadata.get_item("General.title", ""),
        "element": chosen.element,
        "reader": chosen.name,
        "edge_eV": round(float(chosen.energy), 2),
        "pixels": int(maps.codes.size),
        "counts": maps.counts(),
        "mask": mask,
        "read_by": maps.by,
        "why": maps.why,
        "phases": None if maps.phases is None else int(maps.phases.n_phases_),
        "pixels_repaired": int((maps.n_replaced > 0).sum()),
        "shift_eV": round(float(np.median(shifts)), 2) if shifts.size else None,
        "versions": {"skspectra": skspectra.__version__, "python": platform.python_version()},
    }
    if zero_loss is not None:
        known = zero_loss[np.isfinite(zero_loss)]
        summary["zero_loss_eV"] = round(float(np.median(known)), 3)
        summary["zero_loss_drift_eV"] = round(float(np.ptp(known)), 3)
    return summary


def _write(folder, maps, summary, total, chosen, zero_loss):
    _write_signals(folder, maps)
    draw_map(folder / "map.png", maps, total, chosen.element, chosen.energy, zero_loss)
    write_report(folder / "report.html", maps, summary, folder / "map.png")
    _write_json(folder / _SUMMARY, summary)


def _write_json(path, content):
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_signals(folder, maps):
    signals = (
        maps.valence,
        maps.class_signal(),
        maps.probability,
        maps.uncertainty,
        maps.novelty,
    )
    with quiet_hyperspy():
        for name, signal in zip(_SIGNALS, signals, strict=True):
            signal.save(folder / f"{name}.hspy")
