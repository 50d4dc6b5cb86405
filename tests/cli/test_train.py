import hyperspy.api as hs
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from line_reader import ENERGY, LineReader, line_image
from sklearn.linear_model import LogisticRegression

from skspectra.cli import _readers, _train
from skspectra.cli._labelled import on_one_axis, read_labelled
from skspectra.cli._main import main
from skspectra.datasets import make_l23_spectra
from skspectra.models import describe_model, load_model, save_model
from skspectra.readers import ValenceReader


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, list(map(str, arguments)))


def write_spectra(path, energy, rows):
    path.parent.mkdir(exist_ok=True)
    table = pd.DataFrame({"energy_eV": energy})
    for number, row in enumerate(rows):
        table[f"spectrum {number}"] = row
    table.to_csv(path, index=False)


def quick_reader(random_state):
    return ValenceReader(classifiers=[LogisticRegression()], random_state=random_state)


def test_a_trained_reader_reads_what_was_held_back(run, tmp_path, monkeypatch):
    monkeypatch.setattr(_train, "ValenceReader", quick_reader)
    energy = np.arange(605, 690, 0.5)
    for number in range(3):
        X, y = make_l23_spectra(
            15, ions=("Mn2+", "Mn4+"), spectral_axis=energy, n_points=5, dose=5000, shift=(-2, 2),
            stretch=0, random_state=number, return_X_y=True,
        )  # fmt: skip
        for label in ("Mn2+", "Mn4+"):
            write_spectra(tmp_path / label / f"{number}.csv", energy, X[y == label])
    result = run("train", "Mn2+", "Mn4+", "--out", "reader.safetensors", "--folds", 2)
    assert result.exit_code == 0, result.output
    figures = describe_model("reader.safetensors")["figures"]
    assert figures["spectra"] == 90 and figures["files"] == 6 and figures["folds"] == 2
    assert figures["accuracy"] > 0.8
    assert load_model("reader.safetensors").element_ == "Mn"
    assert "The reader is in reader.safetensors" in result.output
    again = run("evaluate", "reader.safetensors", "Mn2+", "Mn4+")
    assert again.exit_code == 0 and "90 spectra" in again.output


def test_what_cannot_be_trained_on_is_refused_before_anything_is_trained(run, tmp_path):
    write_spectra(tmp_path / "Mn2+" / "a.csv", ENERGY, line_image((3,))[0])
    write_spectra(tmp_path / "Mn3+" / "b.csv", ENERGY, line_image((3,))[0])
    (tmp_path / "empty").mkdir()
    (tmp_path / "table.csv").write_text("energy_eV,counts\n1,2")
    mixed = [f"{name},{name[:-1]},{e},1" for name in ("Mn2+a", "Mn3+/Mn4+b") for e in ENERGY]
    (tmp_path / "mixed.csv").write_text("\n".join(["spectrum,valence,energy_eV,intensity", *mixed]))
    for arguments, code, message in (
        (["Mn2+", "Mn3+", "--out", "r.safetensors"], 1, "from two files or more"),
        (["Mn2+", "empty", "--out", "r.safetensors"], 1, "no files in the folder empty"),
        (["table.csv", "--out", "r.safetensors"], 1, "neither a folder"),
        (["mixed.csv", "--out", "r.safetensors"], 1, "got 'Mn3+/Mn4+'. Leave out spectra of mixed"),
        (["Mn2+", "Mn3+", "--out", "r.pkl"], 2, "must end in .safetensors"),
        (["Mn2+", "Mn3+", "--out", "none/r.safetensors"], 1, "There is no folder none"),
    ):
        result = run("train", *arguments)
        assert result.exit_code == code and message in result.output
    assert not list(tmp_path.glob("*.safetensors"))


@pytest.mark.parametrize("command", ["classify", "map", "evaluate"])
def test_a_model_that_is_no_reader_is_refused_by_name(run, tmp_path, command):
    X, y = np.repeat(np.eye(2, 8), 5, axis=0), ["Mn2+"] * 5 + ["Mn3+"] * 5
    save_model(LogisticRegression().fit(X, y), tmp_path / "model.safetensors")
    write_spectra(tmp_path / "Mn2+" / "a.csv", ENERGY, line_image((3,))[0])
    hs.signals.Signal1D(
        line_image((3,))[0],
        axes=[{"size": 3}, {"size": 200, "offset": 600, "scale": 0.5, "units": "eV"}],
    ).save(tmp_path / "scan.hspy")
    arguments = {
        "classify": ["Mn2+/a.csv", "--model", "model.safetensors"],
        "map": ["scan.hspy", "--model", "model.safetensors", "--out", "maps"],
        "evaluate": ["model.safetensors", "Mn2+"],
    }
    result = run(command, *arguments[command])
    assert result.exit_code == 1
    assert (
        "model.safetensors holds a LogisticRegression, wanted is a ValenceReader" in result.output
    )


def test_a_reader_of_labels_without_an_element_reads_where_its_edge_is(run, tmp_path):
    energy = np.arange(605, 690, 0.5)
    X, y = make_l23_spectra(
        60, ions=("Mn2+", "Mn4+"), spectral_axis=energy, n_points=5, dose=5000, shift=0, stretch=0,
        random_state=0, return_X_y=True,
    )  # fmt: skip
    numbers = np.where(y == "Mn2+", 2, 4)
    reader = ValenceReader(
        classifiers=[LogisticRegression()], energy=640.0, window=(-7, 17), random_state=0
    )
    save_model(reader.fit(X, numbers, spectral_axis=energy), tmp_path / "numbers.safetensors")
    write_spectra(tmp_path / "Mn2+" / "a.csv", energy, X[y == "Mn2+"][:4])
    result = run("classify", "Mn2+/a.csv", "--model", "numbers.safetensors")
    assert result.exit_code == 0, result.output
    assert "4 spectra: " in result.output
    refused = run("classify", "Mn2+/a.csv", "--model", "numbers.safetensors", "--element", "Fe")
    assert "reads numbers, not Fe" in refused.output


@pytest.mark.parametrize("command", ["map", "classify", "train", "evaluate"])
def test_help_ends_with_examples_on_lines_of_their_own(run, command):
    lines = run(command, "--help").output.splitlines()
    examples = lines[lines.index("  Examples:") + 1 :]
    assert examples and all(line.startswith("    skspectra ") for line in examples)


def test_evaluation_counts_what_is_right(run, tmp_path, monkeypatch):
    monkeypatch.setattr(_train, "load_reader", lambda name: LineReader())
    X, labels = line_image((8, 10))
    for label in ("Mn2+", "Mn3+", "unknown"):
        write_spectra(tmp_path / label / "all.csv", ENERGY, X[labels == label])
    figures = _train.evaluate_reader("any", [tmp_path / name for name in ("Mn2+", "unknown")])
    assert figures["spectra"] == 50 and figures["accuracy_of_named"] == 1.0
    assert figures["named"] == 0.6 and figures["valence_error"] < 0.1
    assert figures["confusion"] == {"Mn2+": {"Mn2+": 30}, "unknown": {"unknown": 20}}
    (tmp_path / "Mn3+").rename(tmp_path / "Mn9+")
    result = run("evaluate", "any", "Mn9+")
    assert "0.0% of these right" in result.output
    assert "most probable class right in none of all" in result.output


def test_evaluation_names_the_file_that_is_of_another_edge(run, tmp_path):
    write_spectra(tmp_path / "Mn2+" / "a.csv", np.arange(400, 500.0), np.ones((1, 100)))
    result = run("evaluate", "mn-l23", "Mn2+")
    assert result.exit_code == 1
    assert result.output.startswith("Error: Mn2+/a")
    assert "run from 400 to 499, but the white lines of Mn begin" in result.output


def test_spectra_of_tables_and_folders_come_to_one_axis(tmp_path):
    rows = line_image((2,))[0]
    write_spectra(tmp_path / "Mn2+" / "a.csv", ENERGY[:150], rows[:1, :150])
    lines = ["spectrum,valence,energy_eV,intensity"]
    for name, valence, row in (("MnO", "Mn2+", rows[0]), ("other", "", rows[1])):
        values = zip(ENERGY[10::2], row[10::2], strict=True)
        lines += [f"{name},{valence},{e},{value}" for e, value in values]
    (tmp_path / "table.csv").write_text("\n".join(lines))
    X, y, groups, axis = on_one_axis(read_labelled([tmp_path / "Mn2+", tmp_path / "table.csv"]))
    assert (axis[0], axis[-1], axis[1] - axis[0]) == (605.0, 674.5, 0.5)
    assert y.tolist() == ["Mn2+"] * 2 and set(groups) == {"Mn2+/a", "table/MnO"}
    np.testing.assert_allclose(X[0], rows[0, 10:150])
    assert _readers.shipped_name("Mn") == "mn-l23"


def test_too_few_spectra_and_a_single_valence_are_refused_in_words(run, tmp_path):
    for label in ("Mn2+", "Mn3+"):
        for number in range(2):
            write_spectra(tmp_path / label / f"{number}.csv", ENERGY, line_image((3,))[0])
    few = run("train", "Mn2+", "Mn3+", "--out", "reader.safetensors")
    assert few.exit_code == 1 and "75 spectra of known valence or more" in few.output
    single = run("train", "Mn2+", "--out", "reader.safetensors")
    assert single.exit_code == 1 and "tells valences apart; got only Mn2+" in single.output
