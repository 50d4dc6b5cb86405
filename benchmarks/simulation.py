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
REPULSION = 1e6  # eV; keeps edrixs from moving a second electron from the ligands
NIO = {"delta": 4.7, "delta_final": 3.5, "v_eg": 2.06, "v_t2g": 1.21}
POINTS = [  # ion, 10Dq in eV, reduction of the Slater integrals, ligands
    ("Ti4+", 1.8, 0.8, {}),
    ("Ni2+", 1.1, 0.8, {}),
    ("Mn4+", 2.4, 0.6, {}),
    ("Mn3+", 1.8, 0.6, {}),
    ("Mn2+", 0.9, 0.8, {}),
    ("Ni2+", 0.56, 0.8, NIO),
    ("Co2+", 0.6, 0.8, NIO),
]


def edrixs_sticks(ion, ten_dq, reduction, ligands):
    """Energies and weights by edrixs with full matrices and the same atomic values."""
    atom = atomic_values(ion)
    reduced = {
        state: {name: reduction * value for name, value in atom[state].items()}
        for state in ("initial", "final")
    }
    solve = edrixs_with_ligands if ligands else edrixs_alone
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        low, high, dipole = solve(atom, reduced, ten_dq, **ligands)
    population = np.exp((low[0] - low) / (8.617333262e-5 * TEMPERATURE))
    weights = (np.abs(dipole) ** 2).sum(axis=0) * population
    energies = high[:, None] - low
    kept = weights > 1e-9 * weights.sum()
    return energies[kept], weights[kept]


def edrixs_slater(reduced, repulsion=0.0, attraction=0.0):
    import edrixs

    lists = []
    for values in reduced.values():
        f2, f4 = values["F2dd"], values["F4dd"]
        lists.append([repulsion + edrixs.get_F0("d", f2, f4), f2, f4])
    f2, g1, g3 = (reduced["final"][name] for name in ("F2pd", "G1pd", "G3pd"))
    lists[1] += [attraction + edrixs.get_F0("dp", g1, g3), f2, g1, g3]
    return tuple(lists)


def edrixs_alone(atom, reduced, ten_dq):
    import edrixs

    return edrixs.ed_1v1c_py(
        ("d", "p"),
        v_soc=(atom["initial"]["zeta_3d"], atom["final"]["zeta_3d"]),
        c_soc=atom["final"]["zeta_2p"],
        v_noccu=atom["n_d"],
        slater=edrixs_slater(reduced),
        v_cfmat=edrixs.cf_cubic_d(ten_dq),
    )


def edrixs_with_ligands(atom, reduced, ten_dq, delta, delta_final, v_eg, v_t2g):
    import edrixs
    from edrixs import models, solvers

    attraction = REPULSION + delta - delta_final
    levels = {
        "": models.CT_imp_bath(REPULSION, delta, atom["n_d"]),
        "_n": models.CT_imp_bath_core_hole(REPULSION, attraction, delta, atom["n_d"])[:2],
    }
    real_orbitals = edrixs.tmat_c2r("d", True)  # z2, zx, zy, x2-y2, xy with both spins
    one_electron = {}
    for (suffix, (of_3d, of_ligands)), state in zip(levels.items(), reduced, strict=True):
        field = edrixs.cf_cubic_d(ten_dq) + edrixs.atom_hsoc("d", atom[state]["zeta_3d"])
        field = edrixs.cb_op(field, real_orbitals)
        one_electron[f"imp_mat{suffix}"] = field + of_3d * np.eye(10)
        one_electron[f"bath_level{suffix}"] = np.full((1, 10), of_ligands, complex)
    problem = models.model_siam(
        ("d", "p"),
        1,
        v_noccu=atom["n_d"] + 10,
        c_soc=atom["final"]["zeta_2p"],
        trans_c2n=real_orbitals,
        hyb=np.repeat([v_eg, v_t2g, v_t2g, v_eg, v_t2g], 2).astype(complex)[None],
        slater=edrixs_slater(reduced, REPULSION, attraction),
        **one_electron,
    )
    *hamiltonians, dipole = solvers.get_ops(*problem[:7], backend="dense")
    (low, initial), (high, final) = (np.linalg.eigh(np.asarray(h)) for h in hamiltonians)
    few = low < low[0] + 20 * 8.617333262e-5 * TEMPERATURE
    return low[few], high, [final.conj().T @ np.asarray(d) @ initial[:, few] for d in dipole]


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
    peers = {"exact": (ours_exactly, 3)}
    try:
        import edrixs  # noqa: F401

        peers["edrixs"] = (edrixs_sticks, 2)
    except ImportError:
        print("edrixs is not installed: only exact diagonalisation is compared with.")
    print("\nOne stick spectrum: time, and the largest difference relative to the highest line")
    print(f"{'ion':14}{'Lanczos':>12}" + "".join(f"{n:>12}{'ratio':>8}{'diff':>10}" for n in peers))
    for point in POINTS:
        ours(*point)  # builds the operators, once for each d^n
        sticks, taken = timed(ours, *point)
        found = spectrum(*sticks)
        line = f"{point[0] + ' ligands' * bool(point[3]):14}{1e3 * taken:9.1f} ms"
        for solve, repeats in peers.values():
            sticks, peers_time = timed(solve, *point, repeats=repeats)
            difference = np.abs(spectrum(*sticks) - found).max() / found.max()
            line += f"{1e3 * peers_time:9.1f} ms{peers_time / taken:8.1f}{difference:10.1e}"
        print(line)


def ours(ion, ten_dq, reduction, ligands):
    return stick_spectrum(ion, ten_dq, reduction, **ligands)


def ours_exactly(ion, ten_dq, reduction, ligands):
    return stick_spectrum(ion, ten_dq, reduction, **ligands, n_lanczos=None)


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
