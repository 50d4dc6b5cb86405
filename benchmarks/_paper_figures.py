"""Figures of ``benchmarks/paper.py``."""

import textwrap

import matplotlib
import numpy as np
from _paper_data import IONS
from _paper_experiments import (
    AXIS,
    FRACTIONS,
    MOVES,
    SCATTER,
    TRAININGS,
    moved,
)
from _paper_verdicts import recalls
from matplotlib import pyplot as plt
from sklearn.metrics import ConfusionMatrixDisplay

from skspectra._input.files import writing
from skspectra.plotting import ActivationsDisplay, EmbeddingDisplay, RobustnessDisplay
from skspectra.plotting._style import COLORS

matplotlib.use("agg")

WIDTH = 7  # inches, of a page
STYLE = {"font.size": 8, "axes.titlesize": 8, "figure.titlesize": 8, "savefig.dpi": 200}

STATEMENTS = {
    "spectra": "Article, figure 2: reference spectra (black) of other instruments and compounds, "
    "beside the spectra that are trained on (mean, and band of 80 %)",
    "folds": "Article: 10-fold accuracy above 99 % for all three nets; thesis: 99.85 % (98.5 to "
    "100) for the fully convolutional one",
    "shift": "Article: trained without shifts, the fully convolutional net loses little up to "
    "5 eV, the others fall below 60 %; trained with them, all three hold",
    "noise": "Article: at five times the noise 93 % after training with PCA noise, 78 % without",
    "confusion": "Article: above 99 % for each net",
    "references": "Article, trained plainly: fully convolutional net 100/100/100 %; conv + dense "
    "fails on Mn4+, dense on Mn2+ and Mn4+. Here in % of each valence, for references moved by eV",
    "mixed": "Thesis: five classes, 93 % on reference spectra. Here on held-out mixtures",
    "copies": "Article: with shifted copies in training all nets hold. Here mean accuracy over "
    "shifts of -5 to +5 eV",
    "activations": "Article, figure 1: what the blocks of the fully convolutional net make of each "
    "class; the last tell them apart",
    "embedding": "Article, figure 5: t-SNE of the inputs and of the features; the features bring "
    "references (triangles) to the spectra of their class. Here moved by "
    f"{', '.join(f'{move:+d}' for move in MOVES)} eV",
}


def draw(out, results):
    """Write a figure for every published statement that is a number."""
    for name, data in results["data"].items():
        nets, chance = data["nets"], 1 / len(data["n_spectra"])
        _save(out, name, "folds", _draw_folds, nets)
        _save(out, name, "shift", _draw_shift, results["shifts_eV"], nets, chance)
        _save(out, name, "copies", _draw_copies, nets)
        _save(out, name, "noise", _draw_noise, results["noise_scales"], nets, chance)
        plain = {net: nets[net]["plain"]["confusion"] for net in nets}
        _save(out, name, "confusion", _draw_confusion, plain, list(data["n_spectra"]))
        if data["references"]:
            valence = results["reference_valence"]
            _save(out, name, "references", _draw_references, data["references"], valence)
        if data["mixed"]:
            matrices = {net: each["confusion"] for net, each in data["mixed"].items()}
            _save(out, name, "mixed", _draw_confusion, matrices, sorted([*IONS, *FRACTIONS]))


def draw_inside(out, name, model, X, y, references):
    """Write figures of the spectra and of what a fitted model makes of them."""
    seen, net = model[:-1].transform(X), model[-1]
    kept, valence, at_moves = [], [], []
    if references:
        pure = np.isin(references[1], y)
        valence = references[1][pure]
        at_moves = [model[:-1].transform(each) for each in moved(references[0][pure])]
        kept = at_moves[MOVES.index(0)]
    _save(out, name, "spectra", _draw_spectra, seen, y, kept, valence)
    _save(out, name, "activations", _draw_activations, net, seen, y)
    _save(out, name, "embedding", _draw_embedding, net, seen, y, at_moves, valence)


def _save(out, name, statement, drawing, *arguments):
    """Draw and write one figure with the statement above it."""
    with plt.rc_context(STYLE):
        figure = drawing(*arguments)
        title = textwrap.fill(STATEMENTS[statement], round(17 * figure.get_figwidth()))
        figure.suptitle(title)
        with writing(out / f"{name.replace(' ', '_')}_{statement}.png") as temporary:
            figure.savefig(temporary, format="png")
    plt.close(figure)


def _panels(n_rows, n_columns, height, width=WIDTH, **kwargs):
    size = width, height
    return plt.subplots(n_rows, n_columns, figsize=size, layout="constrained", **kwargs)


def _draw_spectra(seen, y, references, valence):
    names = np.unique(y)
    figure, axes = _panels(1, len(names), 4, sharex=True)
    for i, (ax, name) in enumerate(zip(axes, names, strict=True)):
        lower, upper = np.quantile(seen[y == name], (0.1, 0.9), axis=0)
        ax.fill_between(AXIS, lower, upper, color=COLORS[i], alpha=0.3, linewidth=0)
        ax.plot(AXIS, seen[y == name].mean(axis=0), color=COLORS[i])
        mine = [each for each, label in zip(references, valence, strict=True) if label == name]
        for k, spectrum in enumerate(mine, 1):
            ax.plot(AXIS, spectrum + k, color="black", linewidth=0.8)
        ax.set(yticks=[], title=name, xlabel="energy loss (eV)")
        ax.margins(x=0)
    return figure


def _draw_activations(net, seen, y):
    return ActivationsDisplay.from_estimator(net, seen, y, spectral_axis=AXIS).figure_


def _draw_embedding(net, seen, y, at_moves, valence):
    figure, axes = _panels(1, 2, 3.8)
    more = (np.concatenate(at_moves), np.tile(valence, len(MOVES))) if len(valence) else ()
    perplexity = min(100, len(y) / 4)
    EmbeddingDisplay.from_estimator(
        net, seen, y, *more, perplexity=perplexity, random_state=0, axes=axes
    )
    return figure


def _draw_folds(nets):
    figure, ax = _panels(1, 1, 3.2)
    for i, training in enumerate(TRAININGS):
        for j, net in enumerate(nets):
            folds = nets[net][training]["accuracy"]
            x = j + 0.15 * (i - 2) + np.linspace(-0.05, 0.05, len(folds))
            label = training if j == 0 else None
            ax.plot(x, folds, ".", color=COLORS[i], label=label, alpha=0.7)
    ax.set(ylabel="accuracy of a fold")
    ax.set_xticks(range(len(nets)), list(nets))
    figure.legend(frameon=False, loc="outside lower center", ncols=5)
    return figure


def _draw_curves(values, nets, trainings, chance, measure, unit, height):
    """Draw a panel for each training, with one legend for all."""
    figure, axes = _panels(-(-len(trainings) // 2), 2, height, sharex=True, sharey=True)
    for ax, training in zip(axes.flat, trainings, strict=True):
        scores = {net: nets[net][training][measure] for net in nets}
        RobustnessDisplay(values, scores, param_name=unit, chance=chance).plot(ax=ax)
        ax.get_legend().remove()
        ax.set_title(f"trained: {training}")
        ax.label_outer()
    handles = ax.get_legend_handles_labels()
    figure.legend(*handles, frameon=False, loc="outside lower center", ncols=len(nets))
    return figure


def _draw_shift(shifts, nets, chance):
    trainings = ("plain", SCATTER, "shift 1x", "shift 10x")
    return _draw_curves(shifts, nets, trainings, chance, "shift", "shift (eV)", 4.6)


def _draw_copies(nets):
    """Draw accuracy against the number of shifted copies; 0 is training without."""
    figure, ax = _panels(1, 1, 3.2, width=5.0)
    numbers = {0: "plain", 1: "shift 1x", 3: "shift 3x", 10: "shift 10x"}
    for i, (net, of_net) in enumerate(nets.items()):
        means = [of_net[training]["shift"].mean() for training in numbers.values()]
        ax.plot(list(numbers), means, "o-", color=COLORS[i], label=net)
    ax.set(xlabel="shifted copies", ylabel="mean accuracy", xticks=list(numbers))
    figure.legend(frameon=False, loc="outside lower center", ncols=2)
    return figure


def _draw_noise(scales, nets, chance):
    trainings = ("plain", "PCA noise")
    return _draw_curves(scales, nets, trainings, chance, "noise", "times the noise", 2.8)


def _draw_confusion(matrices, labels):
    """Draw shares of each true class, two nets in a row."""
    n_rows = -(-len(matrices) // 2)
    figure, axes = _panels(n_rows, 2, 0.7 + 2.6 * n_rows, width=5.6, sharex=True, sharey=True)
    for ax, (net, matrix) in zip(axes.flat, matrices.items(), strict=True):
        shares = matrix / matrix.sum(axis=1, keepdims=True)
        display = ConfusionMatrixDisplay(shares, display_labels=labels)
        style = {"cmap": "Blues", "colorbar": False, "values_format": ".3f"}
        display.plot(ax=ax, im_kw={"vmin": 0, "vmax": 1}, **style)
        ax.set(title=net, xlabel="named", ylabel="true")
        ax.label_outer()
    return figure


def _draw_references(references, valence):
    """Recall of each valence: a row of panels per move, a panel per training."""
    shape = len(MOVES), len(TRAININGS)
    figure, axes = _panels(*shape, 0.7 + 1.1 * len(MOVES), sharex=True, sharey=True)
    for (i, k), ax in np.ndenumerate(axes):
        training = list(TRAININGS)[k]
        _draw_recalls(ax, {net: references[net][training][i] for net in references}, valence)
        if i == 0:
            ax.set_title(training)
        if k == 0:
            ax.set_ylabel(f"{MOVES[i]:+d} eV", fontweight="bold")
    return figure


def _draw_recalls(ax, predicted, valence):
    rows = {net: recalls(each, valence) for net, each in predicted.items()}
    shares = np.array([list(row.values()) for row in rows.values()])
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        color = "white" if share > 0.6 else "black"
        ax.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=color)
    ions = next(iter(rows.values()))
    ax.set_xticks(range(len(ions)), [ion.removeprefix("Mn") for ion in ions])
    ax.set_yticks(range(len(rows)), list(rows))
