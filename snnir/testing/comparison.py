# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Comparison of results that must be equal to the bit."""

from __future__ import annotations

import numpy as np

from snnir.executors.result import ExecutionResult


def assert_same_results(expected: ExecutionResult, actual: ExecutionResult) -> None:
    """Assert that scores and all recorded spikes and membranes are the same.

    Raises:
        AssertionError: they differ, or the results were not recorded.
    """
    np.testing.assert_array_equal(actual.scores, expected.scores, "scores", strict=True)
    np.testing.assert_array_equal(actual.labels, expected.labels, "labels")
    assert expected.recording is not None, "the expected result has no recording"
    assert actual.recording is not None, "the result has no recording"
    first, second = expected.recording.common(actual.recording)
    for kind in ("membranes", "spikes"):
        of_expected, of_actual = getattr(first, kind), getattr(second, kind)
        assert list(of_actual) == list(of_expected), f"{kind} of other layers were recorded"
        for layer, values in of_expected.items():
            message = f"{kind} of layer '{layer}'"
            np.testing.assert_array_equal(of_actual[layer], values, message, strict=True)
