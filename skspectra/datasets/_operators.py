"""Operators on a 2p and a 3d shell, in a basis of determinants.

A determinant is an integer whose bit i says whether spin-orbital ``ORBITALS[i]`` is filled:
bits 0 to 5 are 2p, bits 6 to 15 are 3d. Where there are ligands, bits 16 to 25 are the combinations
of their orbitals that have the symmetry of the 3d orbitals, in the same order. All matrices are
real.
"""

from functools import cache
from itertools import combinations
from math import factorial, sqrt

import numpy as np
from scipy import sparse

P_SHELL, D_SHELL = 1, 2
ORBITALS = [
    (shell, m, two_s)
    for shell in (P_SHELL, D_SHELL)
    for m in range(-shell, shell + 1)
    for two_s in (-1, 1)
]
N_ORBITALS = len(ORBITALS)
N_P, N_D = 6, 10
N_LIGAND = N_D


def wigner_3j(j1, j2, j3, m1, m2, m3):
    """Wigner 3j symbol of integer angular momenta, by Racah's formula [1]_.

    References
    ----------
    .. [1] A. R. Edmonds, "Angular Momentum in Quantum Mechanics", Princeton (1957), eq. 3.6.11.
    """
    allowed = m1 + m2 + m3 == 0 and abs(j1 - j2) <= j3 <= j1 + j2
    if not allowed or abs(m1) > j1 or abs(m2) > j2 or abs(m3) > j3:
        return 0.0
    triangle = factorial(j1 + j2 - j3) * factorial(j1 - j2 + j3) * factorial(-j1 + j2 + j3)
    states = 1
    for j, m in ((j1, m1), (j2, m2), (j3, m3)):
        states *= factorial(j + m) * factorial(j - m)
    lowest = max(0, j2 - j3 - m1, j1 - j3 + m2)
    highest = min(j1 + j2 - j3, j1 - m1, j2 + m2)
    total = sum(
        (-1) ** t
        / (factorial(t) * factorial(j3 - j2 + t + m1) * factorial(j3 - j1 + t - m2))
        / (factorial(j1 + j2 - j3 - t) * factorial(j1 - t - m1) * factorial(j2 - t + m2))
        for t in range(lowest, highest + 1)
    )
    scale = sqrt(triangle * states / factorial(j1 + j2 + j3 + 1))
    return (-1) ** (j1 - j2 - m3) * scale * total


@cache
def multipole(k, q, bra_shell, ket_shell):
    r"""One-electron matrix of Racah's C^k_q from one shell into another.

    .. math::
        \langle l m | C^k_q | l' m' \rangle = (-1)^m \sqrt{(2l+1)(2l'+1)}
        \begin{pmatrix} l & k & l' \\ 0 & 0 & 0 \end{pmatrix}
        \begin{pmatrix} l & k & l' \\ -m & q & m' \end{pmatrix}

    Returns
    -------
    matrix : ndarray of shape (16, 16)
        Diagonal in spin, zero outside the block of the two shells.
    """
    reduced = sqrt((2 * bra_shell + 1) * (2 * ket_shell + 1))
    reduced *= wigner_3j(bra_shell, k, ket_shell, 0, 0, 0)
    matrix = np.zeros((N_ORBITALS, N_ORBITALS))
    for i, (bra, m, spin) in enumerate(ORBITALS):
        for j, (ket, m_ket, spin_ket) in enumerate(ORBITALS):
            if (bra, ket) == (bra_shell, ket_shell) and spin == spin_ket:
                angular = wigner_3j(bra_shell, k, ket_shell, -m, q, m_ket)
                matrix[i, j] = (-1) ** m * reduced * angular
    return matrix


def spin_orbit(shell):
    """One-electron matrix of l.s on one shell, shape (16, 16)."""
    matrix = np.zeros((N_ORBITALS, N_ORBITALS))
    for i, (bra, m, spin) in enumerate(ORBITALS):
        for j, (ket, m_ket, spin_ket) in enumerate(ORBITALS):
            if not bra == ket == shell:
                continue
            if i == j:
                matrix[i, j] = m * spin / 2
            elif m - m_ket == (spin_ket - spin) / 2:  # l+ s- or l- s+
                matrix[i, j] = sqrt(shell * (shell + 1) - m * m_ket) / 2
    return matrix


def _real_orbitals():
    """Projectors on the real 3d orbitals in the basis of m; xz and yz together."""
    x2y2, z2, xy, xz_yz = np.zeros((4, 5, 5))
    corners = np.ix_([0, 4], [0, 4])
    x2y2[corners] = [[0.5, 0.5], [0.5, 0.5]]
    xy[corners] = [[0.5, -0.5], [-0.5, 0.5]]
    z2[2, 2] = 1
    xz_yz[1, 1] = xz_yz[3, 3] = 1
    return x2y2, z2, xy, xz_yz


def crystal_field():
    """One-electron matrices that multiply 10Dq, Ds and Dt.

    Returns
    -------
    matrices : dict of str to ndarray of shape (16, 16)
        Energies of the 3d orbitals in a tetragonal field with its axis along z,

        ============  ======  ====  ====
        orbital       10Dq    Ds    Dt
        ============  ======  ====  ====
        x2-y2          3/5     2    -1
        z2             3/5    -2    -6
        xy            -2/5     2    -1
        xz, yz        -2/5    -1     4
        ============  ======  ====  ====
    """
    x2y2, z2, xy, xz_yz = _real_orbitals()
    orbital = {
        "ten_dq": 0.6 * (x2y2 + z2) - 0.4 * (xy + xz_yz),
        "ds": 2 * x2y2 - 2 * z2 + 2 * xy - xz_yz,
        "dt": -x2y2 - 6 * z2 - xy + 4 * xz_yz,
    }
    matrices = {}
    for name, energies in orbital.items():
        matrices[name] = np.zeros((N_ORBITALS, N_ORBITALS))
        matrices[name][N_P:, N_P:] = np.kron(energies, np.eye(2))
    return matrices


def hybridisation():
    """One-electron matrices that multiply the hopping of eg and of t2g electrons.

    Returns
    -------
    matrices : dict of str to ndarray of shape (26, 26)
        Each 3d orbital exchanges electrons with the ligands' orbital of its symmetry.
    """
    x2y2, z2, xy, xz_yz = _real_orbitals()
    matrices = {}
    for name, projector in {"v_eg": x2y2 + z2, "v_t2g": xy + xz_yz}.items():
        hopping = np.zeros((N_ORBITALS + N_LIGAND, N_ORBITALS + N_LIGAND))
        hopping[N_P:N_ORBITALS, N_ORBITALS:] = np.kron(projector, np.eye(2))
        matrices[name] = hopping + hopping.T
    return matrices


def determinants(n_p, n_d, n_ligand=0):
    """All determinants of the configuration 2p^n_p 3d^n_d L^n_ligand, sorted, as int64."""
    shells = ((n_p, N_P, 0), (n_d, N_D, N_P), (n_ligand, N_LIGAND, N_ORBITALS))
    parts = [
        np.array(
            [sum(1 << first + i for i in filled) for filled in combinations(range(size), n)],
            dtype=np.int64,
        )
        for n, size, first in shells
    ]
    return np.sort(np.add.outer(np.add.outer(*parts[:2]), parts[2]), axis=None)


def occupation(dets, shell_bits):
    """Count the electrons of each determinant in a slice of the orbitals."""
    mask = sum(1 << bit for bit in range(N_ORBITALS + N_LIGAND)[shell_bits])
    return np.bitwise_count(dets & mask).astype(int)


def two_jz(dets):
    """Twice the z component of the total angular momentum of each determinant."""
    of_orbital = np.array([2 * m + two_s for _, m, two_s in ORBITALS])
    of_orbital = np.concatenate([of_orbital, of_orbital[N_P:]])
    return (dets[:, np.newaxis] >> np.arange(of_orbital.size) & 1) @ of_orbital


def one_body(matrix, bra, ket):
    """Many-electron matrix of sum_ij ``matrix[i, j]`` c+_i c_j between two bases.

    Parameters
    ----------
    matrix : ndarray of shape (16, 16) or (26, 26)
        One-electron matrix.
    bra, ket : ndarray of shape (n_bra,) and (n_ket,)
        Sorted determinants; what leads out of `bra` is left out.

    Returns
    -------
    operator : csr_array of shape (n_bra, n_ket)
    """
    rows, columns, values = [], [], []
    for i, j in zip(*np.nonzero(matrix), strict=True):
        source = np.flatnonzero(ket >> j & 1)
        emptied = ket[source] ^ (1 << j)
        refilled = emptied | (1 << i)
        target = np.minimum(np.searchsorted(bra, refilled), bra.size - 1)
        kept = (refilled != emptied) & (bra[target] == refilled)
        passed = (emptied & (1 << j) - 1) ^ (emptied & (1 << i) - 1)
        sign = 1.0 - 2.0 * (np.bitwise_count(passed) & 1)
        rows.append(target[kept])
        columns.append(source[kept])
        values.append(matrix[i, j] * sign[kept])
    shape = (bra.size, ket.size)
    if not rows:
        return sparse.csr_array(shape)
    entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array(entries, shape)


def coulomb_dd(k, dets):
    """Coulomb repulsion inside the 3d shell: the operator that multiplies F^k(3d,3d).

    Normal ordering leaves ``(sum_q (-1)^q C_q C_-q - one-electron part) / 2``.
    """
    operator = sparse.csr_array((dets.size, dets.size))
    for q in range(-k, k + 1):
        up, down = (multipole(k, sign * q, D_SHELL, D_SHELL) for sign in (1, -1))
        pair = one_body(up, dets, dets) @ one_body(down, dets, dets)
        operator = operator + (-1) ** q * (pair - one_body(up @ down, dets, dets))
    return operator / 2


def coulomb_pd(k, dets):
    """Direct Coulomb repulsion of 2p and 3d: the operator that multiplies F^k(2p,3d)."""
    return sum(
        (-1) ** q
        * one_body(multipole(k, q, P_SHELL, P_SHELL), dets, dets)
        @ one_body(multipole(k, -q, D_SHELL, D_SHELL), dets, dets)
        for q in range(-k, k + 1)
    )


def exchange_pd(k, dets, filled):
    """Exchange of 2p and 3d: the operator that multiplies G^k(2p,3d), up to a constant.

    A 3d electron falls into the 2p hole and a 2p electron takes its place; `filled` are the
    determinants in between, with one more 2p and one less 3d electron.
    """
    return sum(
        (-1) ** q
        * one_body(multipole(k, q, D_SHELL, P_SHELL), dets, filled)
        @ one_body(multipole(k, -q, P_SHELL, D_SHELL), filled, dets)
        for q in range(-k, k + 1)
    )
