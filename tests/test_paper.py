import json
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.metrics import accuracy_score
from sklearn.utils import Bunch

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
NETS = ["fully conv, published", "fully conv, invariant", "conv + dense", "dense"]
TRAININGS = ["plain", "scatter 0.8 eV", "shift 1x", "shift 3x", "shift 10x", "PCA noise"]
IONS = ["Mn2+", "Mn3+", "Mn4+"]


@pytest.fixture
def folder(tmp_path):
    """Table of spectra, each with a line width of its own."""
    energy = np.arange(620, 680, 0.2)
    lines = ["spectrum,valence,energy_eV,intensity"]
    for width, valence in enumerate([*IONS, "Mn3+/Mn4+", ""], 1):
        values = np.exp(-(((energy - 643) / width) ** 2)) + 0.1
        rows = zip(energy, values, strict=True)
        lines += [f"width {width},{valence},{e:.1f},{v:.5f}" for e, v in rows]
    (tmp_path / "mn_l23_literature.csv").write_text("\n".join(lines))
    return tmp_path


@pytest.fixture
def paper(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import _paper_figures
    import paper

    monkeypatch.setitem(_paper_figures.STYLE, "savefig.dpi", 20)
    monkeypatch.setattr(paper, "read_published", lambda: (None, None))
    return paper


def check_numbers(data):
    assert data["n_spectra"] == dict.fromkeys(IONS, 20)
    assert list(data["nets"]) == list(data["references"]) == NETS
    for net in NETS:
        assert list(data["nets"][net]) == list(data["references"][net]) == TRAININGS
        for cell in data["nets"][net].values():
            matrix = np.array(cell["confusion"])
            np.testing.assert_array_equal(matrix.sum(axis=1), [20, 20, 20])
            np.testing.assert_allclose(np.mean(cell["accuracy"]), np.trace(matrix) / 60)
            assert np.shape(cell["shift"]) == (3, 2)
            assert np.shape(cell["noise"]) == (6, 2)
            np.testing.assert_allclose(cell["shift"][1], cell["accuracy"])
            np.testing.assert_allclose(cell["noise"][1], cell["accuracy"])


def test_every_statement_has_numbers_a_verdict_and_a_figure(
    paper, folder, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # where nothing but the folder may appear
    tiny = paper.QUICK._replace(n_per_class=20, n_folds=2, max_epochs=1, n_timed=64)
    tiny = tiny._replace(n_shifts=3, n_noises=6)
    out = tmp_path / "out"
    with joblib.parallel_config("sequential"):
        paper.main(["--quick", "--folder", str(folder), "--out", str(out)], quick=tiny)
    results = json.loads((out / "paper.json").read_text())
    assert list(results["data"]) == ["simulated", "simulated as published"]
    for data in results["data"].values():
        check_numbers(data)
    data = results["data"]["simulated"]
    assert set(np.ravel(data["mixed_references"][NETS[0]])) <= {*IONS, "Mn2.5+", "Mn3.5+"}
    figures = ["confusion", "copies", "folds", "mixed", "noise", "references", "shift"]
    figures += ["activations", "embedding", "spectra"]
    for shares in data["neighbours"].values():
        np.testing.assert_allclose(np.array(shares) * 3 % 1, 0, atol=1e-9)  # of three references
    names = {path.name for path in out.iterdir()}
    sets = ("simulated", "simulated_as_published")
    assert names == {"paper.json", *(f"{each}_{figure}.png" for each in sets for figure in figures)}
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["out"]
    printed = capsys.readouterr().out
    for row in results["statements"]:
        assert row["measure"] in printed and row["ours"] in printed
    mixed = [r for r in results["statements"] if "five classes, references" in r["measure"]]
    known = [v != "unknown" for v in results["reference_valence"]]
    truth = np.array(results["reference_valence"])[known]
    predicted = np.array(data["mixed_references"][NETS[0]][1])[known]
    assert f"{accuracy_score(truth, predicted):.1%} " in mixed[0]["ours"]
    assert "of 4), " in mixed[0]["ours"]
    predicted, truth = (np.char.strip(names, "Mn+").astype(float) for names in (predicted, truth))
    near = np.abs(predicted - truth) < 0.6
    assert mixed[0]["ours"].endswith(f" {near.mean():.0%} within 0.5+")


def test_own_files_have_the_class_of_their_folder_and_no_background(paper, tmp_path):
    energy = np.arange(610, 690, 0.25)
    line = np.exp(-(((energy - 643) / 2) ** 2))
    for name in ("Mn4+", "Mn2+"):
        (tmp_path / name).mkdir()
        for i in range(20):
            rows = np.column_stack([energy, 5 * (energy / 600) ** -3 + (i + 1) * line])
            np.savetxt(tmp_path / name / f"{i:02d}.txt", rows, header="energy_eV intensity")
    (tmp_path / "Mn2+" / ".DS_Store").write_text("x")
    X, y = paper.read_classes(tmp_path)
    assert y.tolist() == ["Mn2+"] * 20 + ["Mn4+"] * 20
    np.testing.assert_allclose(X[:, 280], np.tile(np.arange(1, 21), 2), rtol=0.01)
    np.testing.assert_allclose(X[:, [200, 500]], 0, atol=0.01)


def test_spectra_of_the_article_where_they_are(paper, monkeypatch):
    import _paper_data

    energy = np.array([640.0, 650.0])
    fetched = Bunch(
        data=np.ones((4, 700)),
        target=np.repeat(["Mn2+", "Mn3+"], 2),
        references=[np.column_stack([energy, [i, i + 10]]) for i in range(3)],
        reference_target=np.array(["Mn4+", "Mn2+/Mn3+", "mixed"]),
    )
    monkeypatch.setattr(_paper_data, "fetch_mn_valence", lambda **_: fetched)
    (X, y), (references, valence, _) = _paper_data.read_published()
    assert X.shape == (4, 700) and y.tolist() == ["Mn2+", "Mn2+", "Mn3+", "Mn3+"]
    assert valence.tolist() == ["Mn4+", "Mn2.5+", "unknown"]
    np.testing.assert_allclose(references[0, [0, 300, 699]], [0, 5, 10], atol=1e-6)
    assert [len(each) for each in _paper_data.at_most(1, X, y, 0)] == [2, 2]

    def missing(**_):
        raise OSError

    monkeypatch.setattr(_paper_data, "fetch_mn_valence", missing)
    assert _paper_data.read_published() == (None, None)


def test_folder_with_too_few_spectra_is_refused_before_training(paper, tmp_path, monkeypatch):
    for name in ("Mn2+", "Mn4+"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(
            "energy_eV intensity\n" + "\n".join(f"{e} 1" for e in range(610, 690))
        )
    monkeypatch.setattr(paper, "measure", None)
    with pytest.raises(ValueError, match="20 spectra or more.*1 in Mn2"):
        paper.main(["--quick", "--folder", str(tmp_path), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def flat(accuracy, ends, at_five):
    """One net's measurements over two folds."""
    shift = np.full((3, 2), accuracy)
    shift[[0, 2]] = ends
    noise = np.array([[accuracy] * 2, [accuracy] * 2, [at_five] * 2])
    accuracies = {name: np.full(2, accuracy) for name in ("accuracy", "training accuracy")}
    return {**accuracies, "shift": shift, "noise": noise}


@pytest.mark.parametrize(
    ("measure", "net", "change", "holds"),
    [
        ("2-fold accuracy", 0, {"accuracy": 0.997}, False),
        ("2-fold accuracy", 0, {"accuracy": 0.999}, True),
        ("2-fold accuracy", 3, {"accuracy": 0.992}, True),
        ("-5..+5 eV, plain", 0, {"ends": 0.7}, False),
        ("-5..+5 eV, plain", 0, {"ends": 0.8}, True),
        ("-5..+5 eV, scatter 0.8 eV", 0, {"ends": 0.7}, False),
        ("-5..+5 eV, plain", 1, {"ends": 0.94}, False),
        ("-5..+5 eV, plain", 1, {"ends": 0.99}, True),
        ("-5..+5 eV, plain", 2, {"ends": 0.61}, False),
        ("-5..+5 eV, plain", 3, {"ends": 0.59}, True),
        ("5x noise, plain", 0, {"at_five": 0.96}, False),
        ("5x noise, plain", 0, {"at_five": 0.9}, True),
        ("5x noise, trained with it", 0, {"at_five": 0.92}, False),
        ("5x noise, trained with it", 0, {"at_five": 0.94}, True),
    ],
)
def test_verdicts(paper, measure, net, change, holds):
    cell = flat(**{"accuracy": 1.0, "ends": 1.0, "at_five": 0.95, **change})
    data = {
        "n_folds": 2,
        "nets": {name: dict.fromkeys(TRAININGS, cell) for name in NETS},
        "references": {},
        "neighbours": {},
        "mixed": {},
        "mixed_references": {},
    }
    results = {
        "epoch_seconds": 2.0,
        "n_timed": 64,
        "noise_scales": np.array([0.0, 1.0, 5.0]),
        "reference_valence": [],
        "data": {"simulated": data},
    }
    rows = {row["measure"]: row["holds"] for row in paper.compare(results)}
    assert rows[f"{measure}, {NETS[net]}"] is holds
