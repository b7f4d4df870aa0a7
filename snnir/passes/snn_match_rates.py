# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sets the thresholds of a compressed network so that its neurons fire as often as before.

Compensated weights are smaller than the original ones, so neurons fire too rarely, and each layer
starves the next. One gain for each neuron of a layer of rank 1, or for each channel, repairs it; a
gain on the current of a neuron is a threshold divided by it, which is free at inference. The gains
are found by bisection on calibration data, one layer after the other in program order, so that each
layer sees the repaired rates of those before it.

The rates to reach are those of the network in `reference` (a `.mlir` file with the same layers), or
those that `snn-measure-activity` recorded before the network was compressed. A neuron whose rate
cannot be brought closer keeps its threshold.

No method of a paper. Legal for every network with spiking neurons. An error: neither `reference`
nor recorded rates, or a layer that the network in `reference` lacks or has with another number of
channels, as after a pass that removes channels (`snn-prune-silent` records the rates of what is
left). Left alone, with a remark: the layer that the readout looks at, if `outputs=false`.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute

from snnir.calibration.activity import measure_activity, measure_channel_rates
from snnir.calibration.data import load_calibration
from snnir.data import Dataset
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.dialects.network import layer_names
from snnir.dialects.snn_neurons import SpikingNeuronBase
from snnir.layers.activity_attributes import channel_rates_of, erase_rates
from snnir.passes.second_network import read_second_network
from snnir.support.arrays import array_from_dense, dense_from_array
from snnir.support.diagnostics import error_at
from snnir.support.pass_base import SNNPass, option, required_option

Rates = dict[str, NDArray[np.float64]]
"""Rate of each channel, or neuron of a layer of rank 1, by layer."""


@dataclass(frozen=True)
class SNNMatchRatesPass(SNNPass):
    """Give neurons the rates that they had before compression.

    >>> from snnir.testing.tiny_network import print_remarks
    >>> compress = 'snn-measure-activity{calibration="c.npz"},snn-prune-magnitude{sparsity=0.5}'
    >>> print_remarks(compress + ',snn-match-rates{calibration="c.npz"}')
    snn.lif: changed 4 of 5 thresholds on 40 samples; mean rate ..., wanted 0.0900, ...
    snn.lif: changed 2 of 2 thresholds on 40 samples; mean rate ..., wanted 0.5172, ...
    """

    name: ClassVar[str] = "snn-match-rates"

    calibration: str = required_option("calibration data: FILE.npz or nmnist:DIR")
    reference: str | None = option(None, "the network before: FILE.mlir; none: recorded rates")
    samples: int | None = option(None, "how many calibration samples to use; all by default")
    iterations: int = option(8, "executions of the network for each layer")
    largest_gain: float = option(4.0, "gains lie between one over this number and it")
    outputs: bool = option(True, "also match the layer that the readout looks at")
    device: str = option("cpu", "where the network is executed: cpu or cuda")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for network in op.walk():
            if isinstance(network, snn.NetworkOp):
                self._check_options(network)
                self._match(network)

    def _check_options(self, network: snn.NetworkOp) -> None:
        if self.iterations < 1:
            raise error_at(network, f"option iterations must be positive, got {self.iterations}")
        if not self.largest_gain > 1:
            raise error_at(network, f"option largest-gain must exceed 1, got {self.largest_gain}")

    def _match(self, network: snn.NetworkOp) -> None:
        data = load_calibration(self.calibration, network, self.samples)
        wanted = self._wanted(network, data)
        layers = [(op, name) for op, name in layer_names(network).items() if name in wanted]
        total = len(layers) * (self.iterations + 1)
        with tqdm(total=total, desc="rates", unit="run", disable=None) as bar:
            for op, name in layers:
                assert isinstance(op, SpikingNeuronBase)
                if not self.outputs and op.spikes is network.outputs[0]:
                    self.remark(op, "kept: the readout looks at it")
                    continue
                self._match_layer(network, op, name, wanted[name], data, bar)

    def _wanted(self, network: snn.NetworkOp, data: Dataset) -> Rates:
        """The rates to reach."""
        spiking = {
            op: name
            for op, name in layer_names(network).items()
            if isinstance(op, SpikingNeuronBase)
        }
        if self.reference is None:
            recorded = {name: channel_rates_of(op) for op, name in spiking.items()}
            if any(rates is None for rates in recorded.values()):
                raise error_at(
                    network, "records no rates of its neurons: name the network before compression "
                    "with reference=FILE.mlir, or run snn-measure-activity before compressing"
                )  # fmt: skip
            rates = {k: np.asarray(v, np.float64) for k, v in recorded.items() if v is not None}
        else:
            before = read_second_network(
                network, self.reference, _inputs_of, can_do="be imitated", can_use="imitate"
            )
            measured = measure_activity(before, data, device=self.device, progress=True)
            rates = {name: layer.channel_rates for name, layer in measured.layers.items()}
        for op, name in spiking.items():
            channels = shape_of(op.spikes.type)[0]
            if name not in rates or len(rates[name]) != channels:
                raise error_at(op, f"'{name}' has no {channels} channels in the network to imitate")
        return {name: rates[name] for name in spiking.values()}

    def _match_layer(
        self,
        network: snn.NetworkOp,
        op: SpikingNeuronBase,
        name: str,
        wanted: NDArray[np.float64],
        data: Dataset,
        bar: tqdm,
    ) -> None:
        """Bisect the logarithm of the gain, all channels at once; the closest rate wins."""
        threshold = op.properties["threshold"]
        limit = np.log(self.largest_gain)
        low, high = np.full(len(wanted), -limit), np.full(len(wanted), limit)
        best, error = np.zeros(len(wanted)), np.full(len(wanted), np.inf)
        gain = best.copy()
        first = 0.0
        for iteration in range(self.iterations + 1):
            _set_threshold(op, threshold, gain)
            rates = measure_channel_rates(network, op, data, device=self.device)
            first = float(rates.mean()) if iteration == 0 else first
            closer = np.abs(rates - wanted) < error
            best, error = np.where(closer, gain, best), np.where(closer, abs(rates - wanted), error)
            low, high = np.where(rates < wanted, gain, low), np.where(rates > wanted, gain, high)
            gain = np.where(rates == wanted, gain, (low + high) / 2)
            bar.update()
        _set_threshold(op, threshold, best)
        erase_rates(op)
        changed = int(np.count_nonzero(best))
        self.statistics.add("thresholds changed", changed)
        self.remark(
            op,
            f"changed {changed} of {len(best)} thresholds on {len(data)} samples; mean rate "
            f"{first:.4f}, wanted {wanted.mean():.4f}, now off by {error.mean():.4f} per channel",
            layer=name, changed=changed, rate_before=first, rate_wanted=float(wanted.mean()),
            error=float(error.mean()), samples=len(data),
        )  # fmt: skip


def _inputs_of(network: snn.NetworkOp) -> str:
    return f"{network.timesteps.value.data} steps of the shape {shape_of(network.frame.type)}"


def _set_threshold(
    op: SpikingNeuronBase, original: Attribute, logarithms: NDArray[np.float64]
) -> None:
    """Divide the thresholds by `exp(logarithms)`, one for each channel."""
    if not logarithms.any():
        op.properties["threshold"] = original
        return
    threshold = array_from_dense(original).astype(np.float64)
    rank = len(shape_of(op.spikes.type))
    array = threshold / np.exp(logarithms).reshape(-1, *[1] * (rank - 1))
    op.properties["threshold"] = dense_from_array(array.astype(np.float32))
