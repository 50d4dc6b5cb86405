import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspectra.datasets import _operators as ops

F2, F4 = 10.0, 6.3
RACAH_B, RACAH_C = F2 / 49 - 5 * F4 / 441, 35 * F4 / 441


def levels(operator):
    """Eigenvalues with their degeneracies."""
    values = np.linalg.eigvalsh(
        operator if isinstance(operator, np.ndarray) else operator.toarray()
    )
    energies, counts = np.unique(values.round(8), return_counts=True)
    return dict(zip(energies.tolist(), counts.tolist(), strict=True))


def coulomb(n_d):
    dets = ops.determinants(0, n_d)
    return F2 * ops.coulomb_dd(2, dets) + F4 * ops.coulomb_dd(4, dets)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((1, 1, 2, 0, 0, 0), np.sqrt(2 / 15)),
        ((2, 2, 2, 0, 0, 0), -np.sqrt(2 / 35)),
        ((1, 2, 3, 0, 0, 0), -np.sqrt(3 / 35)),
        ((2, 1, 1, 0, 1, -1), np.sqrt(1 / 30)),
        ((2, 1, 1, 2, -1, -1), np.sqrt(1 / 5)),
        ((2, 2, 1, 1, 0, 0), 0),
        ((1, 1, 3, 0, 0, 0), 0),
        ((1, 1, 1, 2, -1, -1), 0),
    ],
)
def test_wigner_3j_tabulated_values(arguments, expected):
    assert_allclose(ops.wigner_3j(*arguments), expected, atol=1e-15)


@pytest.mark.parametrize("j3", [1, 2, 3])
def test_wigner_3j_is_orthogonal(j3):
    squares = [
        ops.wigner_3j(1, 2, j3, m1, m2, m1 * -1 - m2) ** 2
        for m1 in (-1, 0, 1)
        for m2 in range(-2, 3)
    ]
    assert_allclose(sum(squares), 1)


@pytest.mark.parametrize(
    ("shell", "expected"), [(ops.P_SHELL, {-1.0: 2, 0.5: 4}), (ops.D_SHELL, {-1.5: 4, 1.0: 6})]
)
def test_spin_orbit_levels(shell, expected):
    found = levels(ops.spin_orbit(shell))
    found.pop(0.0)  # the other shell
    assert found == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ten_dq", {-0.4: 6, 0.6: 4}),
        ("ds", {-2.0: 2, -1.0: 4, 2.0: 4}),
        ("dt", {-6.0: 2, -1.0: 4, 4.0: 4}),
    ],
)
def test_crystal_field_levels_of_one_d_electron(name, expected):
    dets = ops.determinants(0, 1)
    operator = ops.one_body(ops.crystal_field()[name], dets, dets)
    assert levels(operator) == expected


def test_one_body_of_identity_counts_electrons():
    dets = ops.determinants(5, 3)
    assert_allclose(ops.one_body(np.eye(16), dets, dets).toarray(), 8 * np.eye(dets.size))


def test_one_body_keeps_commutators():
    """[A, B] of many-electron operators is that of their matrices: the signs are right."""
    dets = ops.determinants(5, 1)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 16, 16))
    for matrix in (a, b):
        matrix[:6, 6:] = matrix[6:, :6] = 0
    many_a, many_b = (ops.one_body(matrix, dets, dets).toarray() for matrix in (a, b))
    expected = ops.one_body(a @ b - b @ a, dets, dets).toarray()
    assert_allclose(many_a @ many_b - many_b @ many_a, expected, atol=1e-12)


@pytest.mark.parametrize("n_d", [2, 8])
def test_term_energies_of_two_electrons_or_holes(n_d):
    b, c = RACAH_B, RACAH_C
    terms = {"3F": (-8 * b, 21), "3P": (7 * b, 9), "1G": (4 * b + 2 * c, 9)}
    terms |= {"1D": (-3 * b + 2 * c, 5), "1S": (14 * b + 7 * c, 1)}
    found = levels(coulomb(n_d))
    energies = np.array(list(found))
    expected = sorted(terms.values())
    assert_allclose(energies - energies[0], [e - expected[0][0] for e, _ in expected], atol=1e-7)
    assert list(found.values()) == [degeneracy for _, degeneracy in expected]


@pytest.mark.parametrize(
    ("n_d", "above_ground"),
    [
        (3, {"4P": (15 * RACAH_B, 12)}),
        (7, {"4P": (15 * RACAH_B, 12)}),
        (
            5,
            {
                "4G": (10 * RACAH_B + 5 * RACAH_C, 36),
                "4P": (7 * RACAH_B + 7 * RACAH_C, 12),
                "4D": (17 * RACAH_B + 5 * RACAH_C, 20),
                "4F": (22 * RACAH_B + 7 * RACAH_C, 28),
            },
        ),
    ],
)
def test_term_energies_above_the_ground_term(n_d, above_ground):
    found = levels(coulomb(n_d))
    ground = min(found)
    for energy, degeneracy in above_ground.values():
        nearest = min(found, key=lambda level: abs(level - ground - energy))
        assert_allclose(nearest - ground, energy, atol=1e-7)
        assert found[nearest] == degeneracy


@pytest.mark.parametrize(
    ("n_d", "degeneracy"),
    # 2D 3F 4F 5D 6S 5D 4F 3F 2D
    zip(range(1, 10), [10, 21, 28, 25, 6, 25, 28, 21, 10], strict=True),
)
def test_ground_term_follows_hund(n_d, degeneracy):
    found = levels(coulomb(n_d))
    assert found[min(found)] == degeneracy


@pytest.mark.parametrize("n_d", [2, 4, 7])
def test_configuration_average_of_coulomb(n_d):
    """Slater: each pair of 3d electrons contributes -2/63 (F2 + F4)."""
    pairs = n_d * (n_d - 1) / 2
    assert_allclose(coulomb(n_d).diagonal().mean(), -2 / 63 * pairs * (F2 + F4))


def test_term_energies_of_a_2p_hole_and_a_3d_electron():
    """Condon and Shortley: G^k raises only the singlet with L = k."""
    f2, g1, g3 = 6.0, 4.5, 2.6
    dets, filled = ops.determinants(5, 1), ops.determinants(6, 0)
    operator = f2 * ops.coulomb_pd(2, dets) + g1 * ops.exchange_pd(1, dets, filled)
    found = levels(operator + g3 * ops.exchange_pd(3, dets, filled))
    triplets = {"P": (-f2 / 5, 9), "D": (f2 / 5, 20), "F": (-2 / 35 * f2, 21)}  # 1D lies on 3D
    singlets = {"P": (-f2 / 5 + 4 / 3 * g1, 3), "F": (-2 / 35 * f2 + 18 / 49 * g3, 7)}
    expected = sorted([*triplets.values(), *singlets.values()])
    energies = np.array(list(found))
    assert_allclose(energies - energies[0], [e - expected[0][0] for e, _ in expected], atol=1e-7)
    assert list(found.values()) == [degeneracy for _, degeneracy in expected]
