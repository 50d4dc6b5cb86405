import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspectra.datasets import _operators as ops
from skspectra.datasets._atoms import atomic_values, known_ions
from skspectra.datasets.multiplet import broaden, stick_spectrum


def merged(energies, weights):
    """Levels and total weights of sticks that coincide."""
    levels, position = np.unique(energies.round(6), return_inverse=True)
    totals = np.bincount(position, weights)
    return levels[totals > 1e-6], totals[totals > 1e-6]


def brute_force(ion, ten_dq, reduction, ds, dt, temperature):
    """The same spectrum from full matrices: no sectors, no time reversal, no selection."""
    atom = atomic_values(ion)
    ground = ops.determinants(6, atom["n_d"])
    excited = ops.determinants(5, atom["n_d"] + 1)

    def valence(dets, values):
        field = ops.crystal_field()
        one_electron = values["zeta_3d"] * ops.spin_orbit(ops.D_SHELL)
        one_electron += ten_dq * field["ten_dq"] + ds * field["ds"] + dt * field["dt"]
        repulsion = values["F2dd"] * ops.coulomb_dd(2, dets)
        repulsion = repulsion + values["F4dd"] * ops.coulomb_dd(4, dets)
        return (reduction * repulsion + ops.one_body(one_electron, dets, dets)).toarray()

    final = atom["final"]
    initial_matrix = valence(ground, atom["initial"])
    hole = final["zeta_2p"] * ops.one_body(ops.spin_orbit(ops.P_SHELL), excited, excited)
    attraction = final["F2pd"] * ops.coulomb_pd(2, excited)
    for k, name in ((1, "G1pd"), (3, "G3pd")):
        attraction = attraction + final[name] * ops.exchange_pd(k, excited, ground)
    final_matrix = valence(excited, final) + (hole + reduction * attraction).toarray()
    initial, states = np.linalg.eigh(
        initial_matrix - np.trace(initial_matrix) / ground.size * np.eye(ground.size)
    )
    final_levels, final_states = np.linalg.eigh(
        final_matrix - np.trace(final_matrix) / excited.size * np.eye(excited.size)
    )
    population = np.exp((initial[0] - initial) / (8.617333262e-5 * temperature))
    population /= population.sum()
    weights = 0
    for q in (-1, 0, 1):
        dipole = ops.one_body(ops.multipole(1, q, ops.D_SHELL, ops.P_SHELL), excited, ground)
        weights = weights + (final_states.T @ dipole @ states) ** 2 * population
    energies = final_levels[:, None] - initial
    return energies.ravel(), weights.ravel() * 2.5


def test_values_of_chromium_six_follow_those_of_the_other_ions_without_3d_electrons():
    others = {21: "Sc3+", 22: "Ti4+", 23: "V5+", 25: "Mn7+"}
    final = atomic_values("Cr6+")["final"]
    for name, value in final.items():
        values = [atomic_values(ion)["final"][name] for ion in others.values()]
        cubic = np.polyfit(np.array(list(others)) - 24, values, 3)
        assert_allclose(value, cubic[-1], atol=1e-4)
    assert_allclose(final["zeta_2p"], atomic_values("Cr5+")["final"]["zeta_2p"], rtol=2e-3)


@pytest.mark.parametrize("ion", known_ions())
def test_weights_add_up_to_the_number_of_holes(ion):
    _, weights = stick_spectrum(ion, 1.2, ds=0.05, dt=0.02, n_lanczos=10)
    assert_allclose(weights.sum(), 10 - atomic_values(ion)["n_d"], rtol=1e-6)


@pytest.mark.parametrize(
    ("ion", "ten_dq", "ds", "dt", "temperature"),
    [
        ("Ni2+", 1.1, 0.0, 0.0, 300.0),
        ("Cu2+", 1.3, 0.2, 0.05, 300.0),
        ("Ti2+", -0.2, 0.02, -0.01, 100.0),
    ],
)
def test_agrees_with_full_matrices(ion, ten_dq, ds, dt, temperature):
    axis = np.arange(-12, 25, 0.1)
    sticks = stick_spectrum(ion, ten_dq, 0.7, ds=ds, dt=dt, temperature=temperature, n_lanczos=None)
    expected = broaden(*brute_force(ion, ten_dq, 0.7, ds, dt, temperature), axis)
    assert_allclose(broaden(*sticks, axis), expected, atol=3e-3 * expected.max())


@pytest.mark.parametrize(
    ("ion", "ten_dq", "reduction"), [("Mn2+", 1.0, 0.8), ("Mn3+", 1.6, 0.6), ("Mn4+", 2.4, 0.6)]
)
def test_lanczos_agrees_with_dense(ion, ten_dq, reduction):
    axis = np.arange(-12, 20, 0.1)
    sticks = stick_spectrum(ion, ten_dq, reduction, ds=0.05, dt=0.02)
    exact = stick_spectrum(ion, ten_dq, reduction, ds=0.05, dt=0.02, n_lanczos=None)
    for power in (1, 2, 3):  # Lanczos keeps the moments
        moments = [(weights * energies**power).sum() for energies, weights in (sticks, exact)]
        assert_allclose(*moments, rtol=1e-5)
    shape = {"l3_width": 0.3, "l2_width": 0.3, "resolution": 0.4}
    expected = broaden(*exact, axis, **shape)
    assert_allclose(broaden(*sticks, axis, **shape), expected, atol=5e-3 * expected.max())


def test_independent_electrons_in_closed_form():
    """d0 without Coulomb and 3d spin-orbit: orbital energies plus those of the hole."""
    sticks = stick_spectrum("Ti4+", 2.0, 0.0, spin_orbit_3d=0.0, n_lanczos=None)
    zeta = atomic_values("Ti4+")["final"]["zeta_2p"]
    t2g, eg = -0.8, 1.2
    levels, weights = merged(*sticks)
    assert_allclose(levels, [t2g - zeta / 2, eg - zeta / 2, t2g + zeta, eg + zeta], atol=1e-6)
    assert_allclose(weights, [4, 8 / 3, 2, 4 / 3], rtol=1e-6)  # t2g : eg = 3 : 2, L3 : L2 = 2 : 1


def test_tetragonal_field_in_closed_form():
    sticks = stick_spectrum("Sc3+", 2.0, 0.0, ds=0.1, dt=0.03, spin_orbit_2p=0.0, spin_orbit_3d=0)
    levels, weights = merged(*sticks)
    expected = {"xz, yz": -0.8 - 0.1 + 0.12, "xy": -0.8 + 0.2 - 0.03}
    expected |= {"z2": 1.2 - 0.2 - 0.18, "x2-y2": 1.2 + 0.2 - 0.03}
    assert_allclose(levels, list(expected.values()), atol=1e-6)
    assert_allclose(weights, [4, 2, 2, 2], rtol=1e-6)


def test_branching_ratio_of_one_hole():
    """A hole with j = 5/2 cannot reach 2p1/2; without 3d spin-orbit the ratio is statistical.

    B. T. Thole and G. van der Laan, Phys. Rev. A 38, 1943 (1988).
    """
    energies, weights = stick_spectrum("Cu2+", 0.0, temperature=10.0)
    assert_allclose(weights.sum(), 1, rtol=1e-6)
    assert np.ptp(energies) < 1e-6
    energies, weights = merged(*stick_spectrum("Cu2+", 0.0, spin_orbit_3d=0.0))
    assert_allclose(weights, [2 / 3, 1 / 3], rtol=1e-6)
    assert_allclose(np.diff(energies), 1.5 * atomic_values("Cu2+")["final"]["zeta_2p"], atol=1e-6)


def test_temperature_populates_higher_states():
    _, cold = merged(*stick_spectrum("Cu2+", 0.0, temperature=1500.0))
    _, hot = merged(*stick_spectrum("Cu2+", 0.0, temperature=1e6))
    zeta = atomic_values("Cu2+")["initial"]["zeta_3d"]
    upper = 4 * np.exp(-2.5 * zeta / (8.617333262e-5 * 1500))  # j = 3/2 against 6 of j = 5/2
    assert_allclose(cold[-1], upper / (6 + upper) * 5 / 6, rtol=1e-4)
    assert_allclose(hot[-1], 1 / 3, rtol=2e-3)


def test_own_reduction_of_2p_3d_integrals():
    same = stick_spectrum("Ni2+", 1.0, 0.8, slater_reduction_pd=0.8)
    assert_allclose(same, stick_spectrum("Ni2+", 1.0, 0.8))
    energies, _ = stick_spectrum("Ni2+", 1.0, 0.8, slater_reduction_pd=0.1)
    assert np.ptp(energies) != pytest.approx(np.ptp(same[0]), abs=0.1)


def test_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match=r"'Zn2\+' is not a known ion. Known are Co2\+, .*V5\+"):
        stick_spectrum("Zn2+", 1.0)
    for name in ("Mn(III)", "Mn III", "mn3+", "Mn³⁺", "Mn+3"):
        with pytest.raises(ValueError, match=r"Did you mean 'Mn3\+'\?"):
            stick_spectrum(name, 1.0)
    with pytest.raises(ValueError, match="temperature must be finite and above 0 K, got 0"):
        stick_spectrum("Ni2+", 1.0, temperature=0)
    with pytest.raises(ValueError, match="must be finite numbers, got .*nan"):
        stick_spectrum("Ni2+", np.nan)
    with pytest.raises(ValueError, match="n_lanczos must be at least 1, or None, got 0"):
        stick_spectrum("Ni2+", 1.0, n_lanczos=0)
