"""What the displays of images share: colours of classes, scale bars and legends."""

import math
import re

import numpy as np

from skspectra.plotting._style import class_colors

__all__ = [
    "MASKED",
    "class_image",
    "class_legend",
    "color_bar",
    "height_of_map",
    "is_flat",
    "mean_is_known",
    "navigation_scales",
    "scale_bar",
]

MASKED = ("masked", "no edge")
_WIDEST = 0.75  # half of an interval of the mean valence
_BLACK, _GREY = "#000000", "#A0A0A0"
_BAR_DISTANCE, _BAR_WIDTH = 0.08, 0.1  # inches
_FLAT = 0.25  # height over width
_LARGER_BY = {"nm": ("nm", 1), "µm": ("nm", 1000), "um": ("nm", 1000), "Å": ("nm", 0.1)}


def mean_is_known(codes, reasons, lower, upper):
    """Where a mean valence can be shown: of named pixels, and of those surely between classes."""
    return (codes >= 0) | ((reasons == "cannot tell") & (upper - lower <= 2 * _WIDEST))


def class_image(codes, reasons, classes):
    """Colour of every pixel, shape (..., 3): of its class, black where masked, grey if unknown."""
    from matplotlib.colors import to_rgb

    colors = np.array([to_rgb(color) for color in [*class_colors(classes), _GREY, _BLACK]])
    shown = np.where(codes >= 0, codes, len(classes))
    return colors[np.where(np.isin(reasons, MASKED), len(classes) + 1, shown)]


def class_legend(ax, codes, reasons, classes, **legend_params):
    """Legend of the classes that occur, and of what is unknown and masked, with their counts."""
    from matplotlib.patches import Patch

    named = [(np.count_nonzero(codes == i), name) for i, name in enumerate(classes)]
    masked = np.isin(reasons, MASKED)
    others = [(np.count_nonzero((codes < 0) & ~masked), "unknown")]
    others.append((np.count_nonzero(masked), "no edge or masked"))
    colors = [*class_colors(classes), _GREY, _BLACK]
    handles = [
        Patch(facecolor=color, edgecolor="0.5", linewidth=0.5, label=f"{name}: {count}")
        for (count, name), color in zip(named + others, colors, strict=True)
        if count
    ]
    ax.legend(handles=handles, frameon=False, fontsize="small", **legend_params)


def color_bar(ax, image, side="bottom", **colorbar_params):
    """Draw the colour bar of a map along its side, "bottom" or "right", and as long as that is.

    `Figure.colorbar` puts it along the room for the map, which a wide or high map does not fill.
    """
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    edge = ax.figure.dpi_scale_trans + ScaledTranslation(1, 0, ax.transAxes)
    if side == "bottom":
        place = 0, -_BAR_DISTANCE - _BAR_WIDTH, 1, _BAR_WIDTH
        transform = blended_transform_factory(ax.transAxes, edge)
        colorbar_params["orientation"] = "horizontal"
    else:
        place = _BAR_DISTANCE, 0, _BAR_WIDTH, 1
        transform = blended_transform_factory(edge, ax.transAxes)
    beside = ax.inset_axes(place, transform=transform)
    bar = ax.figure.colorbar(image, cax=beside, **colorbar_params)
    bar.ax.tick_params(labelsize="small")
    return bar


def height_of_map(shape, width, n_lines=0):
    """Height in inches of a map with its title and lines of a legend below it."""
    return np.clip(width * shape[0] / shape[1], 0.2, 5) + 0.4 + 0.2 * n_lines


def navigation_scales(signal):
    """Size of a pixel along every navigation axis, in numpy's order, and their unit.

    The unit is "pixels" where the axes have none or different ones.
    """
    axes = signal.axes_manager.navigation_axes[::-1]
    units = [_LARGER_BY.get(str(axis.units), (str(axis.units), 1)) for axis in axes]
    names = {name for name, _ in units}
    if len(names) != 1 or not re.search(r"\w", name := names.pop()) or "undefined" in name:
        return (1.0,) * len(axes), "pixels"
    steps = (abs(getattr(axis, "scale", 1.0)) for axis in axes)
    return tuple(step * by for step, (_, by) in zip(steps, units, strict=True)), name


def is_flat(shape):
    """Whether a map is too flat for labels in it or at its side."""
    return shape[0] < _FLAT * shape[1]


def scale_bar(ax, shape, scale, unit):
    """Draw a bar of a round length, about a quarter as long as an image of some shape is wide.

    It lies in the image, or above one that is too flat to hold it.
    """
    from mpl_toolkits.axes_grid1.anchored_artists import AnchoredSizeBar

    width = shape[1]
    wanted = width * scale / 4
    power = 10 ** math.floor(math.log10(wanted))
    length = power * max(step for step in (1, 2, 5) if step * power <= wanted)
    bar = AnchoredSizeBar(
        ax.transData,
        length / scale,
        f"{length:g} {unit}",
        "lower left",
        pad=0 if is_flat(shape) else 0.3,
        borderpad=0.4,
        sep=3,
        size_vertical=0.01 * width,
        bbox_to_anchor=(0, 1 if is_flat(shape) else 0, 1, 1),
        bbox_transform=ax.transAxes,
        fontproperties={"size": "small"},
    )
    bar.patch.set(alpha=0.8, linewidth=0)
    ax.add_artist(bar)
