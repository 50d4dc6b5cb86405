"""Train on your own folder
========================

You have measured spectra of known valence and want a reader that was trained on them. This tutorial
goes from folders of files to a reader in a file that can be shared.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import ConfusionMatrixDisplay

from skspectra.datasets import make_featureless_edges, make_l23_spectra
from skspectra.io import read_spectra
from skspectra.models import describe_model, load_model, save_model
from skspectra.readers import ValenceReader

# %%
# Folders
# -------
#
# The name of a folder is the label of its files. Spectra that the reader should refuse
# are in a folder named ``unknown``: other elements, metals, the support film. With
# folders of your own, skip this block. It simulates three compounds of each valence and
# edges without multiplets, each recorded on two days.

energy = np.arange(610, 680, 0.25)
ions = ("Mn2+", "Mn3+", "Mn4+")
instrument = {
    "resolution": (0.6, 1.2),
    "thickness": (0, 0.5),
    "dose": (3000, 100_000),
}
X, y = make_l23_spectra(
    300,
    ions=ions,
    spectral_axis=energy,
    n_points=3,
    shift=(-2, 2),
    **instrument,
    random_state=0,
    return_X_y=True,
)
other = make_featureless_edges(
    20, element="Mn", spectral_axis=energy, random_state=0
)
X = np.concatenate([X, other.data])
y = np.append(y, ["unknown"] * len(other.data))
for label in (*ions, "unknown"):
    for day in (0, 1):
        rows = X[y == label][day::2]
        table = pd.DataFrame(
            rows.T, columns=[f"spectrum {i}" for i in range(len(rows))]
        )
        table.insert(0, "energy_eV", energy)
        Path(label).mkdir(exist_ok=True)
        table.to_csv(Path(label, f"day {day}.csv"), index=False)

# %%
# One command trains and tests
# ----------------------------
#
# .. code-block:: sh
#
#     skspectra train Mn2+ Mn3+ Mn4+ unknown --out manganese.safetensors
#
# It holds files out in turn, prints what the reader says of them, and writes the
# reader. The rest of this page does the same in Python.
#
# Read the files
# --------------
#
# `read_spectra` puts all spectra on one axis. Their names begin with the file they come
# from.

X, y, files = [], [], []
for folder in (*ions, "unknown"):
    for path in sorted(Path(folder).glob("*.csv")):
        rows, names = read_spectra(path, energy)
        X.append(rows)
        y += [folder] * len(rows)
        files += [path.stem] * len(rows)
X, y, files = np.concatenate(X), np.array(y), np.array(files)
print(X.shape, pd.Series(y).value_counts().to_dict())

# %%
# Hold out a day
# --------------
#
# Test on files that the reader has not seen. Spectra of one file are nearly alike, and
# a random split would make the score too good. Better still, hold out whole specimens.

train = files == "day 0"
reader = ValenceReader(random_state=0).fit(
    X[train], y[train], spectral_axis=energy
)
table = reader.read(X[~train], energy)
print(table[["valence", "probability", "reason"]].head())
figure, ax = plt.subplots(figsize=(4.5, 4), layout="constrained")
ConfusionMatrixDisplay.from_predictions(
    y[~train], table["valence"], cmap="Blues", colorbar=False, ax=ax
)
plt.show()

# %%
# Spectra that the reader is not sure of are *unknown*. This is no error, but a reader that
# calls all spectra unknown is of no use. Report both numbers.

named = (table["valence"] != "unknown").to_numpy()
should_be = y[~train] != "unknown"
right = (table["valence"] == y[~train]).to_numpy()
print(
    f"named: {named[should_be].mean():.0%} of the spectra with a valence"
)
print(f"right: {right[named].mean():.0%} of what is named")

# %%
# Save it
# -------
#
# The file holds arrays and text. Reading it runs no code. Add the figures that were
# measured.

figures = {
    "accuracy on day 1": round(reader.score(X[~train], y[~train]), 3)
}
save_model(reader, "manganese.safetensors", figures=figures)
print(describe_model("manganese.safetensors")["figures"])
again = load_model("manganese.safetensors")
print((again.predict(X[:20]) == reader.predict(X[:20])).all())

# %%
# ``skspectra map image.dm4 --model manganese.safetensors`` reads images with it.
#
# Where to go on
# --------------
#
# * :doc:`/how_to/another_element` trains a reader on simulated spectra.
# * :doc:`/how_to/share_a_reader` says what to send with it.
