"""Simulated L2,3 edges: agreement with exact diagonalisation and with edrixs, and the time taken.

Run ``OMP_NUM_THREADS=1 python benchmarks/simulation.py``; ``--quick`` for a tenth of the spectra.
edrixs is compared with where it is installed (``pip install edrixs``).
"""

import argparse
import contextlib
import io
import os
import tempfile
import time
import warnings

import numpy as np

from skspectra.datasets import make_l23_spectra
from skspectra.datasets._atoms import atomic_values
from skspectra.datasets.multiplet import broaden, stick_spectrum

AXIS = np.arange(-15, 25, 0.05)  # eV from the centroid
TEMPERATURE = 300.0
POINTS = {"Ti4+": (1.8, 0.8), "Ni2+": (1.1, 0.8), "Mn4+": (2.4, 0.6), "Mn3+": (1.8, 0.6)}
POINTS |= {"Mn2+": (0.9, 0.8)}  # 10Dq in eV, reduction of the Slater integrals


def edrixs_sticks(ion, ten_dq, reduction):
    """Energies and weights by edrixs' dense solver, with the same atomic values."""
    import edrixs

    atom = atomic_values(ion)
    initial, final = ({n: reduction * v for n, v in atom[c].items()} for c in ("initial", "final"))

    def repulsion(values):
        f2, f4 = values["F2dd"], values["F4dd"]
        return [edrixs.get_F0("d", f2, f4), f2, f4]

    g1, g3 = final["G1pd"], final["G3pd"]
    attraction = [edrixs.get_F0("dp", g1, g3), final["F2pd"], g1, g3]
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        low, high, dipole = edrixs.ed_1v1c_py(
            ("d", "p"),
            v_soc=(atom["initial"]["zeta_3d"], atom["final"]["zeta_3d"]),
            c_soc=atom["final"]["zeta_2p"],
            v_noccu=atom["n_d"],
            slater=(repulsion(initial), repulsion(final) + attraction),
            v_cfmat=edrixs.cf_cubic_d(ten_dq),
        )
    population = np.exp((low[0] - low) / (8.617333262e-5 * TEMPERATURE))
    weights = (np.abs(dipole) ** 2).sum(axis=0) * population
    energies = high[:, None] - low
    kept = weights > 1e-9 * weights.sum()
    return energies[kept], weights[kept]


def spectrum(energies, weights):
    """Lines of 0.3 eV in a resolution of 0.4 eV, from the centroid, per unit of weight."""
    weights = weights / weights.sum()
    return broaden(energies - weights @ energies, weights, AXIS, l2_width=0.3, l3_width=0.3)


def timed(function, *arguments, repeats=3, **options):
    """Return a result and the least of a few times, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function(*arguments, **options)
        times.append(time.perf_counter() - start)
    return result, min(times)


def compare_solvers():
    peers = {"exact": (lambda *point: stick_spectrum(*point, n_lanczos=None), 3)}
    try:
        import edrixs  # noqa: F401

        peers["edrixs"] = (edrixs_sticks, 1)
    except ImportError:
        print("edrixs is not installed: only exact diagonalisation is compared with.")
    print("\nOne stick spectrum: time, and the largest difference relative to the highest line")
    print(f"{'ion':8}{'Lanczos':>12}" + "".join(f"{n:>12}{'ratio':>8}{'diff':>10}" for n in peers))
    for ion, (ten_dq, reduction) in POINTS.items():
        stick_spectrum(ion, ten_dq, reduction)  # builds the operators, once for each d^n
        sticks, ours = timed(stick_spectrum, ion, ten_dq, reduction)
        found = spectrum(*sticks)
        line = f"{ion:8}{1e3 * ours:9.1f} ms"
        for solve, repeats in peers.values():
            sticks, taken = timed(solve, ion, ten_dq, reduction, repeats=repeats)
            difference = np.abs(spectrum(*sticks) - found).max() / found.max()
            line += f"{1e3 * taken:9.1f} ms{taken / ours:8.1f}{difference:10.1e}"
        print(line)


def time_training_set(n_per_class, n_points):
    print(f"\nThree classes of {n_per_class} spectra at {n_points} parameter points each")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SKSPECTRA_CACHE"] = folder
        for name in ("nothing kept", "sticks from the cache"):
            _, taken = timed(make_l23_spectra, n_per_class, n_points=n_points, repeats=1)
            print(f"{name:24}{taken:8.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the spectra")
    share = 10 if parser.parse_args().quick else 1
    compare_solvers()
    time_training_set(3000 // share, 300 // share)
