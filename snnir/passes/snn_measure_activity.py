# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Executes networks on calibration data and records how often their neurons fire.

Every layer that can spike gets the attributes `rate` (spikes per neuron and step, 0 to 1),
`channel_rates` (the same for each channel, or for each neuron of a layer of rank 1) and
`rate_samples` (the number of samples). Older ones are replaced. Nothing else changes. Passes that
choose by activity read them; a pass that changes a layer erases or renews them. Those that prune or
quantise single weights leave them, so that `snn-match-rates` can restore what was measured before.

Layers that cannot spike are left alone. The data must fit the network: as many steps, frames of its
shape, counts where it takes counts.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration import load_calibration, measure_activity, record_activity
from snnir.dialects import snn
from snnir.dialects.network import layer_names
from snnir.support.pass_base import SNNPass, option, required_option


@dataclass(frozen=True)
class SNNMeasureActivityPass(SNNPass):
    """Record firing rates on calibration data as attributes.

    >>> from snnir.testing.tiny_network import print_remarks
    >>> print_remarks('snn-measure-activity{calibration="c.npz"}')
    snn.lif: fires at 9 % of the steps of 40 samples; 20 of 80 neurons never fire
    snn.lif: fires at 51.72 % of the steps of 40 samples; 0 of 2 neurons never fire
    """

    name: ClassVar[str] = "snn-measure-activity"

    calibration: str = required_option("FILE.npz (keys x, y) or nmnist:DIR with recordings")
    samples: int | None = option(None, "samples to use, class-balanced; all by default")
    device: str = option("cpu", "where to execute the network: cpu or cuda")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in [n for n in op.walk() if isinstance(n, snn.NetworkOp)]:
            self._measure(network)

    def _measure(self, network: snn.NetworkOp) -> None:
        data = load_calibration(self.calibration, network, self.samples)
        activity = measure_activity(network, data, device=self.device, progress=True)
        record_activity(network, activity)
        for op, name in layer_names(network).items():
            if (layer := activity.layers.get(name)) is None:
                continue
            silent = int(np.count_nonzero(layer.spikes == 0))
            self.remark(
                op,
                f"fires at {100 * layer.rate:.4g} % of the steps of {activity.samples} samples; "
                f"{silent:,} of {layer.spikes.size:,} neurons never fire",
                rate=layer.rate,
                silent_neurons=silent,
                neurons=layer.spikes.size,
                samples=activity.samples,
                timesteps=activity.timesteps,
            )
            self.statistics.add("layers measured")
        self.statistics.add("samples", activity.samples)
