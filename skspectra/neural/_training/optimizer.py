"""The optimizer of a net, by its name or class."""

import torch

__all__ = ["FUSED_OPTIMIZERS", "optimizer_params"]

# They step all parameters at once on the device, and each number by itself.
FUSED_OPTIMIZERS = (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)

_HOW_TO_STEP = {f"optimizer__{name}" for name in ("foreach", "fused", "differentiable")}


def optimizer_params(optimizer, weight_decay, net_params):
    """Parameters of a skorch net for its optimizer; those that a user sets in `net_params` win."""
    params = {"optimizer": _optimizer_class(optimizer)}
    if params["optimizer"] in FUSED_OPTIMIZERS and not _HOW_TO_STEP & net_params.keys():
        params["optimizer__fused"] = True
    if weight_decay:
        params["optimizer__weight_decay"] = weight_decay
    return params


def _optimizer_class(optimizer):
    if not isinstance(optimizer, str):
        return optimizer
    found = getattr(torch.optim, optimizer, None)
    if not isinstance(found, type):
        raise ValueError(
            f"optimizer={optimizer!r} is no class in torch.optim. Names are written as there, "
            "such as 'Adam', 'AdamW' or 'SGD'."
        )
    return found
