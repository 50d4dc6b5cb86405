"""Scripts of the gallery run as notebooks in a Jupyter kernel, with figures and progress."""

import shutil
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
notebook = pytest.importorskip("sphinx_gallery.notebook")

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Function that runs a script as the notebook it is downloaded as, and gives its outputs."""
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the kernel chooses its own

    def run_script(name):
        script = shutil.copy(EXAMPLES / name, tmp_path)
        notebook.python_to_jupyter_cli([script])
        content = nbformat.read(Path(script).with_suffix(".ipynb"), as_version=4)
        folder = {"metadata": {"path": str(tmp_path)}}
        nbclient.NotebookClient(content, timeout=120, resources=folder).execute()
        return [output for cell in content.cells for output in cell.get("outputs", [])]

    return run_script


def has_figure(outputs):
    return any("image/png" in output.get("data", {}) for output in outputs)


def test_training_shows_its_progress_and_its_figure(run):
    outputs = run("models/plot_training_history.py")
    assert has_figure(outputs)
    text = "".join(output.get("text", "") for output in outputs)
    assert "40/40" in text and "valid_loss" in text


def test_a_map_is_drawn(run):
    assert has_figure(run("maps/plot_line_scan.py"))
