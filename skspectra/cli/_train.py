"""Train a reader on spectra of known valence, and say how well one reads."""

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import StratifiedGroupKFold

from skspectra.cli._labelled import on_one_axis, read_labelled
from skspectra.cli._readers import load_reader
from skspectra.models import save_model
from skspectra.readers import ValenceReader
from skspectra.readers._dense_nets import N_COMPONENTS
from skspectra.readers._labels import element_of_labels

__all__ = ["evaluate_reader", "figures_of", "report", "train_reader"]

UNKNOWN = "unknown"
LEAST_PER_COMPONENT = 3  # spectra, of which a part is held out twice


def train_reader(paths, out, *, n_folds=5, seed=0, say=print):
    """Train a reader, cross-validate it and write it to a file.

    Spectra that were measured together, in one file, are held out together.

    Parameters
    ----------
    paths : sequence of Path
        Folders and tables as `read_labelled` takes them.
    out : Path
        The .safetensors file.
    n_folds : int, default=5
        In how many parts the spectra are held out; fewer where a valence comes from fewer files.
    seed : int, default=0
        Of all that is drawn.
    say : callable, default=print
        Called with lines that tell what is being done.

    Returns
    -------
    figures : dict
        What `figures_of` says of the spectra while they were held out; it is in the file too.
    """
    X, y, groups, axis = on_one_axis(read_labelled(paths))
    element_of_labels(sorted(set(y) - {UNKNOWN}))  # refuses what takes minutes to be refused
    reader = ValenceReader(random_state=seed)
    say(f"{len(y)} spectra of {len(set(groups))} files, {axis[0]:.1f} to {axis[-1]:.1f} eV")
    figures = _cross_validated(reader, X, y, groups, axis, n_folds, say)
    say("training on all spectra")
    reader.fit(X, y, spectral_axis=axis, groups=_parts(y, groups))
    save_model(reader, out, figures=figures)
    return figures


def evaluate_reader(model, paths):
    """Let a reader read spectra of known valence.

    Parameters
    ----------
    model : str
        File of a reader, or name of one that comes with the package.
    paths : sequence of Path
        Folders and tables as `read_labelled` takes them.

    Returns
    -------
    figures : dict
        What `figures_of` says.
    """
    reader = load_reader(model)
    found = read_labelled(paths)
    tables = [_read(reader, each) for each in found]
    y = np.concatenate([each.labels for each in found])
    return figures_of(y, pd.concat(tables, ignore_index=True), reader)


def _read(reader, spectra):
    try:
        return reader.read(spectra.rows, spectra.axis)
    except ValueError as error:
        raise ValueError(f"{spectra.group}: {error}") from error


def figures_of(y, table, reader):
    """How well a reader read spectra.

    Parameters
    ----------
    y : ndarray of shape (n_spectra,) of str
        The valences known, or "unknown" where the reader should say so.
    table : DataFrame
        What it read.
    reader : ValenceReader
        Its classes and valences are looked at.

    Returns
    -------
    figures : dict
        ``spectra``, their number; ``named``, the share that was named; ``accuracy_of_named``, the
        share of these that is right; ``accuracy``, the share of all whose most probable class is
        right; ``valence_error``, the mean error of the mean valence of those that were named; None
        where there are none. ``confusion``, a count for each pair of valence and answer.
    """
    y = np.asarray(y, dtype=str)
    answers = table["valence"].to_numpy(str)
    classes = np.asarray(reader.classes_, dtype=str)
    best = classes[table[list(reader.classes_)].to_numpy().argmax(axis=1)]
    named, known = answers != UNKNOWN, np.isin(y, classes)
    valence = dict(zip(classes, map(float, reader.valences_), strict=True))
    true = np.array([valence.get(label, np.nan) for label in y])
    error = np.abs(table["mean_valence"].to_numpy() - true)[named & known]
    labels = sorted({*y, *answers})
    counts = confusion_matrix(y, answers, labels=labels)
    return {
        "spectra": len(y),
        "named": _mean(named),
        "accuracy_of_named": _mean(answers[named] == y[named]),
        "accuracy": _mean(best[known] == y[known]),
        "valence_error": _mean(error),
        "confusion": {
            label: {answer: int(n) for answer, n in zip(labels, row, strict=True) if n}
            for label, row in zip(labels, counts, strict=True)
            if row.any()
        },
    }


def report(figures):
    """Figures as lines for the terminal."""
    table = pd.DataFrame(figures["confusion"]).T.fillna(0).astype(int)
    table = table[sorted(table.columns, key=lambda name: (name == UNKNOWN, name))]
    return "\n".join(
        [
            f"{figures['spectra']} spectra, {_percent(figures['named'])} named, "
            f"{_percent(figures['accuracy_of_named'])} of these right",
            f"most probable class right in {_percent(figures['accuracy'])} of all",
            f"mean valence of those named off by {figures['valence_error']} on average",
            "",
            "known (rows) and read (columns):",
            table.to_string(),
        ]
    )


def _cross_validated(reader, X, y, groups, axis, n_folds, say):
    """Figures of spectra that were held out, group by group."""
    fewest = min(len(set(groups[y == label])) for label in set(y) - {UNKNOWN})
    if fewest < 2:
        raise ValueError(
            "Each valence must come from two files or more, so that one can be held out; got "
            f"{pd.Series(groups).groupby(y).nunique().to_dict()}."
        )
    _check_enough(y)
    folds = StratifiedGroupKFold(min(n_folds, fewest), shuffle=True, random_state=0)
    tables, order = [], []
    for number, (train, test) in enumerate(folds.split(X, y, groups), start=1):
        say(f"cross-validating, part {number} of {folds.n_splits}")
        parts = _parts(y[train], groups[train])
        fitted = clone(reader).fit(X[train], y[train], spectral_axis=axis, groups=parts)
        tables.append(fitted.read(X[test], axis))
        order.append(test)
    figures = figures_of(y[np.concatenate(order)], pd.concat(tables, ignore_index=True), fitted)
    return figures | {"folds": folds.n_splits, "files": len(set(groups))}


def _check_enough(y):
    """Refuse what would end in an error of the components, or of a classifier of one class."""
    valences = sorted(set(y) - {UNKNOWN})
    if len(valences) < 2:
        raise ValueError(f"A reader tells valences apart; got only {', '.join(valences)}.")
    least, known = LEAST_PER_COMPONENT * N_COMPONENTS, int((y != UNKNOWN).sum())
    if known < least:
        raise ValueError(
            f"A reader is trained on {least} spectra of known valence or more, since parts of them "
            f"are held out; got {known}. `skspectra classify` needs no training."
        )


def _parts(y, groups):
    """Put the files of every valence in the same parts, None if one has a single file."""
    files = {label: np.unique(groups[y == label]) for label in set(y) - {UNKNOWN}}
    fewest = min(map(len, files.values()))
    if fewest < 2:
        return None
    return np.array(
        [
            np.searchsorted(files[label], group) % fewest if label in files else 0
            for label, group in zip(y, groups, strict=True)
        ]
    )


def _mean(values):
    return round(float(np.mean(values)), 4) if len(values) else None


def _percent(share):
    return "none" if share is None else f"{share:.1%}"
