import numpy as np
import pytest

from skspectra.imaging import TransitionMatrix

MATRIX = np.array([[0.9, 0.08, 0.02], [0.1, 0.8, 0.1], [0.0, 0.3, 0.7]])


def simulate(n_sequences=200, n_steps=100, seed=0, matrix=MATRIX):
    rng = np.random.default_rng(seed)
    states = rng.integers(len(matrix), size=(n_sequences, 1))
    for _ in range(n_steps - 1):
        edges = matrix[states[:, -1]].cumsum(axis=1)
        states = np.column_stack([states, (rng.random((n_sequences, 1)) > edges).sum(axis=1)])
    return states


@pytest.mark.parametrize("lag", [1, 3])
def test_counts_are_deeptimes(lag):
    markov = pytest.importorskip("deeptime.markov")
    sequences = list(simulate(20))
    expected = markov.TransitionCountEstimator(lag, "sliding", n_states=3).fit_fetch(sequences)
    chain = TransitionMatrix(3, lag=lag).fit(sequences)
    np.testing.assert_array_equal(chain.counts_, expected.count_matrix)
    assert chain.counts_.sum() == 20 * (100 - lag)


def test_the_matrix_and_what_follows_from_it_are_found():
    chain = TransitionMatrix().fit(simulate())
    np.testing.assert_allclose(chain.transition_matrix_, MATRIX, atol=0.02)
    np.testing.assert_allclose(chain.transition_matrix_.sum(axis=1), 1)
    many = np.linalg.matrix_power(chain.transition_matrix_, 1000)[0]
    np.testing.assert_allclose(chain.stationary_distribution_, many, atol=1e-9)
    slow = np.sort(np.linalg.eigvals(MATRIX))[-2]
    assert chain.implied_timescales_[0] == pytest.approx(-1 / np.log(slow), rel=0.1)
    twice = TransitionMatrix(lag=2).fit(simulate())
    assert twice.implied_timescales_[0] == pytest.approx(chain.implied_timescales_[0], rel=0.1)


def test_intervals_hold_what_they_say():
    inside = []
    for seed in range(200):
        low, high = TransitionMatrix(3).fit(simulate(3, 60, seed)).interval(0.9)
        inside.append((low <= MATRIX) & (high >= MATRIX))
    assert 0.84 < np.mean(inside, axis=0)[MATRIX > 0].mean() < 0.93


def test_the_markov_test_has_its_level_and_its_power():
    p_values = [TransitionMatrix(3).fit(s).test_markov(s).p_value for s in map(several, range(300))]
    assert 0.02 < np.mean(np.array(p_values) < 0.05) < 0.1
    cycle = 0.1 / 3 + 0.9 * np.roll(np.eye(3), 1, axis=1)
    hidden = simulate(20, 200, matrix=cycle)  # two of the states look alike, which has a memory
    hidden = np.where(hidden == 2, 0, hidden)
    assert TransitionMatrix().fit(hidden).test_markov(hidden).p_value < 1e-3


def several(seed):
    return simulate(10, 100, seed, np.full((3, 3), 0.2) + 0.4 * np.eye(3))


def test_missing_classes_and_short_sequences_count_for_nothing():
    chain = TransitionMatrix(2).fit([[0, 1, -1, 1, 1], [0], []])
    np.testing.assert_array_equal(chain.counts_, [[0, 1], [0, 1]])
    empty = TransitionMatrix(3).fit([[0, 1, 0, 1]])
    np.testing.assert_array_equal(empty.transition_matrix_[2], [0, 0, 1])
    with_prior = TransitionMatrix(3, prior=1).fit([[0, 1, 0, 1]])
    np.testing.assert_allclose(with_prior.transition_matrix_[0], [0.2, 0.6, 0.2])


def test_reversible_models_have_detailed_balance():
    pytest.importorskip("deeptime")
    chain = TransitionMatrix(reversible=True).fit(simulate(20))
    flow = chain.stationary_distribution_[:, None] * chain.transition_matrix_
    np.testing.assert_allclose(flow, flow.T, atol=1e-8)


@pytest.mark.parametrize(
    "sequences, params, message",
    [
        ([[0, 1]], {"lag": 5}, "at most 2 steps have no pair at lag=5"),
        ([[0, 3, 1]], {"n_states": 2}, "from 0 to n_states - 1, got 3"),
        ([[0.5, 1.0]], {}, "Sequence 0 must hold whole numbers.*float64"),
        ([[0, 1], [-2, 0]], {}, "Sequence 1 must hold whole numbers"),
        ([], {}, "at most 0 steps"),
        ([[-1, -1, -1]], {}, "n_states=0"),
    ],
)
def test_bad_sequences(sequences, params, message):
    sequences = [np.array(each) for each in sequences]
    with pytest.raises(ValueError, match=message):
        TransitionMatrix(**params).fit(sequences)
