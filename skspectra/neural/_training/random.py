"""Random numbers that belong to a fit: torch's global generators are neither used nor moved."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["Drawing", "Generators", "give_generator"]

aten = torch.ops.aten
FILL_LIKE = {  # these take a generator in newer versions of torch only
    aten.rand_like.default: torch.Tensor.uniform_,
    aten.randn_like.default: torch.Tensor.normal_,
    aten.randint_like.default: torch.Tensor.random_,
    aten.randint_like.low_dtype: torch.Tensor.random_,
}


class Generators:
    """One generator for each device, of one seed.

    Parameters
    ----------
    seed : int
        Not negative.
    """

    def __init__(self, seed):
        self._seed = seed
        self._of_device = {}

    def __getitem__(self, device):
        """Return the generator of a `torch.device`."""
        if device.type != "cpu" and device.index is None:
            device = torch.empty(0, device=device).device  # "cuda" is a name for one of them
        if device not in self._of_device:
            self._of_device[device] = torch.Generator(device).manual_seed(self._seed)
        return self._of_device[device]

    def draw_seed(self):
        """Draw a seed for something else, on the CPU."""
        cpu = self[torch.device("cpu")]
        return int(torch.randint(2**62, (), generator=cpu))


class Drawing(TorchDispatchMode):
    """Let all that is drawn inside come from given generators, in this thread only.

    torch initializes layers, and drops units out, by operators that draw from its global generator,
    which all threads share. Inside, those that can take a generator are given one. Very few cannot
    (a fused attention with dropout on a GPU); these draw as ever.

    Parameters
    ----------
    generators : Generators
        Where random numbers come from.
    """

    def __init__(self, generators):
        super().__init__()
        self._generators = generators

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run an operator."""
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return func(*args, **kwargs)
        if func is aten.native_dropout.default:
            return self._dropout(*args, **kwargs)
        if func in FILL_LIKE:
            empty = torch.empty_like(args[0], **kwargs)
            return FILL_LIKE[func](empty, *args[1:], generator=self._generators[empty.device])
        taking = _with_generator(func)
        if taking is None or kwargs.get("generator") is not None:
            return func(*args, **kwargs)
        like = args[0] if args and isinstance(args[0], torch.Tensor) else None
        device = kwargs.get("device") or ("cpu" if like is None else like.device)
        generator = self._generators[torch.device(device)]
        return taking(*args, **kwargs | {"generator": generator})

    def _dropout(self, X, p, train):
        """Dropout by a mask, since torch's operator takes no generator."""
        if train is False or p == 0:
            return X.clone(), torch.ones_like(X, dtype=torch.bool)
        mask = torch.empty_like(X).bernoulli_(1 - p, generator=self._generators[X.device])
        gain = 0.0 if p == 1 else 1 / (1 - p)
        return X * mask * gain, mask.bool()


def _with_generator(func):
    """Return the overload of an operator that takes a generator, or None."""
    if _takes_generator(func):
        return func
    names = [argument.name for argument in func._schema.arguments]
    for overload in map(func.overloadpacket.__getattr__, func.overloadpacket.overloads()):
        others = [argument.name for argument in overload._schema.arguments]
        if _takes_generator(overload) and [each for each in others if each != "generator"] == names:
            return overload
    return None


def _takes_generator(func):
    return any(argument.name == "generator" for argument in func._schema.arguments)


def give_generator(module, generator):
    """Set what the layers of this package draw from; None is torch's global generator."""
    for layer in module.modules():
        if hasattr(type(layer), "generator"):
            layer.generator = generator
