import importlib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = sorted(path.stem for path in BENCHMARKS.glob("[a-z]*.py"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_finds_what_it_imports(script, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    assert importlib.import_module(script).__doc__


def test_readers_are_tried_quickly(monkeypatch, capsys):
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.setattr("sys.argv", ["readers.py", "--quick", "--elements", "Cu"])
    importlib.import_module("readers").main()
    lines = capsys.readouterr().out.splitlines()
    assert "Cu, simulated from points not trained on" in lines
    assert sum("log loss" in line for line in lines) == 25


def test_readme_tells_of_every_script():
    text = (BENCHMARKS / "README.md").read_text()
    assert [script for script in SCRIPTS if f"{script}.py" not in text] == []
