"""What the demo leaves behind: figures, a JSON file and tables for the terminal."""

import json
from collections import Counter

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from skspectra._input.files import writing
from skspectra.plotting import SpectraDisplay
from skspectra.plotting._style import class_colors
from skspectra.preprocessing import SpectrumNormalizer

__all__ = ["SHIPPED", "draw", "report", "write_json"]

SHIPPED = "shipped reader"

_MOST_SHOWN = 24
_CONVOLUTIONAL = {
    "fully convolutional": {"color": "#0072B2", "linewidth": 1.5},
    "fully conv, invariant": {"color": "#D55E00", "linewidth": 3},
}


def draw(out, results, simulated, measured):
    """Write the figures.

    Parameters
    ----------
    out : Path
        Folder.
    results : dict
        What `write_json` writes.
    simulated : tuple
        Axis, spectra and labels of the simulated spectra.
    measured : tuple
        Axis and spectra of the measured ones.
    """
    axis, X, y = simulated
    with matplotlib.rc_context({"savefig.dpi": 150}):
        spectra = SpectraDisplay.from_spectra(X, y, spectral_axis=axis, ax=_new_axes((4.5, 4)))
        _save(spectra.figure_, out / "simulated.png")
        _save(_draw_shifts(results, chance=1 / len(np.unique(y))), out / "shifts.png")
        if results["spectra"]:
            _save(_draw_measured(*measured, results["spectra"]), out / "spectra.png")


def _new_axes(size):
    """Axes of a figure that needs no window, wherever this runs."""
    return Figure(figsize=size, layout="constrained").subplots()


def _draw_shifts(results, chance):
    """Draw accuracy against shift: convolutional nets in colour, all that learn places in grey."""
    ax = _new_axes((6, 3.6))
    shifts, places = results["shifts_eV"], []
    for name, curve in results["accuracy"].items():
        mean, spread = np.mean(curve, axis=1), np.std(curve, axis=1)
        style = _CONVOLUTIONAL.get(name, {"color": "0.6", "linewidth": 1})
        ax.plot(shifts, mean, **style)
        if name in _CONVOLUTIONAL:
            ax.fill_between(
                shifts, mean - spread, mean + spread, color=style["color"], alpha=0.2, linewidth=0
            )
            ax.text(
                shifts[-1] + 0.15,
                mean[-1],
                name.replace(", ", ",\n"),
                color=style["color"],
                va="center",
            )
        else:
            places.append(name)
    label = {"color": "0.4", "fontsize": "small", "ha": "center", "va": "top"}
    ax.text(shifts[len(shifts) // 2], chance - 0.03, ",\n".join(places), **label)
    ax.set(xlabel="Shift (eV)", ylabel="Accuracy", ylim=(0, 1.02), xlim=(shifts[0], shifts[-1]))
    return ax.figure


def _draw_measured(axis, X, records):
    """Draw the first spectra, each with what the shipped reader says of it."""
    n_all, records = len(records), records[:_MOST_SHOWN]
    rows = SpectrumNormalizer(center=False).fit_transform(X[: len(records)])
    answers = [record[SHIPPED] for record in records]
    classes = sorted({answer["label"] for answer in answers} - {"unknown"})
    colors = dict(zip(classes, class_colors(classes), strict=True)) | {"unknown": "0.6"}
    ax = _new_axes((6, 1 + 0.42 * len(records)))
    for i, (row, record, answer) in enumerate(zip(rows, records, answers, strict=True)):
        known = f", known {record['valence']}" if record["valence"] else ""
        text = f"{record['name']}\n{_answer([record], SHIPPED)}{known}"
        ax.plot(axis, row - i, color=colors[answer["label"]], linewidth=1)
        ax.text(axis[-1] + 0.5, 0.1 - i, text, fontsize=7)
    ax.set(xlabel="Energy loss (eV)", yticks=[], xlim=(axis[0], axis[-1]))
    shown = f", {len(records)} of {n_all} spectra" if n_all > len(records) else ""
    ax.set_title(f"Named by the reader that is shipped{shown}", fontsize="medium")
    ax.margins(y=0.01)
    ax.spines[["top", "right", "left"]].set_visible(False)
    return ax.figure


def _save(figure, path):
    with writing(path) as temporary:
        figure.savefig(temporary, format="png")


def write_json(path, results):
    """Write the numbers, whole or not at all."""
    with writing(path) as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n")


def report(results, out):
    """Tables for the terminal."""
    at_zero = int(np.abs(results["shifts_eV"]).argmin())
    n_folds = len(next(iter(results["accuracy"].values()))[0])
    lines = [
        f"Simulated Mn L2,3 edges of one instrument: {results['n_per_class']} spectra a class, "
        f"{n_folds} folds, no shift in training",
        f"{'':22}{'accuracy':>16}{'-5 .. +5 eV, mean':>20}{'worst':>8}",
    ]
    for name, curve in results["accuracy"].items():
        fold = np.array(curve)[at_zero]
        mean = np.mean(curve, axis=1)
        spread = f"{fold.mean():.3f} +-{fold.std():.3f}"
        lines.append(f"{name:22}{spread:>16}{mean.mean():20.3f}{mean.min():8.3f}")
    if results["spectra"]:
        lines += ["", *_report_measured(results)]
    lines += ["", f"Figures and results.json are in {out} ({results['seconds']:.0f} s)."]
    return "\n".join(lines)


def _report_measured(results):
    records, models = results["spectra"], [SHIPPED, *results["accuracy"]]
    width = max(len(name) for name, _ in _by_file(records)) + 2
    lines = [
        "Measured spectra, by the reader that is shipped, as skspectra classify reads them, and by "
        "models trained here on simulated spectra with calibration errors",
        f"{'':{width}}{'moved':>8}{'known':>12}" + "".join(f"{name:>22}" for name in models),
    ]
    for name, group in _by_file(records):
        moved = np.median([record["moved_by_eV"] for record in group])
        lines.append(
            f"{name:{width}}{f'{moved:+.1f} eV' if moved else '':>8}{group[0]['valence'] or '':>12}"
            + "".join(f"{_answer(group, model):>22}" for model in models)
        )
    lines.append("")
    held_out = results["accuracy_with_calibration_errors"].values()
    cells = f"{'':>22}" + "".join(f"{accuracy:>22.3f}" for accuracy in held_out)
    lines.append(f"{'accuracy: simulated, held out':{width + 20}}{cells}")
    judged = [record for record in records if record["valence"] in results["ions"]]
    if judged:
        right = (sum(r[m]["label"] == r["valence"] for r in judged) for m in models)
        cells = "".join(f"{f'{n / len(judged):.3f} ({n} of {len(judged)})':>22}" for n in right)
        lines.append(f"{'accuracy: measured, of pure valence':{width + 20}}{cells}")
    return lines


def _by_file(records):
    """Group the records of one scan or image."""
    groups = {}
    for record in records:
        groups.setdefault(record["name"].partition("[")[0], []).append(record)
    return [(f"{name} ({len(g)})" if len(g) > 1 else name, g) for name, g in groups.items()]


def _answer(group, model):
    """One label with its probability, or the labels of many with their counts."""
    answers = [record[model] for record in group]
    if len(answers) == 1:
        label = answers[0]["label"]
        return label if label == "unknown" else f"{label} ({answers[0]['probability']:.2f})"
    counts = Counter(answer["label"] for answer in answers)
    return ", ".join(f"{count} {label}" for label, count in counts.most_common())
