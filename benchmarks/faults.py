"""Damaged files, full disks and kills: what is refused, read, wrong, crashed or hung.

Every reader gets files of random bytes and valid files with a few bytes changed, taken out, put in
or cut off; seeds are fixed. A worker process reads them, so that a crash and a hang are seen. What
is read from a changed file is compared with a reader that is slow and strict, or with the file
before it was changed; it is wrong where it is neither.
"""

import argparse
import contextlib
import multiprocessing
import os
import resource
import signal
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from _fault_subjects import SUBJECTS, read_model, write_model

OUTCOMES = ("refused", "same", "as the file says", "wrong", "crashed", "hung")
PATIENCE = 20  # seconds
MEMORY = 4 << 30  # bytes; what wants more than the file is worth fails


def mutate(content, rng):
    """Change a few bytes, take some out, put some in, repeat some, or cut the end off."""
    content = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(content))) if content else 0
        length = int(rng.integers(1, 1 + max(1, len(content) // 8)))
        kind = rng.integers(6)
        if kind == 0 and content:
            content[at] ^= 1 << int(rng.integers(8))
        elif kind == 1 and content:
            content[at] = rng.integers(256)
        elif kind == 2:
            del content[at : at + length]
        elif kind == 3:
            content[at:at] = rng.bytes(length % 16)
        elif kind == 4:
            content[at:at] = content[at : at + length]
        else:
            del content[at:]
    return bytes(content)


def serve(pipe):
    """Read files until there are no more, and say what came of each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    while (task := pipe.recv()) is not None:
        name, path = task
        try:
            pipe.send((None, SUBJECTS[name].read(Path(path))))
        except (OSError, ValueError) as error:
            pipe.send(("refused", str(error)))
        except BaseException as error:
            pipe.send(("crashed", f"{type(error).__name__}: {error}"))


class Worker:
    """A process that reads, started again when it died or hung."""

    def __init__(self):
        self.process = None

    def ask(self, name, path):
        if self.process is None:
            self.pipe, other = multiprocessing.Pipe()
            self.process = multiprocessing.get_context("fork").Process(target=serve, args=(other,))
            self.process.start()
            other.close()
        self.pipe.send((name, str(path)))
        try:
            if self.pipe.poll(PATIENCE):
                return self.pipe.recv()
            outcome = "hung"
        except EOFError:
            outcome = "crashed"
        self.process.kill()
        self.process = None
        return outcome, "the process"

    def close(self):
        if self.process is not None:
            self.pipe.send(None)
            self.process.join()


def judge(name, path, found, original):
    """Say whether what was read is the same as before or what the file says, or wrong."""
    if found.shape == original.shape and np.allclose(found, original, rtol=1e-6, equal_nan=True):
        return "same"
    strict = SUBJECTS[name].strict
    expected = strict(path) if strict else None
    fits = expected is not None and found.shape == expected.shape
    return "as the file says" if fits and np.allclose(found, expected, rtol=1e-6) else "wrong"


def campaign(name, count, folder, show):
    """Count what comes of random and of changed files of a format."""
    ending, write, read, _ = SUBJECTS[name]
    valid = folder / f"valid{ending}"
    write(valid)
    original, content = read(valid), valid.read_bytes()
    worker, counts = Worker(), {}
    for kind in ("random", "changed"):
        rng = np.random.default_rng(0)
        counts[kind] = Counter()
        for _ in range(count):
            path = folder / f"file{ending}"
            data = rng.bytes(int(rng.integers(2000))) if kind == "random" else mutate(content, rng)
            path.write_bytes(data)
            outcome, found = worker.ask(name, path)
            outcome = outcome or judge(name, path, found, original)
            counts[kind][outcome] += 1
            if outcome in ("wrong", "crashed", "hung") and show:
                saved = folder / f"{name.replace(' ', '_')}_{kind}_{sum(counts[kind].values())}"
                saved.write_bytes(data)
                print(f"  {outcome}: {saved}: {str(found)[:200]}")
    worker.close()
    return counts


def kills(count, folder):
    """Count outcomes for models that are replaced by a process which is killed at any time."""
    path, counts = folder / "killed.safetensors", Counter()
    write_model(path)
    expected = read_model(path)
    rng = np.random.default_rng(0)
    for _ in range(count):
        child = os.fork()
        if not child:
            with contextlib.suppress(BaseException):
                while True:
                    write_model(path)
            os._exit(0)
        time.sleep(rng.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        counts["same" if np.allclose(read_model(path), expected) else "wrong"] += 1
    return counts


def full_disk(folder):
    """Count the outcome for a model that is larger than a file may be."""
    counts = Counter()
    path = folder / "full.safetensors"
    write_model(path)
    before = path.read_bytes()
    child = os.fork()
    if not child:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        try:
            write_model(path)
        except OSError:
            os._exit(0)
        except BaseException:
            os._exit(1)
        os._exit(2)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    leftover = [each for each in folder.iterdir() if each.name.startswith(".full")]
    whole = path.read_bytes() == before and not leftover
    counts["refused" if status == 0 and whole else "wrong" if status == 0 else "crashed"] += 1
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="files of each kind and format")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--only", choices=SUBJECTS, help="one format")
    parser.add_argument("--show", action="store_true", help="print and keep what is not refused")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{'':28}" + "".join(f"{outcome:>18}" for outcome in OUTCOMES))
    folder = Path(tempfile.mkdtemp(prefix="faults"))
    for name in [options.only] if options.only else SUBJECTS:
        for kind, counts in campaign(name, options.count, folder, options.show).items():
            print_row(f"{name}, {kind}", counts)
    if not options.only:
        print_row("model, killed while saved", kills(options.kills, folder))
        print_row("model, disk full", full_disk(folder))


def print_row(name, counts):
    print(f"{name:28}" + "".join(f"{counts[outcome]:18}" for outcome in OUTCOMES), flush=True)


if __name__ == "__main__":
    main()
