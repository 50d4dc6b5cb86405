"""What a module must be for the kernels: every layer of a listed type and configuration."""

from dataclasses import dataclass

from torch import nn

from skspectra.neural._modules.blocks import Dropout, SpectralModule, dropout_mask
from skspectra.neural._modules.invariant import PhasedAvgPool1d, PhasedConv1d, Phases

__all__ = ["Block", "ConvLayers", "recognize"]

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


@dataclass(frozen=True)
class Block:
    """A convolution and what follows it: a ReLU, a normalisation and a pooling; or a class map."""

    conv: nn.Conv1d
    norm: nn.BatchNorm1d
    pool: nn.Module | None = None
    dropout: Dropout | None = None

    def layout(self):
        """Return how far taps, and the two positions of a pair, are apart; and how far pairs."""
        if isinstance(self.pool, PhasedAvgPool1d) and not self.pool.training:
            return self.pool.distance, 1
        return 1, 2


@dataclass(frozen=True)
class ConvLayers:
    """A module as the kernels see it.

    Parameters
    ----------
    enter : nn.Module
        From spectra (n_spectra, n_channels) to signals (n_spectra, 1, n_positions).
    blocks : list of Block
        What makes features of the signals.
    maps : Block or None
        One map for each output, averaged over the positions, if that is all that follows.
    classifier : nn.Module
        What follows the features.
    """

    enter: nn.Module
    blocks: list
    maps: Block | None
    classifier: nn.Module

    @property
    def n_channels(self):
        """Channels of the spectra."""
        if isinstance(self.enter, Phases):
            return self.enter.n_channels
        return self.enter.unflattened_size[1]

    def signals(self, X):
        """Signals of spectra X, without the dimension of length one that the module gives them."""
        return self.enter(X).squeeze(1) if isinstance(self.enter, Phases) else X

    @property
    def multiplications(self):
        """Multiplications of the blocks for each channel of a spectrum, in evaluation mode."""
        total, positions = 0, 1.0
        for block in self.blocks:
            total += positions * block.conv.weight.numel()
            _, stride = block.layout()
            positions /= stride
        return total

    @property
    def parts(self):
        """All blocks, the class maps among them."""
        return self.blocks if self.maps is None else [*self.blocks, self.maps]

    @property
    def parameters(self):
        """Weight, bias, gamma and beta of every part."""
        return [
            parameter
            for part in self.parts
            for parameter in (part.conv.weight, part.conv.bias, part.norm.weight, part.norm.bias)
        ]

    def dropout_mask(self, X, shape):
        """Mask of the features of signals X before class maps; None where nothing is dropped."""
        dropout = None if self.maps is None else self.maps.dropout
        if dropout is None or not dropout.training or dropout.p == 0:
            return None
        return dropout_mask((len(X), *shape), dropout.p, X, dropout.generator)


def recognize(module, device="cpu"):
    """Return the `ConvLayers` of a module on a kind of device, or None for any other module."""
    if not isinstance(module, SpectralModule) or type(module).forward is not SpectralModule.forward:
        return None
    if any(tensor.device.type != device for tensor in module.state_dict().values()):
        return None
    if any(getattr(layer, hooks) for layer in module.modules() for hooks in _HOOKS):
        return None
    first, *others = module.features
    enter, *first = _children(first)
    phased = _is_phased(enter)
    if phased is None:
        return None
    blocks = [_block(layers, phased) for layers in (first, *map(_children, others))]
    if any(block is None for block in blocks):
        return None
    return ConvLayers(enter, blocks, _class_maps(module.classifier), module.classifier)


def _children(block):
    return [*block] if type(block) is nn.Sequential else [block]


def _is_phased(enter):
    """Whether all phases are computed; None if this is no layer that signals enter by."""
    if type(enter) is Phases:
        return True
    flat = type(enter) is nn.Unflatten and enter.dim == 1 and enter.unflattened_size[0] == 1
    return False if flat and len(enter.unflattened_size) == 2 else None


def _block(layers, phased):
    conv_type, pool_type = (PhasedConv1d, PhasedAvgPool1d) if phased else (nn.Conv1d, nn.AvgPool1d)
    if [type(layer) for layer in layers] != [conv_type, nn.ReLU, nn.BatchNorm1d, pool_type]:
        return None
    conv, _, norm, pool = layers
    spacing = pool.distance if phased else 1
    if not (_is_plain(conv, spacing) and _has_statistics(norm)):
        return None
    if not phased and not _averages_pairs(pool):
        return None
    return Block(conv, norm, pool)


def _class_maps(classifier):
    """Return the class maps, if they and their average are all of the classifier; else None."""
    parts = _children(classifier)
    if len(parts) != 2 or [type(part) for part in parts] != [nn.Sequential] * 2:
        return None
    maps, average = map(_children, parts)
    if [type(layer) for layer in maps] != [Dropout, nn.Conv1d, nn.BatchNorm1d]:
        return None
    if [type(layer) for layer in average] != [nn.AdaptiveAvgPool1d, nn.Flatten]:
        return None
    dropout, conv, norm = maps
    whole = average[0].output_size in (1, (1,)) and average[1].start_dim == 1
    if not (whole and conv.kernel_size == (1,) and _is_plain(conv, 1) and _has_statistics(norm)):
        return None
    return Block(conv, norm, dropout=dropout)


def _is_plain(conv, spacing):
    how = conv.stride, conv.dilation, conv.groups, conv.padding, conv.padding_mode
    return how == ((1,), (spacing,), 1, (0,), "zeros") and conv.bias is not None


def _has_statistics(norm):
    return norm.affine and norm.track_running_stats


def _averages_pairs(pool):
    return (pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode) == (
        (2,),
        (2,),
        (0,),
        False,
    )
