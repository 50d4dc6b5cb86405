"""Endmembers and maps of each way of unmixing, on a simulated image and on two measured ones."""

import argparse
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import NMF, FastICA
from sklearn.mixture import GaussianMixture
from unmixing import ENERGY, simulate

from skspectra.io import to_matrix
from skspectra.io._hyperspy import import_hyperspy
from skspectra.unmixing import NFINDR, MinimumVolumeUnmixer, PoissonPCA


def clustered(model):
    def unmix(X):
        labels = model.fit_predict(PoissonPCA(5).fit_transform(X))
        memberships = np.eye(3)[labels]
        return memberships.T @ X / np.maximum(memberships.sum(axis=0), 1)[:, None], memberships

    return unmix


def decomposed(model):
    def unmix(X):
        shares = model.fit_transform(X)
        return model.components_, shares

    return unmix


COLORS = ("#0072B2", "#D55E00", "#009E73")
METHODS = {
    "minimum volume": decomposed(MinimumVolumeUnmixer(3)),
    "N-FINDR": decomposed(NFINDR(3, poisson=True, denoise=True)),
    "NMF": decomposed(NMF(3, init="nndsvda", max_iter=500)),
    "Poisson PCA": decomposed(PoissonPCA(3)),
    "ICA": decomposed(FastICA(3, random_state=0)),
    "k-means": clustered(KMeans(3, n_init=3, random_state=0)),
    "Gaussian mixture": clustered(GaussianMixture(3, random_state=0)),
}


def images(folder):
    """Rows of each image, its axis and its shape."""
    _, shares, pure = simulate(100, 48)
    three = shares[:, :3] / shares[:, :3].sum(axis=1, keepdims=True)
    counts = np.random.default_rng(0).poisson(three @ pure[:3]).astype(float)
    yield "simulated", counts, ENERGY, (48, 48)
    for name in ("cuzn_spectrum_image", "lsmo_linescan"):
        signal = import_hyperspy().load(folder / f"{name}.hspy")
        X, axis, shape = to_matrix(signal)
        yield name, np.asarray(X, dtype=float), axis, (*shape, 1)[:2]


def draw(folder, out):
    plt.rcParams.update({"font.size": 14, "axes.prop_cycle": plt.cycler(color=COLORS)})
    figure = plt.figure(figsize=(13, 2.0 * len(METHODS)), layout="constrained")
    columns = figure.subfigures(1, 3)
    for column, (name, X, axis, shape) in zip(columns, images(folder), strict=True):
        column.suptitle(name)
        grid = column.subplots(len(METHODS), 4, width_ratios=[2, 1, 1, 1])
        for line, (method, unmix) in zip(grid, METHODS.items(), strict=True):
            components, shares = unmix(X)
            for i, spectrum in enumerate(components):
                line[0].plot(axis, spectrum / np.abs(spectrum).max() - 1.2 * i, linewidth=0.8)
                line[i + 1].imshow(shares[:, i].reshape(shape), aspect="auto", interpolation="none")
                line[i + 1].set(xticks=[], yticks=[])
            line[0].set(yticks=[], ylabel=method)
            line[0].locator_params(axis="x", nbins=3)
            line[0].margins(x=0)
        line[0].set_xlabel("Energy loss (eV)")
    figure.savefig(out, dpi=80)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the two measured images are")
    parser.add_argument("--out", default="unmixing.png", help="the figure")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    draw(arguments.folder, arguments.out)
