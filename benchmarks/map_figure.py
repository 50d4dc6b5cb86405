"""The map at the top of the README: `skspectra map` on a simulated particle at 30 counts.

Run ``python benchmarks/map_figure.py docs/images/map.png``.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import hyperspy.api as hs

from skspectra.datasets import make_particle_image

PIXEL = 0.5  # nm


def save_particle(path):
    """Save the image as a microscope's software would."""
    particle = make_particle_image(counts=30, random_state=0)
    signal = hs.signals.Signal1D(particle.data)
    signal.set_signal_type("EELS")
    energy = signal.axes_manager[-1]
    energy.offset, energy.units = particle.spectral_axis[0], "eV"
    energy.scale = particle.spectral_axis[1] - particle.spectral_axis[0]
    for axis in signal.axes_manager.navigation_axes:
        axis.scale, axis.units = PIXEL, "nm"
    signal.save(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figure", type=Path)
    figure = parser.parse_args().figure
    with tempfile.TemporaryDirectory() as folder:
        image, results = Path(folder, "particle.hspy"), Path(folder, "map")
        save_particle(image)
        command = [sys.executable, "-m", "skspectra", "map", image, "--out", results]
        subprocess.run(command, check=True)
        shutil.copyfile(results / "map.png", figure)
