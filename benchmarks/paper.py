"""What the article measured, measured again and put beside its figures.

Run ``python benchmarks/paper.py``; ``--quick`` for fewer spectra, folds and epochs. The nets are
trained on simulated Mn L2,3 spectra without any calibration error and with the noise of a detector.
``--folder`` names a folder of your own: if it holds ``mn_l23_literature.csv`` (columns spectrum,
valence, energy_eV, intensity), its spectra are the references; if it has one subfolder of files per
class, everything is repeated on those. Numbers and figures are written to ``--out``.
"""

import argparse
import json
import time
from pathlib import Path

from _paper_experiments import (
    FULL,
    MOVES,
    NOISE_SCALES,
    QUICK,
    TRAININGS,
    measure,
    read_classes,
    read_literature,
    shifts_of,
    simulate,
    time_epoch,
)
from _paper_report import compare, draw, table

import skspectra
from skspectra._files import writing


def main(arguments=None, full=FULL, quick=QUICK):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("paper"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    size = quick if options.quick else full
    started = time.perf_counter()
    data = {"simulated": simulate(size, options.seed)}
    references = own = None
    if options.folder:
        references, own = read_literature(options.folder), read_classes(options.folder)
    if own:
        data["own files"] = own
    options.out.mkdir(parents=True, exist_ok=True)
    results = {
        "version": skspectra.__version__,
        "quick": options.quick,
        "seed": options.seed,
        **size._asdict(),
        "trainings": TRAININGS,
        "shifts_eV": shifts_of(size),
        "noise_scales": NOISE_SCALES,
        "reference_valence": references[1] if references else [],
        "reference_moves_eV": MOVES,
        "reference_names": references[2] if references else [],
        "epoch_seconds": time_epoch(*data["simulated"], size.n_timed),
        "data": {
            name: measure(X, y, references, size, options.seed, name)
            for name, (X, y) in data.items()
        },
    }
    results["statements"] = compare(results)
    results["seconds"] = time.perf_counter() - started
    draw(options.out, results)
    with writing(options.out / "paper.json") as temporary:
        temporary.write_text(json.dumps(results, indent=1, default=lambda v: v.tolist()) + "\n")
    print(table(results))
    print(f"\nFigures and paper.json are in {options.out} ({results['seconds']:.0f} s).")


if __name__ == "__main__":
    main()
