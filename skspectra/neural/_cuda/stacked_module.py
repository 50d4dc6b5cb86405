"""Modules of one architecture that differ in their weights, computed side by side."""

import torch
from torch import nn
from torch.nn import functional

from skspectra.neural._modules.blocks import Dropout, fill_with_bits, n_passing
from skspectra.neural._modules.invariant import PhasedAvgPool1d, PhasedConv1d, Phases

__all__ = ["Padding", "StackedModule", "is_stackable"]


class StackedModule:
    """Compute modules whose layers are the same but for their weights and their dropout.

    Signals have the shape (n_spectra, n_nets, n_filters, n_positions) or, between dense layers,
    (n_spectra, n_nets, n_units). Convolutions are grouped, one group for every net; a batch
    normalisation of the filters of all nets is that of each net.

    Parameters
    ----------
    modules : list of SpectralModule
        Their weights and statistics are copied; `write_back` returns them.
    groups : list of slice
        Modules whose weights lie in one tensor; the slices follow each other.

    Attributes
    ----------
    leaves : list of dict of str to Parameter
        For each group the weights by name, of shape (n_nets_of_the_group, ...).
    generators : list of torch.Generator or None
        Where the dropout and the phase of each net are drawn from; None drops nothing and computes
        all phases.
    momentum : float or None
        Of the running statistics; None is that of the layers.
    padding : Padding or None
        Spectra that are there only because other nets have more of them.
    """

    def __init__(self, modules, groups):
        self.generators = None
        self.momentum = None
        self.padding = None
        self.n_nets = len(modules)
        self._modules = modules
        self._groups = groups
        self._layers = layers_of(modules[0])
        device = next(modules[0].parameters()).device
        self.leaves = [
            {
                name: nn.Parameter(torch.stack([m.get_parameter(name).detach() for m in group]))
                for name, _ in modules[0].named_parameters()
            }
            for group in (modules[nets] for nets in groups)
        ]
        self._statistics = {
            name: torch.stack([module.get_buffer(name) for module in modules])
            for name, _ in modules[0].named_buffers()
            if name.endswith(("running_mean", "running_var"))
        }
        self._rates = {
            name: [module.get_submodule(name).p for module in modules]
            for name, layer in self._layers.items()
            if isinstance(layer, Dropout)
        }
        self._thresholds = {
            name: torch.tensor([n_passing(p) - 2**15 - 1 for p in rates], device=device)
            for name, rates in self._rates.items()
        }
        self._gains = {
            name: torch.tensor([2**16 / n_passing(p) for p in rates], device=device)
            for name, rates in self._rates.items()
        }

    def __call__(self, X):
        """Run spectra (n_spectra, n_nets, n_channels) to outputs (n_spectra, n_nets, n_outputs)."""
        if self._modules[0].training != self._draws:
            self._modules[0].train(self._draws)  # its layers are used for what has no weights
        for name, layer in self._layers.items():
            X = _RULES[type(layer)](self, name, layer, X)
        return X

    @property
    def _draws(self):
        return self.generators is not None

    def weights(self, name):
        """Weights of all nets, of shape (n_nets, ...)."""
        parts = [leaves[name] for leaves in self.leaves]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def reset_statistics(self):
        """Forget the running statistics."""
        for name, values in self._statistics.items():
            values.fill_(1.0 if name.endswith("var") else 0.0)

    @torch.no_grad()
    def write_back(self, n_batches):
        """Give the modules their weights and their statistics of so many batches."""
        for leaves, nets in zip(self.leaves, self._groups, strict=True):
            for name, values in leaves.items():
                for module, value in zip(self._modules[nets], values, strict=True):
                    module.get_parameter(name).copy_(value)
        for name, values in self._statistics.items():
            for module, value in zip(self._modules, values, strict=True):
                module.get_buffer(name).copy_(value)
        for module in self._modules:
            for layer in module.modules():
                if isinstance(layer, nn.BatchNorm1d):
                    layer.num_batches_tracked.fill_(n_batches)
            module.eval()

    def _see(self, name, layer, X):
        """Show each net the phase that it would draw by itself."""
        if not self._draws:
            return X.index_select(2, layer.channels).unsqueeze(2)
        channels = torch.stack([layer.draw(generator) for generator in self.generators])
        return X.gather(2, channels.expand(len(X), -1, -1)).unsqueeze(2)

    def _convolve(self, name, layer, X):
        weight, bias = self.weights(f"{name}.weight"), self.weights(f"{name}.bias")
        dilation = 1 if self._draws else layer.dilation
        how = layer.stride, layer.padding, dilation, self.n_nets
        maps = functional.conv1d(X.flatten(1, 2), weight.flatten(0, 1), bias.flatten(), *how)
        return maps.unflatten(1, (self.n_nets, -1))

    def _multiply(self, name, layer, X):
        weight, bias = self.weights(f"{name}.weight"), self.weights(f"{name}.bias")
        units = torch.baddbmm(bias.unsqueeze(1), X.transpose(0, 1), weight.transpose(1, 2))
        return units.transpose(0, 1)

    def _normalize(self, name, layer, X):
        statistics = [self._statistics[f"{name}.running_{each}"] for each in ("mean", "var")]
        weight, bias = self.weights(f"{name}.weight"), self.weights(f"{name}.bias")
        momentum = layer.momentum if self.momentum is None else self.momentum
        if self.padding is not None:
            return self.padding.normalize(X, *statistics, weight, bias, momentum, layer.eps)
        per_filter = [values.flatten() for values in (*statistics, weight, bias)]
        maps = functional.batch_norm(X.flatten(1, 2), *per_filter, True, momentum, layer.eps)
        return maps.unflatten(1, (self.n_nets, -1))

    def _drop(self, name, layer, X):
        """Drop what each net would drop by itself: bits are drawn net by net."""
        rates = self._rates[name]
        if not self._draws or not any(rates):
            return X
        n_numbers = X[0, 0].numel()
        words = X.new_empty((self.n_nets, -(-len(X) * n_numbers // 4)), dtype=torch.int64)
        sizes = self.n_nets * (len(X),) if self.padding is None else self.padding.sizes
        for words_of_net, size, p, generator in zip(
            words, sizes, rates, self.generators, strict=True
        ):
            if p > 0:
                fill_with_bits(words_of_net[: -(-size * n_numbers // 4)], p, generator)
        bits = words.view(torch.int16)[:, : len(X) * n_numbers].view(X.transpose(0, 1).shape)
        thresholds, gains = (
            of_net[name].view(-1, *[1] * (X.ndim - 2)) for of_net in (self._thresholds, self._gains)
        )
        return X * ((bits.transpose(0, 1) <= thresholds) * gains.to(X.dtype))

    def _each_filter(self, name, layer, X):
        return layer(X.flatten(1, 2)).unflatten(1, (self.n_nets, -1))


_RULES = {
    Phases: StackedModule._see,
    nn.Conv1d: StackedModule._convolve,
    PhasedConv1d: StackedModule._convolve,
    nn.Linear: StackedModule._multiply,
    nn.BatchNorm1d: StackedModule._normalize,
    Dropout: StackedModule._drop,
    nn.AvgPool1d: StackedModule._each_filter,
    PhasedAvgPool1d: StackedModule._each_filter,
    nn.AdaptiveAvgPool1d: StackedModule._each_filter,
    nn.ReLU: lambda stack, name, layer, X: layer(X),
    nn.Flatten: lambda stack, name, layer, X: X.flatten(2),
    nn.Unflatten: lambda stack, name, layer, X: X.unflatten(2, layer.unflattened_size),
}


def layers_of(module):
    """Layers of a module by name, in the order in which they run."""
    return {name: layer for name, layer in module.named_modules() if not any(layer.children())}


def is_stackable(module):
    """Whether every layer of a module has a rule."""
    return all(type(layer) in _RULES for layer in layers_of(module).values())


class Padding:
    """Which of the spectra of a batch are there only because other nets have more of them.

    Parameters
    ----------
    sizes : tuple of int
        How many spectra of each net are no padding: the first ones.
    like : tensor
        Gives dtype and device.

    Attributes
    ----------
    sizes : tuple of int
        As given.
    """

    def __init__(self, sizes, like):
        self.sizes = sizes
        self._counts = torch.tensor(sizes, device=like.device)
        place = torch.arange(max(sizes), device=like.device)
        self._is_counted = (place[:, None] < self._counts).to(like.dtype)

    def mean(self, values):
        """Mean over the spectra of each net, for values of shape (n_spectra, n_nets)."""
        return (values * self._is_counted).sum(0) / self._counts

    def normalize(self, X, running_mean, running_var, weight, bias, momentum, eps):
        """Batch normalisation of each filter of each net, over its spectra."""
        counted = self._is_counted.view(*self._is_counted.shape, *[1] * (X.ndim - 2))
        axes = [axis for axis in range(X.ndim) if axis not in (1, 2)]
        wide = (..., *[None] * (X.ndim - 3))
        n_values = (self._counts * X[0, 0, 0].numel()).unsqueeze(1)
        mean = (X * counted).sum(axes) / n_values
        centred = X - mean[wide]
        var = (centred.square() * counted).sum(axes) / n_values
        with torch.no_grad():
            running_mean.lerp_(mean, momentum)
            running_var.lerp_(var * (n_values / (n_values - 1)), momentum)
        return centred * (weight * torch.rsqrt(var + eps))[wide] + bias[wide]
