"""Files for ``faults.py``: how valid ones are written, and readers that are slow and strict."""

import contextlib
from collections.abc import Callable
from typing import NamedTuple

import h5py
import numpy as np
from sklearn.linear_model import LogisticRegression

from skspectra.io import read_spectra
from skspectra.io._hyperspy import import_hyperspy
from skspectra.models import load_model, save_model

ENERGY = 630 + 0.5 * np.arange(40)
SPECTRUM = np.round(1000 + 500 * np.exp(-(((ENERGY - 640) / 2) ** 2)), 2)
POINTS = np.array([632.0, 638.25, 640.0, 648.0])
EDGE = np.eye(2, 8).repeat(5, axis=0) + np.arange(8) / 10


def write_text(path):
    lines = [f"{e},{y}" for e, y in zip(ENERGY, SPECTRUM, strict=True)]
    path.write_text("\n".join(["energy_eV,counts", *lines]))


def write_table(path):
    lines = [f"{n},{e},{y}" for n in "ab" for e, y in zip(ENERGY, SPECTRUM, strict=True)]
    path.write_text("\n".join(["sample,energy_eV,counts", *lines]))


def write_msa(path, pairs=False):
    head = {
        "FORMAT": "EMSA/MAS Spectral Data File",
        "NPOINTS": 40,
        "NCOLUMNS": 1,
        "XUNITS": "eV",
        "DATATYPE": "XY" if pairs else "Y",
        "XPERCHAN": 0.5,
        "OFFSET": 630.0,
    }
    values = [f"{e}, {y}" if pairs else f"{y}" for e, y in zip(ENERGY, SPECTRUM, strict=True)]
    lines = [f"#{key:<12}: {value}" for key, value in head.items()]
    path.write_text("\n".join([*lines, "#SPECTRUM    : x", *values, "#ENDOFDATA   : x", ""]))


def write_signal(path):
    hs = import_hyperspy()
    axis = {"name": "Energy", "offset": 630.0, "scale": 0.5, "size": 40, "units": "eV"}
    hs.signals.Signal1D(SPECTRUM, axes=[axis]).save(path, overwrite=True)


def write_npz(path):
    np.savez(path, energy_eV=ENERGY, counts=SPECTRUM)


def write_npy(path):
    np.save(path, np.rec.fromarrays([ENERGY, SPECTRUM], names="energy_eV,counts"))


def write_model(path):
    save_model(LogisticRegression().fit(EDGE, np.repeat([0, 1], 5)), path)


def read_file(path):
    return read_spectra(path, POINTS, outside="edge")[0]


def read_model(path):
    return load_model(path).predict_proba(EDGE)


def strict_text(path):
    """Read the spectra of one energy and one intensity in each line, below titles, strictly."""
    with contextlib.suppress(ValueError):
        _, *lines = path.read_text("latin-1").splitlines()
        groups = {}
        for line in filter(str.strip, lines):
            *name, energy, intensity = line.split(",")
            groups.setdefault(str(name), []).append([float(energy), float(intensity)])
        return np.concatenate([strict_points(np.array(each)) for each in groups.values()])


def strict_msa(path):
    with contextlib.suppress(ValueError, IndexError):
        head, _, body = path.read_text("latin-1").partition("#SPECTRUM")
        lines = [line for line in body.splitlines()[1:] if not line.startswith("#")]
        values = [[float(each) for each in line.split(",")] for line in lines if line.strip()]
        entries = dict(each.strip("#").split(":", 1) for each in head.splitlines() if ":" in each)
        entries = {key.strip(): value.strip() for key, value in entries.items()}
        if len(values[0]) == 1:
            scale, offset = float(entries["XPERCHAN"]), float(entries["OFFSET"])
            axis = offset + scale * np.arange(len(values))
            return strict_points(np.c_[axis, np.array(values)])
        return strict_points(np.array(values))


def strict_npy(path):
    table = np.load(path, allow_pickle=False)
    return strict_points(np.c_[table[table.dtype.names[0]], table[table.dtype.names[1]]])


def strict_signal(path):
    with h5py.File(path) as file:
        signal = file["Experiments/__unnamed__"]
        axis = dict(signal["axis-0"].attrs)
        energies = float(axis["offset"]) + float(axis["scale"]) * np.arange(len(signal["data"]))
        return strict_points(np.c_[energies, signal["data"]])


def strict_emd(path):
    with h5py.File(path) as file:
        signal = file["signals/__unnamed__"]
        first, second = signal["dim1"][:2]
        energies = first + (second - first) * np.arange(len(signal["data"]))
        return strict_points(np.c_[energies, signal["data"]])


def strict_nexus(path):
    with h5py.File(path) as file:
        signal = file["entry1/unnamed__0"]
        return strict_points(np.c_[signal["Energy"], signal["data"]])


def strict_points(points):
    axis = np.unique(points[:, 0])
    means = [points[points[:, 0] == energy, 1].mean() for energy in axis]
    return np.interp(POINTS, axis, means)[None]


class Subject(NamedTuple):
    """What is damaged and read."""

    ending: str
    write: Callable  # a valid file
    read: Callable
    strict: Callable | None  # reader, if changes can show


SUBJECTS = {
    "text, two columns": Subject(".csv", write_text, read_file, strict_text),
    "text, long table": Subject(".txt", write_table, read_file, strict_text),
    "msa": Subject(".msa", write_msa, read_file, strict_msa),
    "msa, pairs": Subject(".msa", lambda path: write_msa(path, pairs=True), read_file, strict_msa),
    "npz": Subject(".npz", write_npz, read_file, None),
    "npy": Subject(".npy", write_npy, read_file, strict_npy),
    "hspy": Subject(".hspy", write_signal, read_file, strict_signal),
    "nexus": Subject(".nxs", write_signal, read_file, strict_nexus),
    "emd": Subject(".emd", write_signal, read_file, strict_emd),
    "load_model": Subject(".safetensors", write_model, read_model, None),
}
