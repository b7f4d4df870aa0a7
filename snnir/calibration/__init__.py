# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What passes measure on calibration data: firing rates, and agreement before and after a change.

This is the interface through which passes execute networks; torch is imported at the first run.
"""

from snnir.calibration.activity import (
    Activity,
    LayerActivity,
    measure_activity,
    measure_channel_rates,
    record_activity,
)
from snnir.calibration.comparison import Comparison, compare_networks
from snnir.calibration.data import load_calibration
from snnir.calibration.held_out import (
    HeldOutCheck,
    Split,
    check_held_out,
    describe_split,
    split_calibration,
)

__all__ = [
    "Activity",
    "Comparison",
    "HeldOutCheck",
    "LayerActivity",
    "Split",
    "check_held_out",
    "compare_networks",
    "describe_split",
    "load_calibration",
    "measure_activity",
    "measure_channel_rates",
    "record_activity",
    "split_calibration",
]
