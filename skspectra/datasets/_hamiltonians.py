"""Hamiltonians of an ion before and after the absorption, linear in their parameters."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import sparse

from skspectra.datasets import _operators as ops

__all__ = ["absorption_edge"]

SHELL_3D = slice(ops.N_P, ops.N_ORBITALS)


@dataclass(frozen=True)
class Block:
    """One J_z block of a Hamiltonian that is linear in its parameters."""

    states: np.ndarray  # (n,) positions in the whole basis
    indices: np.ndarray  # pattern shared by all operators, as in csr_array
    indptr: np.ndarray
    values: np.ndarray  # (n_stored, n_parameters)

    def matrix(self, parameters):
        """Hamiltonian of the block, for parameters in the order of the columns of `values`."""
        entries = self.values @ parameters, self.indices, self.indptr
        return sparse.csr_array(entries, shape=(self.states.size, self.states.size))


@dataclass(frozen=True)
class Edge:
    """All that 2p^6 3d^n -> 2p^5 3d^(n+1) needs and that does not depend on the element."""

    initial: dict  # 2 J_z modulo 8 -> Block
    final: dict
    initial_names: list  # of the parameters, in the order of Block.values
    final_names: list
    dipole: list  # csr_array (n_final, n_initial) for q = -1, 0, 1


def _blocks(operators, dets):
    """Split operators by J_z modulo 4, which a tetragonal field conserves."""
    sector = ops.two_jz(dets) % 8
    blocks = {}
    for label in np.unique(sector):
        states = np.flatnonzero(sector == label)
        parts = [operator[states][:, states] for operator in operators]
        identity = sparse.eye_array(states.size, format="csr")  # no pattern is empty
        pattern = sum((abs(part) for part in parts), start=identity)
        rows, columns = pattern.nonzero()
        values = np.stack([part[rows, columns] for part in parts], axis=1)
        blocks[int(label)] = Block(states, pattern.indices, pattern.indptr, values)
    return blocks


def _without_averages(operator, n_d):
    """Take from the operator its average over each configuration, told apart by `n_d`."""
    diagonal = operator.diagonal()
    average = np.zeros_like(diagonal)
    for configuration in np.unique(n_d):
        average[n_d == configuration] = diagonal[n_d == configuration].mean()
    return operator - sparse.diags_array(average, format="csr")


def _basis(n_p, n_d, with_ligands):
    if not with_ligands:
        return ops.determinants(n_p, n_d)
    transferred = ops.determinants(n_p, n_d + 1, 9) if n_d < ops.N_D else np.array([], np.int64)
    return np.sort(np.concatenate([ops.determinants(n_p, n_d, 10), transferred]))


@cache
def absorption_edge(n_d, with_ligands=False):
    """Operators of the absorption by an ion with `n_d` 3d electrons.

    Energies count from the average of the configuration 3d^n (2p^5 3d^(n+1) after the absorption).

    Parameters
    ----------
    n_d : int
        Number of 3d electrons, 0 to 9.
    with_ligands : bool, default=False
        Add the configurations with one electron moved from the ligands to the 3d shell, and the
        parameters delta (their energy), v_eg and v_t2g (what couples them).

    Returns
    -------
    edge : Edge
    """
    ground, excited = (_basis(n_p, n, with_ligands) for n_p, n in ((6, n_d), (5, n_d + 1)))

    def atomic(dets):
        one_electron = {"zeta_3d": ops.spin_orbit(ops.D_SHELL)} | ops.crystal_field()
        return {"F2dd": ops.coulomb_dd(2, dets), "F4dd": ops.coulomb_dd(4, dets)} | {
            name: ops.one_body(matrix, dets, dets) for name, matrix in one_electron.items()
        }

    initial = atomic(ground)
    final = atomic(excited) | {
        "F2pd": ops.coulomb_pd(2, excited),
        "G1pd": ops.exchange_pd(1, excited, ground),
        "G3pd": ops.exchange_pd(3, excited, ground),
        "zeta_2p": ops.one_body(ops.spin_orbit(ops.P_SHELL), excited, excited),
    }
    for operators, dets in ((initial, ground), (final, excited)):
        electrons = ops.occupation(dets, SHELL_3D)
        for name, operator in operators.items():
            operators[name] = _without_averages(operator, electrons)
        if with_ligands:
            operators["delta"] = sparse.diags_array(
                1.0 * (electrons > electrons.min()), format="csr"
            )
            for name, matrix in ops.hybridisation().items():
                operators[name] = ops.one_body(matrix, dets, dets)
    dipole = [
        ops.one_body(ops.multipole(1, q, ops.D_SHELL, ops.P_SHELL), excited, ground)
        for q in (-1, 0, 1)
    ]
    return Edge(
        _blocks(initial.values(), ground),
        _blocks(final.values(), excited),
        list(initial),
        list(final),
        dipole,
    )
