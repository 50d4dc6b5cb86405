import subprocess
import sys

import pytest

CORE = ["augmentation", "features", "pipeline", "preprocessing", "sampling", "unmixing"]


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


@pytest.mark.parametrize("name", CORE)
def test_core_imports_without_torch_and_hyperspy(name):
    hidden = ["torch", "skorch", "hyperspy", "dask", "matplotlib"]
    result = import_without(f"skspectra.{name}", hidden)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", ["datasets", "neural"])
def test_nets_and_simulation_import_without_hyperspy(name):
    result = import_without(f"skspectra.{name}", ["hyperspy", "rsciio", "dask", "matplotlib"])
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
