"""Make the readers of the package again, from nothing, and test them.

Run ``python benchmarks/pretrained.py --out FOLDER`` for all eight, or name some, as in
``python benchmarks/pretrained.py mn-l23 fe-l23``. For each it simulates edges of the element, of
the other elements and of metals, filled shells, single lines and steps, fits a `ValenceReader`,
writes it and a card of its figures (``mn-l23.safetensors``, ``mn-l23.json``) to the folder given
with --out, and prints the figures: of simulated counts from points of the multiplet calculation
that it was not trained with. ``readers.py`` tests them on more, and on measured spectra.
"""

import argparse
import json
from pathlib import Path

import numpy as np

import skspectra
from skspectra._input.files import writing
from skspectra.datasets import make_featureless_edges, make_l23_spectra
from skspectra.datasets._library import l3_maximum
from skspectra.models import load_pretrained, save_model
from skspectra.readers import ValenceReader

VALENCES = {
    "Ti": (3, 4),
    "V": (3, 4, 5),
    "Cr": (2, 3, 6),
    "Mn": (2, 3, 4),
    "Fe": (2, 3),
    "Co": (2, 3),
    "Ni": (2, 3),
    "Cu": (2, 3),
}
AXIS = np.arange(-35, 40, 0.1)  # eV from the nominal L3 maximum
N_PER_CLASS, N_NEXT, N_FAR = 6000, 1000, 333  # of each ion of the element, the next, all others
N_FEATURELESS, N_TESTED = 750, 500  # of each kind, trained on and tested on
N_POINTS, N_TRAINED = 600, 500  # points of each ion, and how many of these are trained on
# without shift, since the reader finds the edge, and with few counts lost to noise, since it counts
# again
INSTRUMENT = {
    "shift": 0,
    "dose": (3000, 100_000),
    "background": 0,
    "residual_background": (-0.05, 0.05),
    "stretch": (-0.06, 0.06),
    "resolution": (0.1, 3.5),
    "n_points": N_POINTS,
}
DOSES = ((10_000, 0), (1000, 1), (1000, 5), (1000, 20), (100, 1), (20, 1))  # counts, background


def ions_of(element):
    return tuple(f"{element}{valence}+" for valence in VALENCES[element])


def energy_of(element):
    return round(np.mean([l3_maximum(ion) for ion in ions_of(element)]), 1)


def simulate(element, n_per_class, seed, **settings):
    """Edges of an element on `AXIS`, their ions, and their points, nan where two points differ."""
    data = make_l23_spectra(
        n_per_class,
        ions=ions_of(element),
        spectral_axis=energy_of(element) + AXIS,
        random_state=seed,
        **INSTRUMENT | settings,
    )
    drawn = data.parameters
    is_new = drawn[["point", "second_point"]] >= N_TRAINED
    alone = drawn["second_share"] == 0
    agree = alone | (is_new["point"] == is_new["second_point"])
    return data.data[agree], data.target[agree], drawn["point"][agree].to_numpy()


def training_set(element):
    """Edges of an element and of what it is to tell them from, labels, and groups."""
    X, y, points = simulate(element, N_PER_CLASS, 0)
    trained = points < N_TRAINED
    known = X[trained], y[trained], np.char.add(y[trained].astype(str), points[trained].astype(str))
    order = list(VALENCES)
    sets = [known]
    for other in order:
        if other != element:
            is_next = abs(order.index(other) - order.index(element)) == 1
            X, _, points = simulate(other, N_NEXT if is_next else N_FAR, 1)
            sets.append(_foreign(X[points < N_TRAINED], other))
    sets.append(_foreign(*featureless(element, N_FEATURELESS, seed=2)))
    return [np.concatenate(parts) for parts in zip(*sets, strict=True)]


def featureless(element, n_per_kind, seed):
    """Edges without multiplets where those of an element lie, and their kinds."""
    return make_featureless_edges(
        n_per_kind,
        element=element,
        spectral_axis=energy_of(element) + AXIS,
        shift=(-3, 3),
        random_state=seed,
        return_X_y=True,
    )


def _foreign(X, groups):
    return X, np.repeat("unknown", len(X)), np.broadcast_to(groups, len(X))


def train(element):
    X, y, groups = training_set(element)
    reader = ValenceReader(random_state=0)
    return reader.fit(X, y, spectral_axis=energy_of(element) + AXIS, groups=groups)


def counted(X, energies, height, background, rng):
    """Edges of height 1 counted on a background that is so many times as high."""
    return rng.poisson(height * np.clip(X + background * energies**-3.3, 0, None))


def figures_of(reader, element):
    """Test on counts of points that were not trained on."""
    rng, axis = np.random.default_rng(0), reader.spectral_axis_
    X, y, points = simulate(element, 3000, 100)
    X, y = X[points >= N_TRAINED], y[points >= N_TRAINED]
    figures = {}
    for height, background in DOSES:
        table = reader.read(counted(X, axis / reader.energy_, height, background, rng), axis)
        figures[f"{height} counts on {background}x background"] = summary(table, y)
    for other in VALENCES:
        if other != element:
            X, _, points = simulate(other, 1000, 101)
            X = X[points >= N_TRAINED]
            table = reader.read(counted(X, axis / reader.energy_, 1000, 1, rng), axis)
            figures[f"{other}, 1000 counts"] = {"refused": share(table["reason"] != "")}
    X, kinds = featureless(element, N_TESTED, seed=102)
    table = reader.read(counted(X, axis / reader.energy_, 1000, 1, rng), axis)
    for kind in ("metal", "d10"):
        figures[f"{kind}, 1000 counts"] = {"refused": share(table["reason"][kinds == kind] != "")}
    return figures


def summary(table, y):
    """Accuracy of all, of what is named, and shares of the reasons."""
    right = table[list(np.unique(y))].idxmax(axis=1) == y
    is_named = table["reason"] == ""
    of_named = {"accuracy of what is named": share(right[is_named])} if is_named.any() else {}
    return {
        "accuracy": share(right),
        **of_named,
        "named": share(is_named),
        "foreign": share(table["reason"] == "foreign"),
    }


def share(flags):
    return round(float(np.mean(flags)), 4)


def write(reader, figures, folder, name):
    save_model(reader, folder / f"{name}.safetensors", figures=figures)
    card = {
        "skspectra": skspectra.__version__,
        "classes": reader.classes_.tolist(),
        "spectral_axis_eV": {
            "start": round(reader.spectral_axis_[0], 1),
            "step": 0.1,
            "n_channels": AXIS.size,
        },
        "kB": round((folder / f"{name}.safetensors").stat().st_size / 1000),
        "training": INSTRUMENT | {"n_per_class": N_PER_CLASS, "points_trained": N_TRAINED},
        "figures": figures,
    }
    with writing(folder / f"{name}.json") as temporary:
        temporary.write_text(json.dumps(card, indent=2) + "\n")


def main():
    names = [f"{element.lower()}-l23" for element in VALENCES]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the readers")
    parser.add_argument("--pretrained", action="store_true", help="test the installed readers")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or names:
        element = name.partition("-")[0].capitalize()
        reader = load_pretrained(name) if options.pretrained else train(element)
        figures = figures_of(reader, element)
        print(f"\n{name}")
        for what, values in figures.items():
            print(
                f"  {what:32}" + "   ".join(f"{key} {value:.3f}" for key, value in values.items())
            )
        if not options.pretrained:
            write(reader, figures, options.out, name)


if __name__ == "__main__":
    main()
