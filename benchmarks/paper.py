"""What the article measured, measured again and put beside its figures.

Run ``python benchmarks/paper.py --out FOLDER``; ``--quick`` for fewer spectra, folds and epochs.
Numbers and figures are written to that folder. The nets are trained on simulated Mn L2,3 spectra
without any calibration error and with the noise of a detector, and on the article's own spectra
where `skspectra.datasets.fetch_mn_valence` has them; with the defaults, and as published (Adam at a
rate of 0.001, batches of 128). ``--folder`` names a folder of your own: if it holds
``mn_l23_literature.csv`` (columns spectrum, valence, energy_eV, intensity), its spectra are the
references in place of the article's; if it has one subfolder of files per class, everything is
repeated on those.
"""

import argparse
import itertools
import json
import time
from pathlib import Path

from _paper_data import at_most, read_classes, read_literature, read_published, simulate
from _paper_experiments import (
    FULL,
    MOVES,
    PUBLISHED,
    QUICK,
    TRAININGS,
    WAYS,
    make_model,
    measure,
    neighbour_shares,
    noise_scales_of,
    shifts_of,
    time_epoch,
)
from _paper_figures import draw, draw_inside
from _paper_verdicts import compare, table

import skspectra
from skspectra._input.files import writing


def read(folder, size, seed):
    """All sets of spectra by name, and the references."""
    acquired, references = read_published()
    data = {"simulated": simulate(size.n_per_class, seed), "article": acquired}
    if folder:
        references = read_literature(folder) or references
        data["own files"] = read_classes(folder)
    data = {name: spectra for name, spectra in data.items() if spectra}
    return {
        name: at_most(size.most_per_class, *each, seed) for name, each in data.items()
    }, references


def main(arguments=None, full=FULL, quick=QUICK):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    size = quick if options.quick else full
    started = time.perf_counter()
    data, references = read(options.folder, size, options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    results = {
        "version": skspectra.__version__,
        "quick": options.quick,
        "seed": options.seed,
        **size._asdict(),
        "trainings": TRAININGS,
        "shifts_eV": shifts_of(size),
        "noise_scales": noise_scales_of(size),
        "reference_valence": references[1] if references else [],
        "reference_moves_eV": MOVES,
        "reference_names": references[2] if references else [],
        "epoch_seconds": time_epoch(*data["simulated"], size.n_timed),
        "data": {},
    }
    for (name, (X, y)), way in itertools.product(data.items(), WAYS):
        name += way
        measured = measure(X, y, references, size, options.seed, name, way)
        model = make_model(PUBLISHED, "plain", size.max_epochs, options.seed, way=way).fit(X, y)
        measured["neighbours"] = neighbour_shares(model, X, y, references) if references else {}
        draw_inside(options.out, name, model, X, y, references)
        results["data"][name] = measured
    results["statements"] = compare(results)
    results["seconds"] = time.perf_counter() - started
    draw(options.out, results)
    with writing(options.out / "paper.json") as temporary:
        temporary.write_text(json.dumps(results, indent=1, default=lambda v: v.tolist()) + "\n")
    print(table(results))
    print(f"\nFigures and paper.json are in {options.out} ({results['seconds']:.0f} s).")


if __name__ == "__main__":
    main()
