"""Mean valences of phases that were measured together, on one energy axis."""

import numpy as np
from scipy.optimize import nnls
from scipy.special import softmax
from scipy.stats import norm

from skspectra._numerics.interpolation import shift_rows
from skspectra.readers import ValenceReader
from skspectra.readers._edges import aligned_axis, extract_edges

__all__ = ["read_together"]

_NEAR = 0.25  # of a valence between a class and the mean valence of a phase that may be pure
_PURE = 0.75  # least share of a class in a phase that is pure
_REACH = 2.5  # eV from its place on the common axis that the edge of a phase is looked for
_SPREAD = 0.35  # eV, standard deviation of the places of the edges of one class
_MIXTURES = 0.03  # per eV, density of the places of mixtures, which lie between those of classes
_STEP = 0.05  # eV between common shifts that are tried


def read_together(reader, spectra, axis):
    """Read the spectra of phases, and those that are not pure as sums of those that are.

    A single spectrum does not tell a mixture from a shifted edge. The phases of an image share
    axis and instrument. So a phase that the reader cannot tell is named where the energy shift that
    one class implies agrees with the shifts of the other phases: probabilities of the classes are
    multiplied by those of their shifts, and edges of a class are taken to scatter by .35 eV. The
    least probability is that of the reader. Pure phases then show how the edge of a class
    looks and where it lies. Every other phase is the sum of their edges, and of the mean edges of
    the classes that none shows, that is nearest in least squares.

    Of every class, the named phase of most counts may be pure if its mean valence is within .25 of
    the class; of the lowest and the highest, between which all others lie, if it is within .25 of
    that of the nearest one. These two are taken for pure; the others are if at least three quarters
    of their sum are of their class, or if there is no other. A phase that the agreement names
    keeps the name if it is taken for pure, with the mean valence of its class.

    Parameters
    ----------
    reader : ValenceReader
        Fitted. What another kind of reader says is left as it is.
    spectra : ndarray of shape (n_phases, n_channels)
        Sum of the counts of each phase, with background.
    axis : ndarray of shape (n_channels,)
        Their axis in eV.

    Returns
    -------
    table : DataFrame
        As of `ValenceReader.read`. Phases that are not pure have the mean valence of their sum,
        in an interval as wide as the reader's, and no class ("cannot tell") if none makes three
        quarters of it.
    """
    alone = reader.read(spectra, axis)
    if not isinstance(reader, ValenceReader) or len(alone) == 1:
        return alone
    table = alone.copy()
    shifts = _shifts_by_class(reader, table)
    agreed = _name_by_agreement(table, shifts, reader)
    ends = {int(reader.valences_.argmin()), int(reader.valences_.argmax())}
    candidates = _candidates(reader, table, spectra.sum(axis=1), ends)
    if not candidates:
        return alone
    certain = {phase: code for phase, code in candidates.items() if code in ends} or candidates
    shift = np.mean([shifts[phase, code] for phase, code in certain.items()])
    edges = _edges_on_common_axis(reader, spectra, axis, shift)
    classes = shift_rows(reader.templates_, *_aligned(reader, reader.positions_))
    pure = []
    for phase, code in candidates.items():
        if not pure or code in ends or _shares(edges[phase], classes)[code] >= _PURE:
            classes[code] = edges[phase]
            pure.append(phase)
    for phase in np.setdiff1d(np.flatnonzero(table["reason"].isin(["", "cannot tell"])), pure):
        _write_shares(table, phase, _shares(edges[phase], classes), reader)
    for phase in agreed:
        if phase in pure:
            _write_shares(table, phase, np.eye(len(classes))[candidates[phase]], reader)
        else:
            table.loc[phase, ["valence", "reason"]] = "unknown", "cannot tell"
    return table


def _shifts_by_class(reader, table):
    """How far each edge lies off the place of every class in eV, (n_phases, n_classes)."""
    likeliest = table[list(reader.classes_)].to_numpy().argmax(axis=1)
    places = table["shift"].to_numpy() + reader.positions_[likeliest]
    return places[:, None] - reader.positions_


def _name_by_agreement(table, shifts, reader):
    """Name doubtful phases by the class whose shift agrees with the others', and list them."""
    classes = list(reader.classes_)
    is_doubtful = table["probability"] < reader.least_probability
    legible = (table["reason"] == "") | ((table["reason"] == "cannot tell") & is_doubtful)
    if not legible.any():
        return []
    proba, shifts = table.loc[legible, classes].to_numpy(float), shifts[legible]
    tried = np.arange(shifts.min(), shifts.max() + _STEP, _STEP)
    density = norm.pdf(shifts[..., None], tried, _SPREAD) + _MIXTURES
    logs = np.log(np.einsum("kc,kcs->ks", proba, density))
    of_others = softmax(logs.sum(axis=0) - logs, axis=1)
    proba = proba * np.einsum("kcs,ks->kc", density, of_others)
    proba /= proba.sum(axis=1, keepdims=True)
    named = []
    for phase, shares, shift in zip(np.flatnonzero(legible), proba, shifts, strict=True):
        code = shares.argmax()
        if is_doubtful[phase] and shares[code] >= reader.least_probability:
            table.loc[phase, [*classes, "probability"]] = *shares, shares[code]
            table.loc[phase, ["shift", "valence", "reason"]] = shift[code], classes[code], ""
            named.append(phase)
    return named


def _candidates(reader, table, counts, ends):
    """Phase and class of those that may be pure, the lowest and highest classes first: dict."""
    found = {}
    for code in np.argsort(-np.abs(reader.valences_ - np.mean(reader.valences_)), kind="stable"):
        off = (table["mean_valence"] - reader.valences_[code]).abs()
        named = table["valence"] == reader.classes_[code]
        nearest = off[named].min() if code in ends else 0
        may_be = named & (off <= nearest + _NEAR)
        if may_be.any():
            found[int(np.where(may_be, counts, -1).argmax())] = code
    return found


def _edges_on_common_axis(reader, spectra, axis, shift):
    """Edges of the phases without background, on an axis that is `shift` eV off."""
    edges = extract_edges(
        spectra,
        axis,
        reader.templates_,
        energy=reader.energy_ + shift,
        window=reader.window_,
        max_shift=_REACH,
    )
    return shift_rows(edges.spectra, *_aligned(reader, edges.position - shift))


def _aligned(reader, positions):
    """Axis of aligned edges, and how far from its middle white lines at some positions lie."""
    return aligned_axis(reader.window_), positions - reader.energy_


def _shares(edge, classes):
    """Shares of the edges of the classes in an edge, by least squares without negative ones."""
    shares, _ = nnls(classes.T, edge)
    return shares / max(shares.sum(), 1e-12)


def _write_shares(table, phase, shares, reader):
    """Put the mean valence of a sum into the table, and take the class from what has none."""
    row = table.loc[phase, ["mean_valence", "lower", "upper"]].astype(float)
    half = max(row["mean_valence"] - row["lower"], row["upper"] - row["mean_valence"])
    mean = shares @ reader.valences_
    ends = np.clip([mean - half, mean + half], reader.valences_.min(), reader.valences_.max())
    table.loc[phase, ["mean_valence", "lower", "upper"]] = mean, *ends
    if shares.max() < _PURE:
        table.loc[phase, ["valence", "reason"]] = "unknown", "cannot tell"
