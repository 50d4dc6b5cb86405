"""The theory against numbers that others published or that follow without a computer."""

from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspectra.datasets import _operators as ops
from skspectra.datasets._atoms import atomic_values
from skspectra.datasets._broadening import edge_split
from skspectra.datasets.multiplet import stick_spectrum

BY_N = {1: "Ti3+", 2: "V3+", 3: "Cr3+", 4: "Mn3+", 5: "Mn2+", 6: "Fe2+", 7: "Co2+", 8: "Ni2+"}
BY_N |= {9: "Cu2+"}
DECOUPLED = {"slater_reduction_pd": 0.0, "spin_orbit_2p": 20.0, "n_lanczos": 40}


def initial_hamiltonian(ion, ten_dq, reduction, spin_orbit_3d=1.0):
    values = atomic_values(ion)
    dets, atom = ops.determinants(6, values["n_d"]), values["initial"]
    one_electron = spin_orbit_3d * atom["zeta_3d"] * ops.spin_orbit(ops.D_SHELL)
    one_electron += ten_dq * ops.crystal_field()["ten_dq"]
    repulsion = atom["F2dd"] * ops.coulomb_dd(2, dets) + atom["F4dd"] * ops.coulomb_dd(4, dets)
    return (reduction * repulsion + ops.one_body(one_electron, dets, dets)).toarray()


def ground_states(hamiltonian):
    energies, states = np.linalg.eigh(hamiltonian)
    return states[:, energies < energies[0] + 1e-6]


def mean(states, operator):
    return np.trace(states.T @ operator @ states) / states.shape[1]


@cache
def squared_momenta(n_d):
    """Matrices of L^2, S^2 and J^2 from ladder operators of single electrons."""
    raising = {"l": np.zeros((16, 16)), "s": np.zeros((16, 16))}
    along_z = {"l": np.zeros((16, 16)), "s": np.zeros((16, 16))}
    for i, (shell, m, two_s) in enumerate(ops.ORBITALS):
        along_z["l"][i, i], along_z["s"][i, i] = m, two_s / 2
        for j, (shell_below, m_below, two_s_below) in enumerate(ops.ORBITALS):
            if shell != shell_below:
                continue
            if (m, two_s) == (m_below + 1, two_s_below):
                raising["l"][i, j] = np.sqrt(shell * (shell + 1) - m * m_below)
            if (m, two_s) == (m_below, two_s_below + 2):
                raising["s"][i, j] = 1
    for parts in (raising, along_z):
        parts["j"] = parts["l"] + parts["s"]
    dets = ops.determinants(6, n_d)
    squares = []
    for name in "lsj":
        up = ops.one_body(raising[name], dets, dets).toarray()
        z = ops.one_body(along_z[name], dets, dets).toarray()
        squares.append(up @ up.T + z @ z - z)
    return squares


@pytest.mark.parametrize(
    ("n_d", "orbital", "spin", "total"),
    [  # 2D3/2 3F2 4F3/2 5D0 6S5/2 5D4 4F9/2 3F4 2D5/2
        (1, 2, 0.5, 1.5),
        (2, 3, 1.0, 2.0),
        (3, 3, 1.5, 1.5),
        (4, 2, 2.0, 0.0),
        (5, 0, 2.5, 2.5),
        (6, 2, 2.0, 4.0),
        (7, 3, 1.5, 4.5),
        (8, 3, 1.0, 4.0),
        (9, 2, 0.5, 2.5),
    ],
)
def test_free_ions_have_hunds_ground_states(n_d, orbital, spin, total):
    l_squared, s_squared, j_squared = squared_momenta(n_d)
    term = ground_states(initial_hamiltonian(BY_N[n_d], 0, 1, spin_orbit_3d=0))
    assert term.shape[1] == (2 * orbital + 1) * (2 * spin + 1)
    assert_allclose(mean(term, l_squared), orbital * (orbital + 1), atol=1e-9)
    assert_allclose(mean(term, s_squared), spin * (spin + 1), atol=1e-9)
    level = ground_states(initial_hamiltonian(BY_N[n_d], 0, 1))
    assert level.shape[1] == 2 * total + 1
    assert_allclose(mean(level, j_squared), total * (total + 1), atol=1e-9)


@pytest.mark.parametrize(
    ("n_d", "c_per_b", "crossing"), [(4, 4.61, 27), (5, 4.477, 28), (6, 4.8, 20), (7, 4.633, 22)]
)
def test_spins_pair_at_the_field_of_the_tanabe_sugano_diagrams(n_d, c_per_b, crossing):
    """Y. Tanabe and S. Sugano, J. Phys. Soc. Jpn. 9, 766 (1954): 10Dq/B, to the unit."""
    dets = ops.determinants(6, n_d)
    f2, f4 = 49 + 7 * c_per_b, 63 / 5 * c_per_b
    repulsion = f2 * ops.coulomb_dd(2, dets) + f4 * ops.coulomb_dd(4, dets)
    cubic = ops.one_body(ops.crystal_field()["ten_dq"], dets, dets)
    s_squared = squared_momenta(n_d)[1]
    high_spin, low_spin = (
        mean(ground_states((repulsion + ten_dq * cubic).toarray()), s_squared)
        for ten_dq in (crossing - 1, crossing + 1)
    )
    unpaired = min(n_d, 10 - n_d) / 2
    assert_allclose(high_spin, unpaired * (unpaired + 1), atol=1e-9)
    assert low_spin < high_spin - 2


def branching_ratio(energies, weights):
    """Share of L3."""
    return weights[energies < edge_split(energies, weights)].sum() / weights.sum()


@pytest.mark.parametrize("ion", BY_N.values())
def test_branching_ratio_is_statistical_without_interaction_of_2p_and_3d(ion):
    """B. T. Thole and G. van der Laan, Phys. Rev. B 38, 3158 (1988): 2/3 for every d^n."""
    sticks = stick_spectrum(ion, 1.0, 0.8, spin_orbit_3d=0, **DECOUPLED)
    assert_allclose(branching_ratio(*sticks), 2 / 3, atol=1e-6)


@pytest.mark.parametrize("ion", BY_N.values())
def test_branching_ratio_measures_the_3d_spin_orbit_coupling(ion):
    """The sum rule of the same paper: (I3 - 2 I2) / (I3 + I2) = -<sum l.s> / n_holes."""
    ten_dq, reduction = 0.7, 0.8
    n_d = atomic_values(ion)["n_d"]
    ratio = branching_ratio(*stick_spectrum(ion, ten_dq, reduction, temperature=1, **DECOUPLED))
    dets = ops.determinants(6, n_d)
    coupling = ops.one_body(ops.spin_orbit(ops.D_SHELL), dets, dets).toarray()
    expected = -mean(ground_states(initial_hamiltonian(ion, ten_dq, reduction)), coupling)
    assert_allclose(3 * ratio - 2, expected / (10 - n_d), atol=1e-5)
    assert abs(expected) > 0.01


@pytest.mark.parametrize(
    ("ion", "weak", "strong"),
    [("Cr2+", 1.0, 4.0), ("Mn3+", 1.0, 5.0), ("Mn2+", 0.8, 4.5), ("Fe3+", 0.8, 4.5)]
    + [("Fe2+", 0.8, 3.0), ("Co3+", 0.8, 3.0), ("Co2+", 0.8, 4.0)],
)
def test_branching_ratio_of_high_spin_is_above_that_of_low_spin(ion, weak, strong):
    """G. van der Laan and B. T. Thole, Phys. Rev. Lett. 60, 1977 (1988)."""
    high, low = (branching_ratio(*stick_spectrum(ion, ten_dq)) for ten_dq in (weak, strong))
    assert high > low + 0.03


@pytest.mark.parametrize(
    ("ion", "ten_dq", "reduction", "ligands", "energies", "shares"),
    [
        (
            "Ti4+",
            1.8,
            0.8,
            {},
            [-7.0902, -6.3188, -5.3054, -5.0181, -3.0326, 0.1731, 2.3975],
            [0.00483, 0.00719, 0.04181, 0.02127, 0.27697, 0.13722, 0.51071],
        ),
        (
            "Ni2+",
            1.1,
            0.8,
            {},
            [-5.1792, -5.1313, -5.009, -4.8004, -3.0004, -2.7718, 12.3235, 13.5595],
            [0.07047, 0.09067, 0.21139, 0.13388, 0.05847, 0.04811, 0.07263, 0.11568],
        ),
        (
            "Mn4+",
            2.4,
            0.6,
            {},
            [-5.2598, -4.2993, -3.575, -3.2547, 5.1565, 5.2463, 5.3216, 5.5515],
            [0.02714, 0.02193, 0.02505, 0.02947, 0.02587, 0.02971, 0.03578, 0.02537],
        ),
        ("Cu2+", 1.2, 0.9, {}, [-5.164, 15.0822], [0.74494, 0.25506]),
        (
            "Ni2+",
            0.56,
            0.8,
            {"delta": 4.7, "delta_final": 3.5, "v_eg": 2.06, "v_t2g": 1.21},
            [-5.0563, -5.0288, -4.9865, -4.8776, -4.694, -3.1452, 12.4471, 13.5012],
            [0.0456, 0.07134, 0.0913, 0.21832, 0.1371, 0.08544, 0.06849, 0.11047],
        ),
        (
            "Co2+",
            0.6,
            0.8,
            {"delta": 5.0, "delta_final": 4.0, "v_eg": 1.9, "v_t2g": 0.9},
            [-4.4672, -4.4501, -3.6591, -3.3517, -2.6684, -1.843, -1.6424, -1.596],
            [0.04027, 0.05476, 0.10595, 0.09418, 0.1377, 0.05368, 0.04348, 0.07388],
        ),
    ],
)
def test_strongest_lines_are_those_of_edrixs(ion, ten_dq, reduction, ligands, energies, shares):
    """At 10 K, from the centroid; edrixs 0.2.0, called as in benchmarks/simulation.py.

    With ligands its repulsion of 3d electrons is 1e6 eV: no second electron leaves them.
    """
    settings = ligands | {"temperature": 10, "n_lanczos": None}
    found, weights = stick_spectrum(ion, ten_dq, reduction, **settings)
    weights = weights / weights.sum()
    found = found - weights @ found
    level = np.concatenate([[0], np.cumsum(np.diff(found) > 1e-5)])
    weights, found = np.bincount(level, weights), np.bincount(level, found * weights)
    found /= weights
    strongest = np.sort(np.argsort(-weights)[: len(energies)])
    assert_allclose(found[strongest], energies, atol=2e-4)
    assert_allclose(weights[strongest], shares, atol=2e-5)
