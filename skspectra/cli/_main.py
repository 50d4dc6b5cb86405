"""The `skspectra` command."""

import contextlib
import warnings
from pathlib import Path

import click

import skspectra
from skspectra._input.files import check_ending, check_folder, check_readable, writing

__all__ = ["main"]


class _Interrupted(click.ClickException):
    """Ctrl-C: the exit code of shells, so that a loop over files ends too."""

    exit_code = 130

    def show(self, file=None):
        click.echo(self.message, file=file, err=True)


class _OneLineErrors(click.Group):
    """Commands that say in one line what ended them: an error, Ctrl-C or a lack of memory."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise _Interrupted("Interrupted.") from error
        except BrokenPipeError:  # whoever read the output has enough
            raise
        except (ImportError, OSError, ValueError, MemoryError) as error:
            raise click.ClickException(str(error) or "There is not enough memory.") from error


@click.group(cls=_OneLineErrors)
@click.version_option(skspectra.__version__)
@click.pass_context
def main(context):
    """Read the valence of 3d metals in spectra and images of core-loss EELS."""
    context.with_resource(_warnings_as_lines())


@contextlib.contextmanager
def _warnings_as_lines():
    """Print what the package warns about in one line each, without the place in the code."""
    from skspectra.exceptions import SpectrumWarning

    def show(message, *_):
        click.echo(f"warning: {message}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always", SpectrumWarning)
        warnings.showwarning = show
        yield


@main.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("skspectra-demo"),
    show_default=True,
    help="Folder for the figures and results.json.",
)
@click.option(
    "--spectra",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Mn L2,3 spectra to classify: any file that HyperSpy reads, or text. "
    "More files may follow the first.",
)
@click.argument("more_spectra", type=click.Path(path_type=Path), nargs=-1, metavar="[FILES]...")
@click.option("--quick", is_flag=True, help="Fewer spectra and epochs: about a minute.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 2),  # the next one is used too
    default=0,
    show_default=True,
    help="Seed of everything drawn.",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def demo(out, spectra, more_spectra, quick, seed, quiet):
    """Compare four nets and a forest on simulated Mn L2,3 edges.

    All are cross-validated in ten folds on simulated spectra without calibration error and scored
    on copies shifted by -5 to +5 eV. Trained again on spectra with calibration errors, they
    classify the files given with --spectra.
    """
    if more_spectra and not spectra:
        raise click.UsageError(f"Got unexpected file {more_spectra[0]}; put --spectra before it.")
    from skspectra.cli._demo import run_demo

    report = run_demo(out, [*spectra, *more_spectra], quick=quick, seed=seed, progress=not quiet)
    click.echo(report)


def _examples(*lines):
    """Text below the help of a command, whose lines stay as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


_ELEMENT = click.option(
    "--element",
    type=click.Choice(
        ("auto", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu"), case_sensitive=False
    ),
    default="auto",
    show_default=True,
    help="Whose L2,3 edge to read.",
)
_MODEL = click.option(
    "--model", help="A reader (.safetensors), or the name of one that comes with the package."
)
_SIGNAL = click.option(
    "--signal", help="Title or number of the signal to read, where a file holds several."
)


@main.command(
    epilog=_examples(
        "skspectra classify MnO.msa reference.csv",
        "skspectra classify scan.dm4 --element Fe --out valences.csv",
    )
)
@click.argument(
    "files", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="FILES..."
)
@_ELEMENT
@_MODEL
@_SIGNAL
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Table (.csv) to write, in place of printing every spectrum.",
)
def classify(files, element, model, signal, out):
    """Name the valence in L2,3 spectra of 3d metals, without training.

    FILES are any that HyperSpy reads, .npz, or text with columns for energy and intensity: single
    spectra, line scans or images, with or without background. For every spectrum: the element, its
    valence or "unknown", the probability, the mean valence with its interval of 90 %, how far the
    edge lies off its nominal energy in eV, the novelty (above 1 a spectrum is far from all that the
    reader knows) and a warning why it is unknown: no edge, cannot tell (too noisy, or between two
    valences) or foreign (the edge of something else).
    """
    _check_files(files)
    if out is not None:
        _check_table(out, files)
    from skspectra.cli._classify import classify_files, printed, summary

    table = classify_files(files, element=element, model=model, signal=signal)
    if out is None:
        click.echo(printed(table))
    else:
        with writing(out) as temporary:
            table.to_csv(temporary, index=False)
    click.echo(summary(table))


@main.command(
    "map",
    epilog=_examples(
        "skspectra map scan.dm4",
        "skspectra map scan.hspy --element Fe --out iron",
        "skspectra map scan.hspy --mask substrate --by phases",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@_ELEMENT
@_MODEL
@_SIGNAL
@click.option(
    "--mask",
    default="none",
    show_default=True,
    metavar="none|substrate|FILE",
    help="What is left out beside pixels that show no edge: substrate and thick places that "
    "clustering finds, or what is True in a .npy FILE in the shape of the image.",
)
@click.option(
    "--by",
    type=click.Choice(("auto", "pixels", "phases")),
    default="auto",
    show_default=True,
    help="Read every pixel, or at a low dose the sums of the phases found; auto says which.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the results; NAME-map beside where you are if not given.",
)
def map_(file, element, model, signal, mask, by, out):
    """Map the valence over a spectrum image or a line scan.

    FILE is any that HyperSpy reads. The edges of eight 3d metals are looked for within 12 eV of
    their energies, and every pixel is read with the reader of the element found, without training.
    Several elements have a folder each. If the low loss of the same scan is in the file, the axis
    is corrected by the zero-loss peak.
    """
    _check_files([file])
    from skspectra.cli._map import map_file

    out = out or Path(f"{file.stem}-map")
    summaries = map_file(
        file, out, signal=signal, element=element, model=model, mask=mask, by=by, say=_say
    )
    for name, summary in summaries.items():
        counts = ", ".join(f"{name} {count}" for name, count in summary["counts"].items())
        click.echo(f"{name} in {summary['pixels']} spectra: {counts}")
    places = out if len(summaries) == 1 else " and ".join(str(out / name) for name in summaries)
    click.echo(f"map.png, report.html, the maps as .hspy and summary.json are in {places}")


@main.command(
    epilog=_examples(
        "skspectra train Mn2+ Mn3+ Mn4+ unknown --out manganese.safetensors",
        "skspectra map scan.dm4 --model manganese.safetensors",
    )
)
@click.argument(
    "sources",
    type=click.Path(exists=True, path_type=Path),
    nargs=-1,
    required=True,
    metavar="FOLDERS|TABLES...",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The reader (.safetensors) to write.",
)
@click.option(
    "--folds",
    type=click.IntRange(2),
    default=5,
    show_default=True,
    help="Parts that are held out in turn.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="Seed of everything drawn.",
)
def train(sources, out, folds, seed):
    """Train a reader on measured spectra of known valence.

    The name of a FOLDER is the valence of all files in it, such as Mn2+; spectra to refuse lie in a
    folder called unknown. A TABLE (.csv) has the columns spectrum, valence, energy_eV and
    intensity. Files are held out in turn, and what the reader says of them is printed and written
    into the file.
    """
    from skspectra.cli._train import report, train_reader

    if out.suffix != ".safetensors":
        raise click.UsageError(f"--out must end in .safetensors, got {out.name}.")
    check_folder(out)
    figures = train_reader(sources, out, n_folds=folds, seed=seed, say=_say)
    click.echo(
        f"Held out in {figures['folds']} parts:\n{report(figures)}\n\nThe reader is in {out}."
    )


@main.command(
    epilog=_examples(
        "skspectra evaluate mn-l23 references.csv",
    )
)
@click.argument("model")
@click.argument(
    "sources",
    type=click.Path(exists=True, path_type=Path),
    nargs=-1,
    required=True,
    metavar="FOLDERS|TABLES...",
)
def evaluate(model, sources):
    """Let a reader read spectra of known valence, and count what is right.

    MODEL is a reader (.safetensors) or the name of one that comes with the package. FOLDERS and
    TABLES are those of skspectra train.
    """
    from skspectra.cli._train import evaluate_reader, report

    figures = evaluate_reader(model, sources)
    click.echo(report(figures))


def _say(line):
    click.echo(line, err=True)


def _check_files(paths):
    """Refuse files that nothing reads before what reads others is imported, which takes long."""
    for path in paths:
        check_readable(path)
        check_ending(path)


def _check_table(path, files):
    """Refuse a table that could not be written or would replace what is read."""
    if path.suffix.lower() != ".csv":
        raise click.ClickException(f"The table is .csv, so {path.name} must end in .csv.")
    check_folder(path)
    if path.exists() and any(path.samefile(each) for each in files):
        raise click.ClickException(f"{path} is one of the files to read. Choose another for --out.")
