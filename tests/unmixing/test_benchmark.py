import importlib
from pathlib import Path

import numpy as np

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_the_methods_are_judged_by_the_truth(monkeypatch, capsys):
    monkeypatch.syspath_prepend(BENCHMARKS)
    benchmark = importlib.import_module("unmixing")
    X, shares, pure = benchmark.simulate(100, 24)
    assert shares.max() <= 0.8 + 1e-9
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    moved = [2, 0, 3, 1]
    errors = benchmark.errors(5 * pure[moved], shares[:, moved], shares, pure)
    np.testing.assert_allclose(errors, 0, atol=1e-5)
    benchmark.compare_methods(24, (100,), ["minimum volume", "scikit-learn NMF"], 1)
    table = capsys.readouterr().out.splitlines()
    ours, theirs = (float(line[30:].split("/")[0]) for line in table[-2:])
    assert ours < 5 < theirs
