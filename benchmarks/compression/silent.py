# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Silent pruning (arXiv 2511.12136) of the published N-MNIST network, down to the Cortex-M7.

    python benchmarks/compression/silent.py [--emulated N]

writes `benchmarks/results/silent.csv` and `.md`. The activity is measured on the calibration half
of the real recordings, by `snn-prune-silent`; accuracy and agreement with the unpruned network are
those of the other half. The thresholds go from channels that never fire upward. Network and
recordings are looked up by `snnir.data.locations.shared_folder`.
"""

import argparse
import csv
from dataclasses import asdict, dataclass

import numpy as np
import torch
from together_nmnist import (
    RESULTS,
    Binary,
    Size,
    cached,
    calibration_file,
    compile_and_measure,
    dense_network,
    log,
    passed,
    real_recordings,
    size_of,
)
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration.activity import measure_activity
from snnir.data import Dataset
from snnir.driver.files import network_of
from snnir.support.diagnostics import SNNError

BINS = (300, 50)
THRESHOLDS = (None, 0.0, 1e-3, 1e-2)
"""Rates; None is the network before pruning."""


@dataclass(frozen=True)
class Row:
    """One network, pruned with a threshold or not at all, on the test half.

    Attributes:
        agreement: fraction of the decisions that equal those of the unpruned network.
        real_accuracy: in real numbers, before the weights become integers.
    """

    bins: int
    threshold: float | None
    size: Size
    binary: Binary
    real_accuracy: float
    agreement: float

    def values(self) -> dict[str, object]:
        """The row as one flat record."""
        own: dict[str, object] = {"bins": self.bins, "threshold": self.threshold}
        both = {"real_accuracy": self.real_accuracy, "agreement": self.agreement}
        per_inference = {"instructions_per_inference": self.binary.inference}
        return own | asdict(self.size) | both | asdict(self.binary) | per_inference


def pruned(dense: ModuleOp, bins: int, threshold: float | None) -> ModuleOp:
    """The network without channels that fire at most that often on the calibration half."""
    if threshold is None:
        return dense
    return cached(
        f"silent_{bins}_{threshold:g}",
        lambda: passed(
            dense,
            f'snn-prune-silent{{calibration="{calibration_file(bins)}" threshold={threshold}}}',
        ),
    )


def rows_of(bins: int, test: Dataset, emulated: int) -> list[Row]:
    """All thresholds at one number of bins; a network that cannot be compiled is left out."""
    dense = dense_network(bins)
    rows: list[Row] = []
    unpruned = None
    for threshold in THRESHOLDS:
        module = pruned(dense, bins, threshold)
        activity = measure_activity(network_of(module), test)
        size = size_of(module, test, activity)
        if rows and size.channels == rows[-1].size.channels:
            log(f"{bins} bins: threshold {threshold} removes no more than {rows[-1].threshold}")
            continue
        unpruned = activity.labels if unpruned is None else unpruned
        try:
            binary = compile_and_measure(module, test, emulated)
        except SNNError as error:
            log(f"{bins} bins, threshold {threshold}, channels {size.channels}: LEFT OUT: {error}")
            continue
        same, real = float(np.mean(activity.labels == unpruned)), activity.accuracy
        assert real is not None
        rows.append(Row(bins, threshold, size, binary, real, same))
        log(rows[-1])
    return rows


def table(rows: list[Row]) -> list[str]:
    """The rows of one number of bins in Markdown."""
    titles = (
        "threshold", "channels", "MACs per step", "SynOps per step", "accuracy", "same decision",
        "flash", "RAM with stack", "instructions per step", "of unpruned", "bit-exact",
    )  # fmt: skip
    lines = [" | ".join(titles), " | ".join("---" for _ in titles)]
    for row in rows:
        size, binary = row.size, row.binary
        threshold = "unpruned" if row.threshold is None else f"{row.threshold:g}"
        lines.append(
            f"{threshold} | {size.channels} | {size.macs:,} | {size.synaptic_operations:,.0f} | "
            f"{binary.accuracy:.1%} | {row.agreement:.1%} | {binary.flash:,} | {binary.ram:,} | "
            f"{binary.instructions:,.0f} | "
            f"{binary.instructions / rows[0].binary.instructions:.1%} | "
            f"{'yes' if binary.exact else 'NO'}"
        )
    return [f"| {line} |" for line in lines]


def write_results(rows: list[Row]) -> None:
    """CSV and Markdown."""
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / "silent.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0].values()))
        writer.writeheader()
        writer.writerows(row.values() for row in rows)
    binary = rows[0].binary
    lines = [
        "# Silent pruning of the published N-MNIST network (arXiv 2511.12136)",
        "",
        "Made by `python benchmarks/compression/silent.py`. Channels that fire at a rate (spikes "
        "per neuron and step) of at most the threshold on the calibration half of the real "
        f"recordings (350, of which the pass puts some aside to check the choice) are removed; "
        "threshold 0: that never fire. Accuracy, agreement and "
        f"SynOps on the other half (n = {binary.samples}; one sample is "
        f"{100 / binary.samples:.2f} points), the accuracy of the integer program. Instructions "
        f"are exact, for the Cortex-M7 in QEMU (mps2-an500), on {binary.emulated} recordings of "
        "the test half, where the program equals the integer network bit for bit. SynOps: "
        "multiply-accumulates with inputs that are not zero, borders in full.",
    ]
    for bins in BINS:
        of_bins = [row for row in rows if row.bins == bins]
        if of_bins:
            lines += ["", f"## {bins} time bins", "", *table(of_bins)]
    (RESULTS / "silent.md").write_text("\n".join(lines) + "\n")


def main() -> None:
    """Measure both numbers of bins."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--emulated", type=int, default=10, help="recordings in the emulator")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows: list[Row] = []
    for bins in BINS:
        rows += rows_of(bins, real_recordings(bins)[1], arguments.emulated)
        write_results(rows)


if __name__ == "__main__":
    main()
