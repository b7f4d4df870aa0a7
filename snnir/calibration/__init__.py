# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What passes measure on calibration data: firing rates, and agreement before and after a change.

This is the interface through which passes execute networks; torch is imported at the first run.
"""

from snnir.calibration.activity import Activity, LayerActivity, measure_activity, record_activity
from snnir.calibration.comparison import Comparison, compare_networks
from snnir.calibration.data import load_calibration

__all__ = [
    "Activity",
    "Comparison",
    "LayerActivity",
    "compare_networks",
    "load_calibration",
    "measure_activity",
    "record_activity",
]
