"""A page about a map that works offline: figures, settings, and a spectrum for every pixel."""

import base64
import html
import json
from importlib.resources import files
from string import Template

import numpy as np

from skspectra.cli._background import background_before
from skspectra.imaging._defects import repaired_with_counts
from skspectra.plotting._image import MASKED, class_image

__all__ = ["doubts", "texts_of_pixels", "write_report"]

_SHOWN = 45.0  # eV each way from L3
_MOST_NUMBERS = 2_000_000  # in the page, of spectra
_FAR_OFF = 3.0  # eV
_COARSE = 1.0  # eV
_DRIFT = 0.5  # eV


def write_report(path, maps, summary, picture):
    """Write the page.

    Parameters
    ----------
    path : Path
        The .html.
    maps : ValenceMaps
        What was read.
    summary : dict
        Settings and counts; strings and numbers.
    picture : Path
        A .png of the maps.
    """
    data, note = _data_of_pixels(maps, summary["edge_eV"])
    counts = ", ".join(f"{name} {count}" for name, count in summary["counts"].items() if count)
    sentence = (
        f"{summary['element']} L2,3 in {summary['pixels']} spectra of {summary['file']}, read by "
        f"{summary['read_by']} with {summary['reader']}: {counts}."
    )
    filled = {
        "title": f"Valence of {summary['element']} in {summary['file']}",
        "sentence": sentence,
        "note": note,
    }
    filled = {name: html.escape(text) for name, text in filled.items()}
    page = Template(files("skspectra.cli").joinpath("report.html").read_text(encoding="utf-8"))
    text = page.substitute(
        filled,
        legend=_legend(maps),
        doubts="".join(f"<li>{html.escape(doubt)}</li>" for doubt in doubts(maps, summary)),
        settings="".join(_row(name, value) for name, value in summary.items()),
        picture=base64.b64encode(picture.read_bytes()).decode(),
        data=json.dumps(data).replace("</", "<\\/"),
    )
    path.write_text(text, encoding="utf-8")


def doubts(maps, summary):
    """Sentences about what may be wrong with a map, the gravest first; there is always one."""
    found = []
    unknown = (maps.codes < 0) & ~np.isin(maps.reasons, MASKED)
    with_edge = (maps.codes >= 0) | unknown
    if unknown.any():
        reasons, counts = np.unique(maps.reasons[unknown], return_counts=True)
        said = " and ".join(f"{n} '{reason}'" for reason, n in zip(reasons, counts, strict=True))
        share = unknown.sum() / with_edge.sum()
        found.append(f"{share:.0%} of the spectra with an edge are unknown: {said}.")
    if maps.by == "phases":
        found.append(
            "Pixels were too dark to be read one by one. All pixels of a phase have the valence of "
            f"its sum, so nothing finer than {summary['phases']} phases shows ({maps.why})."
        )
    drift = summary.get("zero_loss_drift_eV", 0.0)
    if drift > _DRIFT:
        found.append(
            f"The zero-loss peak drifts by {drift:.1f} eV over the image. The axis is corrected by "
            "its median, and the edge is looked for in every spectrum."
        )
    shift = summary["shift_eV"]
    if shift is not None and abs(shift) > _FAR_OFF:
        found.append(
            f"The edge lies {shift:+.1f} eV off its nominal energy. The reader allows for it, but "
            "the calibration of the axis is to be mended."
        )
    step = float(np.median(np.diff(maps.pixels.axis)))
    if step > _COARSE:
        found.append(
            f"Channels of {step:.1f} eV are wider than the lines that tell valences apart."
        )
    if summary["pixels_repaired"]:
        found.append(
            f"In {summary['pixels_repaired']} spectra channels that the detector did not measure "
            "were replaced from their neighbours."
        )
    found.append(
        "The reader was trained on simulated spectra. Compare with a reference compound that was "
        "measured on the same instrument."
    )
    return found


def _legend(maps):
    """Items of a list: what the colours mean."""
    shown = [(i, name, "") for i, name in enumerate(maps.classes)]
    shown += [(-1, "unknown", "cannot tell"), (-1, "no edge or masked", "masked")]
    colors = _hex(
        class_image(np.array([s[0] for s in shown]), np.array([s[2] for s in shown]), maps.classes)
    )
    return "".join(
        f'<li><span class="swatch" style="background:{color}"></span>{html.escape(str(name))}</li>'
        for color, (_, name, _) in zip(colors, shown, strict=True)
    )


def _row(name, value):
    if isinstance(value, dict):
        value = [f"{key} {each}" for key, each in value.items()]
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = "none" if value is None else text or "none"
    return f"<tr><th>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>"


def _data_of_pixels(maps, energy):
    """Collect what the page shows of every pixel, or None where that is too much; and a note."""
    axis = maps.pixels.axis
    near = np.flatnonzero(np.abs(axis - energy) <= _SHOWN)
    if not maps.codes.ndim:
        return None, "A single spectrum has no map."
    if maps.codes.size * near.size > _MOST_NUMBERS:
        return (
            None,
            f"The spectra of {maps.codes.size} pixels are too many for a page, which holds "
            f"{_MOST_NUMBERS // near.size}. The maps are in the .hspy files.",
        )
    width = maps.codes.shape[-1]
    seen = repaired_with_counts(maps.pixels.data)[..., near]  # without defects, as it was read
    spectra = np.asarray(seen, dtype=float).reshape(-1, near.size)
    spectra = np.where(np.isfinite(spectra), spectra, 0.0)
    phases = _phase_labels(maps)
    means = np.array([spectra[phases == phase].mean(axis=0) for phase in range(phases.max() + 1)])
    spectra = np.vstack([spectra, *means])
    _, law = background_before(spectra, axis[near], energy)
    colors = class_image(maps.codes.ravel(), maps.reasons.ravel(), maps.classes)
    palette, numbers = np.unique(_hex(colors), return_inverse=True)
    data = {
        "shape": [maps.codes.size // width, width],
        "rows_of_image": maps.codes.shape[-2] if maps.codes.ndim > 1 else 1,
        "energies": axis[near].round(4).tolist(),
        "spectra": _floats(spectra),
        "background": _floats(law),
        "probability": _floats(maps.probability.data),
        "phases": phases.tolist(),
        "classes": [str(name) for name in maps.classes],
        "palette": palette.tolist(),
        "colors": numbers.tolist(),
        "text": texts_of_pixels(maps),
    }
    return (
        data,
        "What was read appears, with the background fitted before the edge: the spectrum of the "
        "pixel, or the mean of its phase.",
    )


def _phase_labels(maps):
    """Phase of every pixel, -1 where it was read by itself or has no edge."""
    return np.full(maps.codes.size, -1) if maps.phases is None else maps.phases.labels_.ravel()


def texts_of_pixels(maps):
    """One line about every pixel."""
    valence, lower, upper = (maps.known(name).ravel() for name in ("valence", "lower", "upper"))
    phases = _phase_labels(maps)
    return [
        (f"unknown, {reason}" if code < 0 else str(maps.classes[code]))
        + (f", mean valence {mean:.2f} ({low:.2f} to {high:.2f})" if mean == mean else "")
        + (f", phase {phase + 1}" if phase >= 0 else "")
        for code, reason, mean, low, high, phase in zip(
            maps.codes.ravel(), maps.reasons.ravel(), valence, lower, upper, phases, strict=True
        )
    ]  # fmt: skip


def _floats(values):
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode()


def _hex(colors):
    whole = np.rint(255 * colors).astype(int)
    return np.array(["#" + "".join(f"{part:02x}" for part in color) for color in whole])
