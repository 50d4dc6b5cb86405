"""Time of reading text of 200 000 lines onto an axis, against pandas reading the same table."""

import argparse
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from skspectra.io import read_spectra

AXIS = np.linspace(10, 1900, 700)


def write_tables(folder, n_lines):
    """Yield what each table is, where it is, and how pandas reads it."""
    rng = np.random.default_rng(0)
    energies = np.linspace(0, 2000, n_lines)
    counts = rng.poisson(5000, n_lines)

    def write(name, lines, **options):
        path = folder / f"{name.replace(' ', '_').replace(',', '')}.txt"
        path.write_text("\n".join(lines))
        return name, path, options

    points = [(f"{e:.4f}", f"{y}.5") for e, y in zip(energies, counts, strict=True)]
    lines = ["energy_eV\tcounts", *("\t".join(point) for point in points)]
    yield write("two columns", lines, sep="\t")
    comma = ["energy_eV;counts", *(";".join(point).replace(".", ",") for point in points)]
    yield write("decimal comma", comma, sep=";", decimal=",")
    spaces = ["   ".join(point) for point in points]
    yield write("spaces, no titles", spaces, sep=r"\s+", header=None)
    grouped = [f"{e:.4f}\t{y:,}" for e, y in zip(energies, counts, strict=True)]
    yield write("thousands", ["energy_eV\tcounts", *grouped], sep="\t", thousands=",")
    each = energies[::200]
    long = [f"s{i // len(each)},{each[i % len(each)]:.4f},{y}" for i, y in enumerate(counts)]
    yield write("200 spectra, long", ["sample,energy_eV,counts", *long], sep=",")
    wide = rng.poisson(100, (n_lines // 100, 100))
    lines = [
        ",".join(map(str, [energy, *row]))
        for energy, row in zip(energies[::100], wide, strict=True)
    ]
    titles = ",".join(["energy_eV", *(f"s{i}" for i in range(100))])
    yield write("100 spectra, wide", [titles, *lines], sep=",")


def best_of(function, repeats):
    """Shortest time of a few calls, in milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(1e3 * (time.perf_counter() - start))
    return min(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{'':20}{'pandas, ms':>12}{'skspectra, ms':>15}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for name, path, how in write_tables(Path(folder), options.lines):
            peer = best_of(lambda path=path, how=how: pd.read_csv(path, **how), options.repeats)
            own = best_of(
                lambda path=path: read_spectra(path, AXIS, outside="edge"), options.repeats
            )
            print(f"{name:20}{peer:12.1f}{own:15.1f}{own / peer:8.1f}")


if __name__ == "__main__":
    main()
