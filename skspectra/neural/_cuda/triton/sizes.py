"""Sizes of what the kernels are given, and of what a program does of it."""

from typing import NamedTuple

__all__ = ["Sizes", "power_of_2", "sizes_of"]


class Sizes(NamedTuple):
    """Sizes of a block of a net, or of its class maps."""

    rows: int
    filters: int
    taps: int
    source: int  # positions that the part before gave
    length: int  # positions that are left when they are pooled
    outputs: int
    is_first: bool
    is_maps: bool

    @property
    def width(self):
        """Filters, filled up as the kernels want them."""
        return power_of_2(self.filters)

    @property
    def block(self):
        """Positions of which a program does all filters.

        They make the 128 threads of a program worth while, and the programs enough for all of a
        device: class maps are few, so theirs are smaller.
        """
        numbers = 256 if self.is_maps else 2048
        return min(max(numbers // self.width, 16), numbers // 2)


def sizes_of(layers, length):
    """Sizes of all parts of `ConvLayers`, for signals of some length."""
    sizes, source = [], length
    for number, part in enumerate(layers.parts):
        filters, rows, taps = part.conv.weight.shape
        outputs = length - taps + 1
        is_maps = part is layers.maps
        sizes.append(Sizes(rows, filters, taps, source, length, outputs, number == 0, is_maps))
        source, length = outputs, outputs // 2
    return tuple(sizes)


def power_of_2(number):
    """Return the least power of 2 that is not below a number."""
    return 1 << (number - 1).bit_length()
