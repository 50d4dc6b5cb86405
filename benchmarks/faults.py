"""Damaged files, full disks and kills: what is refused, read, wrong, crashed or hung.

Every reader gets files of random bytes and valid files with a few bytes changed, taken out, put in
or cut off; seeds are fixed. A worker process reads them, so that a crash and a hang are seen. What
is read from a changed file is compared with a reader that is slow and strict, or with the file
before it was changed; it is wrong where it is neither.
"""

import argparse
import contextlib
import multiprocessing
import os
import resource
import signal
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

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
OUTCOMES = ("refused", "same", "as the file says", "wrong", "crashed", "hung")
PATIENCE = 20  # seconds
MEMORY = 4 << 30  # bytes; what wants more than the file is worth fails


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


# Ending, how a valid file is written, how it is read, and a strict reader if changes can show.
SUBJECTS = {
    "text, two columns": (".csv", write_text, read_file, strict_text),
    "text, long table": (".txt", write_table, read_file, strict_text),
    "msa": (".msa", write_msa, read_file, strict_msa),
    "msa, pairs": (".msa", lambda path: write_msa(path, pairs=True), read_file, strict_msa),
    "npz": (".npz", write_npz, read_file, None),
    "npy": (".npy", write_npy, read_file, strict_npy),
    "hspy": (".hspy", write_signal, read_file, strict_signal),
    "nexus": (".nxs", write_signal, read_file, strict_nexus),
    "emd": (".emd", write_signal, read_file, strict_emd),
    "load_model": (".safetensors", write_model, read_model, None),
}


def mutate(content, rng):
    """Change a few bytes, take some out, put some in, repeat some, or cut the end off."""
    content = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(content))) if content else 0
        length = int(rng.integers(1, 1 + max(1, len(content) // 8)))
        kind = rng.integers(6)
        if kind == 0 and content:
            content[at] ^= 1 << int(rng.integers(8))
        elif kind == 1 and content:
            content[at] = rng.integers(256)
        elif kind == 2:
            del content[at : at + length]
        elif kind == 3:
            content[at:at] = rng.bytes(length % 16)
        elif kind == 4:
            content[at:at] = content[at : at + length]
        else:
            del content[at:]
    return bytes(content)


def serve(pipe):
    """Read files until there are no more, and say what came of each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    while (task := pipe.recv()) is not None:
        name, path = task
        try:
            pipe.send((None, SUBJECTS[name][2](Path(path))))
        except (OSError, ValueError) as error:
            pipe.send(("refused", str(error)))
        except BaseException as error:
            pipe.send(("crashed", f"{type(error).__name__}: {error}"))


class Worker:
    """A process that reads, started again when it died or hung."""

    def __init__(self):
        self.process = None

    def ask(self, name, path):
        if self.process is None:
            self.pipe, other = multiprocessing.Pipe()
            self.process = multiprocessing.get_context("fork").Process(target=serve, args=(other,))
            self.process.start()
            other.close()
        self.pipe.send((name, str(path)))
        try:
            if self.pipe.poll(PATIENCE):
                return self.pipe.recv()
            outcome = "hung"
        except EOFError:
            outcome = "crashed"
        self.process.kill()
        self.process = None
        return outcome, "the process"

    def close(self):
        if self.process is not None:
            self.pipe.send(None)
            self.process.join()


def judge(name, path, found, original):
    """Say whether what was read is the same as before or what the file says, or wrong."""
    if found.shape == original.shape and np.allclose(found, original, rtol=1e-6, equal_nan=True):
        return "same"
    strict = SUBJECTS[name][3]
    expected = strict(path) if strict else None
    fits = expected is not None and found.shape == expected.shape
    return "as the file says" if fits and np.allclose(found, expected, rtol=1e-6) else "wrong"


def campaign(name, count, folder, show):
    """Count what comes of random and of changed files of a format."""
    ending, write, read, _ = SUBJECTS[name]
    valid = folder / f"valid{ending}"
    write(valid)
    original, content = read(valid), valid.read_bytes()
    worker, counts = Worker(), {}
    for kind in ("random", "changed"):
        rng = np.random.default_rng(0)
        counts[kind] = Counter()
        for _ in range(count):
            path = folder / f"file{ending}"
            data = rng.bytes(int(rng.integers(2000))) if kind == "random" else mutate(content, rng)
            path.write_bytes(data)
            outcome, found = worker.ask(name, path)
            outcome = outcome or judge(name, path, found, original)
            counts[kind][outcome] += 1
            if outcome in ("wrong", "crashed", "hung") and show:
                kept = folder / f"{name.replace(' ', '_')}_{kind}_{sum(counts[kind].values())}"
                kept.write_bytes(data)
                print(f"  {outcome}: {kept}: {str(found)[:200]}")
    worker.close()
    return counts


def kills(count, folder):
    """Count outcomes for models that are replaced by a process which is killed at any time."""
    path, counts = folder / "killed.safetensors", Counter()
    write_model(path)
    expected = read_model(path)
    rng = np.random.default_rng(0)
    for _ in range(count):
        child = os.fork()
        if not child:
            with contextlib.suppress(BaseException):
                while True:
                    write_model(path)
            os._exit(0)
        time.sleep(rng.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        counts["same" if np.allclose(read_model(path), expected) else "wrong"] += 1
    return counts


def full_disk(folder):
    """Count the outcome for a model that is larger than a file may be."""
    counts = Counter()
    path = folder / "full.safetensors"
    write_model(path)
    before = path.read_bytes()
    child = os.fork()
    if not child:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        try:
            write_model(path)
        except OSError:
            os._exit(0)
        except BaseException:
            os._exit(1)
        os._exit(2)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    leftover = [each for each in folder.iterdir() if each.name.startswith(".full")]
    whole = path.read_bytes() == before and not leftover
    counts["refused" if status == 0 and whole else "wrong" if status == 0 else "crashed"] += 1
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="files of each kind and format")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--only", choices=SUBJECTS, help="one format")
    parser.add_argument("--show", action="store_true", help="print and keep what is not refused")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{'':28}" + "".join(f"{outcome:>18}" for outcome in OUTCOMES))
    folder = Path(tempfile.mkdtemp(prefix="faults"))
    for name in [options.only] if options.only else SUBJECTS:
        for kind, counts in campaign(name, options.count, folder, options.show).items():
            print_row(f"{name}, {kind}", counts)
    if not options.only:
        print_row("model, killed while saved", kills(options.kills, folder))
        print_row("model, disk full", full_disk(folder))


def print_row(name, counts):
    print(f"{name:28}" + "".join(f"{counts[outcome]:18}" for outcome in OUTCOMES), flush=True)


if __name__ == "__main__":
    main()
