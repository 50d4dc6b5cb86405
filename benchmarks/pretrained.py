"""Make the trained Mn classifier of the package again, from nothing, and test it.

Run ``python benchmarks/pretrained.py --spectra FOLDER --out FOLDER``. It simulates, trains, writes
``mn-l23.safetensors`` and ``mn-l23.json`` to the folder given with --out, and prints how the model
reads simulated spectra from multiplet parameters that it was not trained with, how often it refuses
other elements and noise and, with --spectra, how it reads the measured spectra that
``real_spectra.py`` reads. ``--pretrained`` tests the model that is installed instead.

Beside Mn the nets are shown both neighbours, Cr and Fe, as spectra of no class. That is how they
come to refuse these (without, NoveltyRejector refused 0.15 and 0.09 of them), and over twice five
seeds it also took single nets from 0.93 to 0.96 of the MnO to 0.97 to 0.98, the ensembles from 0.93
and 0.96 to 0.98 and 0.99.

The measured spectra are no independent test of this model: its form was chosen with their figures
in view. Published nets that see 50 eV read 0.94 of the MnO, invariant ones 0.96. Nets with twice as
many filters, or three times as many training spectra and points, read new simulated spectra as well
or better, but published ones worse (0.77 to 0.92). What is simulated and how the nets are trained
is as in ``real_spectra.py``.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from real_spectra import IONS, NET, WIDE, line_scan, literature, manganese_oxide, recalls
from sklearn.pipeline import make_pipeline

import skspectra
from skspectra._input.files import writing
from skspectra._numerics.interpolation import resample_rows
from skspectra.datasets import make_l23_spectra
from skspectra.io import read_spectra
from skspectra.models import load_pretrained, save_model
from skspectra.neural import FullyConvClassifier
from skspectra.preprocessing import PowerLawBackground, SpectralCrop, SpectrumNormalizer
from skspectra.uncertainty import EnsembleClassifier, NoveltyRejector

NAME = "mn-l23"
SEEN = (625, 675)  # holds the L3 line, however far off it is
MN_START = 635  # of the axis on which Mn is simulated by default
MEASURED = {"shift": (-12, 12)}  # 10, and some more: what lies at the end of a range is novel
N_POINTS = 300
TRAINING = {"n_per_class": 3000, "n_points": N_POINTS, "random_state": 0, **MEASURED}
TRAINED = {"graph": "invariant", "max_epochs": 40, **NET}
N_MEMBERS = 5
N_CLUSTERS = 8  # 3 would save 13 kB and refuse 0.88 in place of 0.95 of Ti
OTHERS = {
    "V": ("V3+", "V4+"),
    "Ti": ("Ti3+", "Ti4+"),
    "Cr": ("Cr2+", "Cr3+"),
    "Fe": ("Fe2+", "Fe3+"),
    "Co": ("Co2+", "Co3+"),
    "Ni": ("Ni2+", "Ni3+"),
}


TITANATE = {  # start of an axis, where the background is fitted, how far below Mn, in eV
    "O K": (480, (490, 520), 112),
    "Ti L2,3": (400, (415, 445), 183),
}
SHOWN = ("Cr", "Fe")  # as spectra of no class
COUNTEREXAMPLES = {"n_per_class": 1000, "n_points": 60, "random_state": 0, **MEASURED}


def train():
    """Fit the ensemble and what knows its spectra."""
    X, y = make_l23_spectra(ions=IONS, spectral_axis=WIDE, return_X_y=True, **TRAINING)
    others = [another_element(OTHERS[each], **COUNTEREXAMPLES).data for each in SHOWN]
    X = np.concatenate([X, *others])
    y = np.append(y, ["unknown"] * (len(X) - len(y)))
    net = FullyConvClassifier(**TRAINED)
    ensemble = EnsembleClassifier(net, N_MEMBERS, random_state=0)
    pipeline = make_pipeline(
        SpectralCrop(SEEN, spectral_axis=WIDE),
        SpectrumNormalizer(),
        ensemble,
    )
    return NoveltyRejector(pipeline, n_clusters=N_CLUSTERS).fit(X, y)


def new_points(data, n_trained):
    """Which simulated spectra are of points of the multiplet calculation not trained on."""
    points = data.parameters[["point", "second_point"]].fillna(n_trained)
    return (points >= n_trained).all(axis=1).to_numpy()


def held_out():
    """Spectra of Mn from new points."""
    n_points = N_POINTS + 100
    data = make_l23_spectra(
        2000, ions=IONS, spectral_axis=WIDE, n_points=n_points, random_state=1, **MEASURED
    )
    new = new_points(data, N_POINTS)
    return data.data[new], data.target[new]


def variants(X):
    """Measured spectra as other calibrations would have recorded them."""
    for shift in (-5, 0, 5):
        yield f"{shift:+d} eV", resample_rows(X, WIDE + shift, WIDE, outside="edge")
    for stretch in (-0.05, 0.05):
        axis = 642 + (WIDE - 642) * (1 + stretch)
        yield f"dispersion {stretch:+.0%}", resample_rows(X, axis, WIDE, outside="edge")


def another_element(ions, **simulation):
    """Spectra of another element, moved to where Mn is."""
    nominal = make_l23_spectra(1, ions=ions, n_points=1).spectral_axis
    axis = WIDE - MN_START + nominal[0]
    return make_l23_spectra(ions=ions, spectral_axis=axis, **simulation)


def others_held_out(ions):
    """Spectra of another element from points that no net was shown."""
    n_shown = COUNTEREXAMPLES["n_points"]
    data = another_element(
        ions, n_per_class=1000, n_points=n_shown + 60, random_state=2, **MEASURED
    )
    return data.data[new_points(data, n_shown)]


def titanate(folder, start, pre_edge, below_mn):
    """Read an edge of SrTiO3 without background, moved to within 8 eV of where Mn is."""
    wide = start + 0.25 * np.arange(500)
    X, _ = read_spectra(folder / "sto_core_loss.dm3", wide)
    moved = wide + below_mn
    X = PowerLawBackground(pre_edge, spectral_axis=wide).fit_transform(X)
    return np.concatenate(
        [resample_rows(X, moved + shift, WIDE, outside="edge") for shift in range(-8, 9)]
    )


def figures_of(model, X, y):
    predicted = model.predict(X)
    return {
        "accuracy": float(np.mean(predicted == y)),
        **{f"recall {ion}": float(recall) for ion, recall in recalls(model, X, y).items()},
        "refused": float(np.mean(model.novelty(X) > 1)),
    }


def test(model, folder):
    """Figures by name of the spectra."""
    noise = np.random.default_rng(0).normal(size=(200, WIDE.size))
    figures = {
        "simulated, held out": figures_of(model, *held_out()),
        "pure noise": {"refused": float(np.mean(model.novelty(noise) > 1))},
    }
    for element, ions in OTHERS.items():
        X = others_held_out(ions)
        name = f"simulated {element}, {'shown' if element in SHOWN else 'never shown'}"
        figures[name] = {"refused": float(np.mean(model.novelty(X) > 1))}
    if folder is None:
        return figures
    for name, read in (("literature", literature), ("MnO, acquired", manganese_oxide)):
        X, y = read(folder)
        figures |= {f"{name}, {how}": figures_of(model, x, y) for how, x in variants(X)}
    for edge, (start, pre_edge, below_mn) in TITANATE.items():
        X = titanate(folder, start, pre_edge, below_mn)
        figures[f"{edge} of SrTiO3, moved"] = {"refused": float(np.mean(model.novelty(X) > 1))}
    X = line_scan(folder)
    share = model.predict_proba(X).mean(axis=0)
    figures["LSMO line scan"] = {
        **{f"probability {ion}": float(p) for ion, p in zip(model.classes_, share, strict=True)},
        "refused": float(np.mean(model.novelty(X) > 1)),
    }
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spectra", type=Path, help="folder of measured spectra")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the model")
    parser.add_argument("--pretrained", action="store_true", help="test the installed model")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    model = load_pretrained(NAME) if options.pretrained else train()
    figures = test(model, options.spectra)
    for name, values in figures.items():
        print(f"{name:28}" + "   ".join(f"{what} {value:.3f}" for what, value in values.items()))
    if options.pretrained:
        return
    save_model(model, options.out / f"{NAME}.safetensors")
    card = {
        "skspectra": skspectra.__version__,
        "ions": IONS,
        "spectral_axis_eV": {"start": WIDE[0], "step": 0.1, "n_channels": WIDE.size},
        "training": TRAINING,
        "counterexamples": {"elements": SHOWN, **COUNTEREXAMPLES},
        "net": TRAINED,
        "n_members": N_MEMBERS,
        "figures": figures,
    }
    with writing(options.out / f"{NAME}.json") as temporary:
        temporary.write_text(json.dumps(card, indent=2) + "\n")


if __name__ == "__main__":
    main()
