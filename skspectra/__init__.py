"""scikit-learn compatible estimators for spectra."""

import importlib

__version__ = "0.1.0.dev0"

_SUBMODULES = (
    "augmentation",
    "datasets",
    "evaluation",
    "exceptions",
    "features",
    "imaging",
    "io",
    "models",
    "neural",
    "pipeline",
    "plotting",
    "preprocessing",
    "readers",
    "sampling",
    "uncertainty",
    "unmixing",
)
__all__ = ["__version__", *_SUBMODULES]


def __getattr__(name):
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_SUBMODULES})
