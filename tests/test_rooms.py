"""The rooms of the package: who may import whom, and what no import may bring along."""

import ast
import re
from pathlib import Path

import pytest

import skspectra

PACKAGE = Path(skspectra.__file__).parent

# A room imports only from rooms above it in this list.
ROOMS = [
    "exceptions",
    "_sklearn",
    "_progress",
    "_numerics",
    "_input",
    "preprocessing",
    "augmentation",
    "sampling",
    "features",
    "unmixing",
    "pipeline",
    "uncertainty",
    "neural",
    "datasets",
    "io",
    "evaluation",
    "readers",
    "models",
    "plotting",
    "imaging",
    "cli",
    "__main__",
]
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)
MODULES += [
    PACKAGE / f"{name}.py"
    for name in ("exceptions", "_sklearn", "_progress", "pipeline", "__main__")
]
PRIVATE = re.compile(r"^(sklearn|imblearn)\b.*\._(?!_)")


def imports(path):
    """Full names of all that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_point_one_way(path):
    room = room_of(path)
    allowed = {*ROOMS[: ROOMS.index(room) + 1], "__version__"}
    targets = {name.split(".")[1] for name in imports(path) if name.startswith("skspectra.")}
    assert targets <= allowed, f"{room} imports from {sorted(targets - allowed)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_private_names_of_scikit_learn_come_through_one_door(path):
    if path.name != "_sklearn.py":
        assert not [name for name in imports(path) if PRIVATE.match(name)]


def test_every_room_is_listed():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders - set(ROOMS) == set()
