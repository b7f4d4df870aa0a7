# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compresses a network as far as its user wants, in the order in which the passes help each other.

Folding comes first, so that all passes see the weights that will be executed. Silent channels go
next: what is left is smaller for everything behind, and its rates are those that `snn-match-rates`
restores. Pruning comes before quantising, because the zeros stay zero on every grid, while a
refit after rounding would leave it. `size` says how far:

* `large`: weights of 8 bits, and nothing else than the silent channels is gone;
* `medium`: 90 % of the weights are zero, the others have 4 bits, thresholds restore the rates;
* `small`: 97 % of the weights are zero, each layer fitted on what the compressed layers before it
  give; the others have 4 bits, thresholds restore the rates.

The rates are restored last, so that they are those of the network that will be executed. The sizes
suit networks with far more weights than they need; one of a few thousand weights does not survive
`small`. Choose by the accuracy on data that did not calibrate. Any other choice is written with the
passes themselves: `snn-opt --dump-pass-pipeline` prints what the name stands for, ready to be
changed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from xdsl.utils.arg_spec import ArgSpec

from snnir.support.pass_base import PassPipeline, element, option, required_option

Size = Literal["small", "medium", "large"]


@dataclass(frozen=True)
class SNNCompressPipeline(PassPipeline):
    """Compress a network to one of three sizes, on calibration data."""

    name: ClassVar[str] = "snn-compress"
    EXAMPLES: ClassVar[tuple[str, ...]] = (
        'snn-compress{size=large calibration="c.npz"}',
        'snn-compress{size=medium calibration="c.npz"}',
        'snn-compress{size=small calibration="c.npz"}',
    )

    calibration: str = required_option("FILE.npz (keys x, y) or nmnist:DIR with recordings")
    size: Size = option("medium", "how far to go: small, medium or large")
    samples: int | None = option(None, "samples to use, class-balanced; all by default")
    device: str = option("cpu", "where networks are executed: cpu or cuda")

    def elements(self) -> Sequence[ArgSpec]:
        """See the base class."""
        return list(self._elements())

    def _elements(self) -> Iterator[ArgSpec]:
        yield element("snn-fold-batch-norm")
        yield element("snn-fold-scale")
        yield self._measuring("snn-prune-silent")
        if self.size == "large":
            yield self._measuring("snn-osbc-quantize", bits=8)
            return
        # The rates that snn-match-rates restores, on the samples that it looks at.
        yield self._measuring("snn-measure-activity")
        if self.size == "medium":
            yield self._measuring("snn-osbc-prune", sparsity=0.9)
        else:
            yield self._measuring("snn-osbc-prune", sparsity=0.97, sequential="asymmetric")
        yield self._measuring("snn-osbc-quantize", bits=4)
        yield self._measuring("snn-match-rates")

    def _measuring(self, name: str, **options: int | float | str) -> ArgSpec:
        """A pass that executes the network on the calibration data."""
        device = None if self.device == "cpu" else self.device
        return element(
            name, calibration=self.calibration, **options, samples=self.samples, device=device
        )
