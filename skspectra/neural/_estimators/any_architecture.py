"""The architecture as a parameter, of the estimators that take any."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from skspectra._sklearn import StrOptions
from skspectra.neural._modules import ARCHITECTURES

__all__ = ["AnyArchitecture"]


@dataclass(kw_only=True, eq=False, repr=False)
class AnyArchitecture:
    """The parameter that chooses an architecture by name, or a torch module of the user."""

    architecture: str | type = "invariant"

    _parameter_constraints: ClassVar[dict] = {
        "architecture": [StrOptions(set(ARCHITECTURES)), type]
    }

    def _module_class(self):
        module = super()._module_class()
        if not issubclass(module, torch.nn.Module):
            raise TypeError(
                f"architecture must be one of {sorted(ARCHITECTURES)} or a subclass of "
                f"torch.nn.Module, got {module!r}."
            )
        return module
