import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspectra.datasets import _operators as ops
from skspectra.datasets._atoms import atomic_values
from skspectra.datasets._hamiltonians import absorption_edge
from skspectra.datasets.multiplet import broaden, stick_spectrum

AXIS = np.arange(-15, 25, 0.1)


def ground_state_of_two(energies, hopping):
    """Lowest energy of [[e1, v], [v, e2]], and the share of the second state."""
    levels, states = np.linalg.eigh([[energies[0], hopping], [hopping, energies[1]]])
    return levels[0], states[1, 0] ** 2


@pytest.mark.parametrize("n_d", [0, 2, 7, 8, 9])
def test_hamiltonians_are_symmetric_and_blocks_complete(n_d):
    edge = absorption_edge(n_d, with_ligands=True)
    rng = np.random.default_rng(0)
    for blocks, names in ((edge.initial, edge.initial_names), (edge.final, edge.final_names)):
        for block in blocks.values():
            matrix = block.matrix(rng.normal(size=len(names)))
            assert abs(matrix - matrix.T).max() < 1e-12
        sectors = np.concatenate([block.states for block in blocks.values()])
        assert sorted(sectors) == list(range(sectors.size))


def test_hopping_joins_orbitals_of_one_symmetry_only():
    plain, moved = ops.determinants(6, 0, 10), ops.determinants(6, 1, 9)
    couplings = {}
    for name, matrix in ops.hybridisation().items():
        coupling = ops.one_body(matrix, moved, plain).toarray()
        couplings[name] = (coupling**2).sum()
        assert_allclose(coupling, ops.one_body(matrix, plain, moved).toarray().T)
    assert_allclose([couplings["v_eg"], couplings["v_t2g"]], [4, 6])


@pytest.mark.parametrize(("ion", "ten_dq"), [("Ti4+", 1.8), ("Ni2+", 1.1), ("Co2+", 0.9)])
@pytest.mark.parametrize("ligands", [{"delta": 3.0, "v_eg": 0, "v_t2g": 0}, {"delta": 1e7}])
def test_ligands_that_take_no_part_change_nothing(ion, ten_dq, ligands):
    alone = broaden(*stick_spectrum(ion, ten_dq, n_lanczos=None), AXIS)
    found = broaden(*stick_spectrum(ion, ten_dq, **ligands, n_lanczos=None), AXIS)
    assert_allclose(found, alone, atol=2e-3 * alone.max())


def test_one_hole_in_closed_form():
    """Cu2+: the hole of eg is shared with the ligands, the final state is 2p5 3d10."""
    delta, v_eg, ten_dq = 3.0, 1.8, 1.0
    sticks = stick_spectrum(
        "Cu2+", ten_dq, delta=delta, v_eg=v_eg, v_t2g=0.9, spin_orbit_3d=0, temperature=10
    )
    ground, transferred = ground_state_of_two((-0.6 * ten_dq, delta), v_eg)
    zeta = atomic_values("Cu2+")["final"]["zeta_2p"]
    for energy, share in ((-zeta / 2, 2 / 3), (zeta, 1 / 3)):
        at_level = np.abs(sticks[0] - (energy - ground)) < 1e-6
        assert_allclose(sticks[1][at_level].sum(), share * (1 - transferred), rtol=1e-9)
    assert_allclose(sticks[1].sum(), 1 - transferred, rtol=1e-9)


def test_two_holes_in_closed_form():
    """Ni2+: 3A2g of 3d8 and 3d9L, joined by sqrt(2) V of eg; 3F lies 8 B below 3P and so on."""
    delta, v_eg, ten_dq, reduction = 4.7, 2.06, 0.6, 0.8
    atom = atomic_values("Ni2+")["initial"]
    f2, f4 = reduction * atom["F2dd"], reduction * atom["F4dd"]
    b, c = f2 / 49 - 5 * f4 / 441, 35 * f4 / 441
    terms = {21: -8 * b, 9: 7 * b, 5: -3 * b + 2 * c, 1: 14 * b + 7 * c}
    average = (sum(n * e for n, e in terms.items()) + 9 * (4 * b + 2 * c)) / 45
    energies = (-8 * b - average - 1.2 * ten_dq, delta - 0.6 * ten_dq)
    _, transferred = ground_state_of_two(energies, np.sqrt(2) * v_eg)
    _, weights = stick_spectrum(
        "Ni2+", ten_dq, reduction, delta=delta, v_eg=v_eg, spin_orbit_3d=0, temperature=10
    )
    assert_allclose(weights.sum(), 2 - transferred, rtol=1e-8)


def test_empty_shell_in_closed_form():
    """Ti4+: 3d0 is joined with the four eg and the six t2g orbitals at once."""
    delta, v_eg, v_t2g, ten_dq = 3.0, 2.5, 1.2, 1.5
    matrix = np.diag([0, delta + 0.6 * ten_dq, delta - 0.4 * ten_dq])
    matrix[0, 1:] = matrix[1:, 0] = 2 * v_eg, np.sqrt(6) * v_t2g
    _, states = np.linalg.eigh(matrix)
    _, weights = stick_spectrum(
        "Ti4+", ten_dq, delta=delta, v_eg=v_eg, v_t2g=v_t2g, spin_orbit_3d=0, n_lanczos=200
    )
    assert_allclose(weights.sum(), 9 + states[0, 0] ** 2, rtol=1e-8)


def test_lanczos_agrees_with_dense():
    settings = {"delta": 4.0, "delta_final": 2.5, "v_eg": 1.9, "v_t2g": 0.9}
    sticks = stick_spectrum("Co2+", 0.6, **settings)
    exact = stick_spectrum("Co2+", 0.6, **settings, n_lanczos=None)
    expected = broaden(*exact, AXIS)
    assert_allclose(broaden(*sticks, AXIS), expected, atol=5e-3 * expected.max())


def test_core_hole_pulls_the_transferred_configuration_down():
    default = stick_spectrum("Ni2+", 0.6, delta=4.0)
    assert_allclose(stick_spectrum("Ni2+", 0.6, delta=4.0, delta_final=3.0), default)
    pulled = stick_spectrum("Ni2+", 0.6, delta=4.0, delta_final=0.0)
    assert_allclose(pulled[1].sum(), default[1].sum())
    centroids = [np.average(energies, weights=weights) for energies, weights in (default, pulled)]
    assert centroids[1] < centroids[0] - 0.1


def test_refuses_what_is_incomplete():
    with pytest.raises(ValueError, match="delta_final=3.0 needs the charge-transfer energy delta"):
        stick_spectrum("Ni2+", 1.0, delta_final=3.0)
    with pytest.raises(ValueError, match="must be finite numbers, got .*inf"):
        stick_spectrum("Ni2+", 1.0, delta=np.inf)
    with pytest.raises(ValueError, match="must be finite numbers, got .*nan"):
        stick_spectrum("Ni2+", 1.0, delta=1.0, v_eg=np.nan)
