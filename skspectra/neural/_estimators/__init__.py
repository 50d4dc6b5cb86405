"""The estimators, one file for each."""

import os
import sys

if sys.flags.optimize > 1:
    raise ImportError(
        "Nets do not work with python -OO, because it strips the docstrings that skorch reads. Use "
        "python -O, or none of them."
    )
try:
    os.getcwd()
except FileNotFoundError as error:  # MKL would end the process
    raise ImportError(
        "The working folder has been deleted. Change to another one first."
    ) from error
