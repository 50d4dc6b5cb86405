import subprocess
import sys

import pytest

import skspectra

TORCH = {"torch", "skorch"}
FILES_AND_FIGURES = {"dask", "hyperspy", "matplotlib", "rsciio"}
OPTIONAL = {"bokeh", "exspy", "h5py", "numba", "plotly", "polars", "zarr"}
ROOMS = skspectra.__all__[1:]
WITH_TORCH = {"neural", "readers"}

HIDE = """
import sys

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hide())
import {module}
"""


def import_without(module, hidden):
    """Import a module in a fresh interpreter in which some packages cannot be found."""
    code = HIDE.format(module=module, hidden=hidden)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def import_rooms_without(rooms, hidden):
    return import_without(", ".join(f"skspectra.{name}" for name in sorted(rooms)), hidden)


def test_rooms_import_neither_torch_nor_hyperspy_nor_matplotlib():
    result = import_rooms_without({*ROOMS} - WITH_TORCH, TORCH | FILES_AND_FIGURES | OPTIONAL)
    assert result.returncode == 0, result.stderr


def test_nets_and_what_is_made_of_them_import_neither_hyperspy_nor_matplotlib():
    result = import_rooms_without({*ROOMS} & WITH_TORCH, FILES_AND_FIGURES | OPTIONAL - {"numba"})
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("module", ["skspectra", "skspectra.cli"])
def test_what_only_asks_for_help_waits_for_nothing(module):
    packages = ["numpy", "scipy", "sklearn", "pandas", *TORCH, *FILES_AND_FIGURES, *OPTIONAL]
    result = import_without(module, packages)
    assert result.returncode == 0, result.stderr


def test_hidden_package_is_really_missing():
    assert "ModuleNotFoundError" in import_without("skspectra.neural", ["torch"]).stderr


def test_subpackages_load_lazily():
    code = (
        "import sys, skspectra; assert not any(name.startswith('skspectra.') for name in "
        "sys.modules); skspectra.preprocessing.SpectralCrop; assert 'torch' not in sys.modules"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_unknown_attribute_is_an_attribute_error():
    import skspectra

    with pytest.raises(AttributeError, match="no attribute 'spectra'"):
        _ = skspectra.spectra
    assert {"neural", "preprocessing", "__version__"} <= set(dir(skspectra))
