"""Every script of the gallery and every tutorial runs and draws."""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

DOCS = Path(__file__).parents[1] / "docs"
SCRIPTS = sorted([*DOCS.glob("examples/*/*.py"), *DOCS.glob("tutorials/*.py")])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_example(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plt.close("all")
    try:
        runpy.run_path(str(script), run_name="__main__")
        figures = [plt.figure(number) for number in plt.get_fignums()]
        assert any(axes.has_data() for figure in figures for axes in figure.axes)
    finally:
        plt.close("all")
