"""White lines of thick specimens, by the deconvolution of the how-to guide."""

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how_to" / "thick_specimen.md"


def test_deconvolved_ratios_are_those_of_a_thin_specimen():
    pytest.importorskip("exspy")
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    exec(compile("\n".join(blocks), PAGE, "exec"), page := {})
    np.testing.assert_allclose(page["ratio"], 1, atol=0.05)  # of the last image, the deconvolved
    recorded = page["measure"].transform(page["to_matrix"](page["core_loss"])[0])
    worst = recorded.area_ratio.min() / page["true_ratio"]
    assert worst < 0.8
