"""Where a net runs, and on how many threads."""

import threading
from contextlib import contextmanager

import numpy as np
import torch

__all__ = [
    "available_device",
    "one_thread",
    "resolve_device",
    "send",
    "send_buffer",
    "side_stream",
]

_this_thread = threading.local()
_lock = threading.Lock()
_found = []  # the number of threads, once for every thread that is alone


def resolve_device(device):
    """Turn the parameter `device` of an estimator into a torch device that this machine has."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"device={device!r} is no device: {error}") from error
    if wanted.type not in ("cpu", "cuda", "mps"):
        raise ValueError(f"device must be 'auto', 'cpu', 'mps' or a CUDA device, got {device!r}.")
    if available_device(wanted) != wanted:
        raise ValueError(
            f"device={device!r} is not available: torch sees {torch.cuda.device_count()} CUDA "
            f"devices here, and {'an' if _has_mps() else 'no'} MPS device. Use 'auto' or 'cpu'."
        )
    return wanted


def available_device(device):
    """Return the device where this machine has it, else the CPU."""
    device = torch.device(device)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        return torch.device("cpu")
    if device.type == "mps" and not _has_mps():
        return torch.device("cpu")
    return device


def _has_mps():
    return torch.backends.mps.is_available()


@contextmanager
def one_thread():
    """Keep torch to the thread it is called from: on small tensors others only get in the way.

    torch also takes the number that one thread sets for that of threads to come. So of several
    threads in here at a time, all leave behind the number that the first one found.
    """
    if getattr(_this_thread, "is_alone", False):
        yield
        return
    with _lock:
        _found.append(_found[0] if _found else torch.get_num_threads())
    torch.set_num_threads(1)
    _this_thread.is_alone = True
    try:
        yield
    finally:
        _this_thread.is_alone = False
        with _lock:
            torch.set_num_threads(_found.pop())


def send(array, device, copy=True):
    """Copy an array to a device; a copy to CUDA goes on while the caller does something else.

    Without `copy`, if nothing is written to the tensor, it may be the array itself on a CPU.
    """
    if device.type != "cuda":
        array = np.ascontiguousarray(array)
        as_it_is = not copy and device.type == "cpu" and array.flags.writeable
        return torch.from_numpy(array) if as_it_is else torch.tensor(array, device=device)
    buffer = send_buffer(array.shape, array.dtype, device)
    buffer.numpy()[...] = array
    return buffer.to(device, non_blocking=True)


def send_buffer(shape, dtype, device):
    """Memory of a numpy dtype that a device copies from as fast as it can."""
    dtype = torch.from_numpy(np.empty(0, dtype)).dtype
    return torch.empty(shape, dtype=dtype, pin_memory=device.type == "cuda")


@contextmanager
def side_stream(device):
    """Let a thread use CUDA at the same time as others; on a CPU this does nothing."""
    if device.type != "cuda":
        yield
        return
    stream = torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):
        yield
    stream.synchronize()
