# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables for the screen."""

import pytest

from snnir.driver.tables import format_table, percent


def test_columns_are_aligned_and_empty_ones_left_out() -> None:
    lines = format_table(("name", "empty", "bytes"), [("a", None, 1234), ("long", None, None)])
    assert lines == ["name  bytes", "----  -----", "a     1,234", "long"]


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(None, None), (1.0, "100.00 %"), (0.999999, "99.99 %"), (0.5, "50.00 %"), (0.0, "0.00 %")],
)
def test_percent_never_rounds_up_to_all(fraction: float | None, text: str | None) -> None:
    assert percent(fraction) == text
