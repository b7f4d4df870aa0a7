# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Silent pruning (arXiv 2511.12136) of the published N-MNIST network, down to the Cortex-M7.

    python benchmarks/compression/silent.py [--emulated N] [--profile]

writes `benchmarks/results/silent.csv` and `.md`, with `--profile` only `silent_profile.md`. The
activity is measured on the calibration half of the real recordings, by `snn-prune-silent`; accuracy
and agreement with the unpruned network are those of the other half. The thresholds go from channels
that never fire upward. A remedy is tried where a threshold loses accuracy: as many channels, but
chosen by `snn-prune-pca`, which refits what reads them. Network and recordings are looked up by
`snnir.data.locations.shared_folder`.
"""

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from common import RESULTS, log, markdown_table, write_csv
from nmnist_measurements import (
    PROFILED_SAMPLES,
    Binary,
    Size,
    compile_and_measure,
    compile_network,
    dense_code,
    profile,
    size_of,
)
from nmnist_networks import (
    accuracy,
    cached,
    calibration_file,
    dense_network,
    passed,
    real_recordings,
    snn_network,
)
from xdsl.dialects.builtin import ModuleOp

from snnir.calibration.activity import measure_activity
from snnir.dialects import snn
from snnir.dialects.layer_shapes import shape_of
from snnir.driver.files import network_of
from snnir.support.diagnostics import SNNError

BINS = (300, 50)
THRESHOLDS = (0.0, 1e-3, 1e-2)
"""Rates."""


@dataclass(frozen=True)
class Variant:
    """The network as published, or without some channels.

    Attributes:
        threshold: largest rate of what `snn-prune-silent` removes; None removes nothing.
        refitted: `snn-prune-pca` removes as many channels of each layer instead.
    """

    threshold: float | None = None
    refitted: bool = False

    def __str__(self) -> str:
        if self.threshold is None:
            return "unpruned"
        text = f"{self.threshold:g}"
        return f"as many as at {text}, by PCA, refitted" if self.refitted else text

    def network(self, bins: int) -> ModuleOp:
        """The network of that many steps, calibrated on the calibration half."""
        dense, threshold = dense_network(bins), self.threshold
        if threshold is None:
            return dense
        data = f'calibration="{calibration_file(bins)}"'
        silent = cached(
            f"silent_{bins}_{threshold:g}",
            lambda: passed(dense, f"snn-prune-silent{{{data} threshold={threshold}}}"),
        )
        if not self.refitted:
            return silent
        layers = [op for op in snn_network(silent).body.block.ops if isinstance(op, snn.Conv2dOp)]
        wanted = ",".join(str(shape_of(op.result.type)[0]) for op in layers)
        return cached(
            f"silent_{bins}_{threshold:g}_refitted",
            lambda: passed(dense, f"snn-prune-pca{{{data} channels={wanted}}}"),
        )


UNPRUNED = Variant()
VARIANTS = (
    UNPRUNED,
    *(Variant(each) for each in THRESHOLDS),
    *(Variant(each, True) for each in THRESHOLDS if each),
)


@dataclass(frozen=True)
class Row:
    """One network on the test half.

    Attributes:
        agreement: fraction of the decisions that equal those of the unpruned network.
        calibration: accuracy on the calibration half, in real numbers.
        real_accuracy: accuracy in real numbers, before the weights become integers.
        dense_instructions: of one step of code that multiplies by all inputs (CMSIS-NN).
    """

    bins: int
    variant: Variant
    size: Size
    binary: Binary
    calibration: float
    real_accuracy: float
    agreement: float
    dense_instructions: float

    def values(self) -> dict[str, object]:
        """The row as one flat record."""
        own: dict[str, object] = {"bins": self.bins, **asdict(self.variant)}
        both = {"calibration_accuracy": self.calibration, "real_accuracy": self.real_accuracy}
        rest = {
            "agreement": self.agreement,
            "dense_instructions": self.dense_instructions,
            "instructions_per_inference": self.binary.inference,
        }
        return own | asdict(self.size) | both | asdict(self.binary) | rest


def rows_of(bins: int, emulated: int) -> Iterator[Row]:
    """All variants at one number of bins; a network that cannot be compiled is left out."""
    calibration, test = real_recordings(bins)
    unpruned = None
    for variant in VARIANTS:
        module = variant.network(bins)
        activity = measure_activity(network_of(module), test)
        size = size_of(module, test, activity)
        unpruned = activity.labels if unpruned is None else unpruned
        try:
            binary = compile_and_measure(module, test, emulated)
        except SNNError as error:
            log(f"{bins} bins, {variant}, channels {size.channels}: LEFT OUT: {error}")
            continue
        same, real = float(np.mean(activity.labels == unpruned)), activity.accuracy
        assert real is not None
        on_calibration = accuracy(module, calibration)
        row = Row(bins, variant, size, binary, on_calibration, real, same, dense_code(module, test))
        log(row)
        yield row


def table(rows: list[Row]) -> list[str]:
    """The rows of one number of bins in Markdown."""
    titles = (
        "threshold", "channels", "MACs per step", "SynOps per step", "accuracy, calibration half",
        "program's accuracy, test half", "same decision", "flash", "RAM with stack",
        "instructions per step", "of unpruned", "dense code", "of unpruned", "bit-exact",
    )  # fmt: skip
    first = rows[0]
    lines = [
        (
            str(row.variant), row.size.channels, f"{row.size.macs:,}",
            f"{row.size.synaptic_operations:,.0f}", f"{row.calibration:.1%}",
            f"{row.binary.accuracy:.1%}", f"{row.agreement:.1%}", f"{row.binary.flash:,}",
            f"{row.binary.ram:,}", f"{row.binary.instructions:,.0f}",
            f"{row.binary.instructions / first.binary.instructions:.1%}",
            f"{row.dense_instructions:,.0f}",
            f"{row.dense_instructions / first.dense_instructions:.1%}",
            "yes" if row.binary.exact else "NO",
        )
        for row in rows
    ]  # fmt: skip
    return markdown_table(titles, lines)


def chosen_threshold(rows: list[Row]) -> Row:
    """The largest threshold that loses nothing on the calibration half; unpruned if none does."""
    first = rows[0]
    lossless = [
        row
        for row in rows
        if not row.variant.refitted and row.calibration >= first.calibration - 1e-9
    ]
    return max(lossless, key=lambda row: -1.0 if row is first else row.variant.threshold or 0.0)


def anchor(rows: list[Row]) -> str:
    """What the rows of one number of bins say about the paper's claim: half the time, no loss."""
    first, chosen = rows[0], chosen_threshold(rows)
    lost = 100 * (first.real_accuracy - chosen.real_accuracy)
    lost_in_integers = 100 * (first.binary.accuracy - chosen.binary.accuracy)
    return (
        "The paper reports about 2x in time without loss, for code that multiplies by every input. "
        f"The largest threshold without loss on the calibration half is here {chosen.variant}: "
        f"{first.size.macs / chosen.size.macs:.2f}x fewer MACs, "
        f"{first.dense_instructions / chosen.dense_instructions:.2f}x fewer instructions of dense "
        f"code, {first.binary.instructions / chosen.binary.instructions:.2f}x fewer of "
        "event-driven code, which multiplies only by inputs that are there. On the test half "
        f"{chosen.agreement:.1%} of the decisions in real numbers stay and {lost:.1f} points are "
        f"lost; the integer programs, whose roundings differ, lose {lost_in_integers:.1f} points."
    )


def write_results(rows: list[Row]) -> None:
    """CSV and Markdown."""
    write_csv(RESULTS / "silent.csv", [row.values() for row in rows])
    binary = rows[0].binary
    lines = [
        "# Silent pruning of the published N-MNIST network (arXiv 2511.12136)",
        "",
        "Made by `python benchmarks/compression/silent.py`. Channels that fire at a rate (spikes "
        "per neuron and step) of at most the threshold on the calibration half of the real "
        f"recordings (350, of which the pass puts some aside to check the choice) are removed; "
        "threshold 0: that never fire. Agreement of the decisions in real numbers, accuracy and "
        f"SynOps on the other half (n = {binary.samples}; one sample is "
        f"{100 / binary.samples:.2f} points), the accuracy of the integer program. Instructions "
        "are exact, for the Cortex-M7 in QEMU (mps2-an500), with kernels selected for "
        f"`optimize=speed`, on {binary.emulated} recordings of the test half as lists of events, "
        "where the program equals the integer network bit for bit. SynOps: "
        "multiply-accumulates with inputs that are not zero, borders in full. Dense code: "
        "`kernels=cmsis`, whose convolutions multiply by all inputs, on one recording.",
    ]
    for bins in BINS:
        of_bins = [row for row in rows if row.bins == bins]
        if of_bins:
            lines += ["", f"## {bins} time bins", "", anchor(of_bins), "", *table(of_bins)]
    lines += ["", "Where the instructions go: [silent_profile.md](silent_profile.md)."]
    (RESULTS / "silent.md").write_text("\n".join(lines) + "\n")


def profile_table(bins: int) -> list[str]:
    """Instructions of each call in a mean step, unpruned and at each threshold."""
    columns: dict[Variant, dict[str, float]] = {}
    for variant in VARIANTS:
        if not variant.refitted:
            compiled = compile_network(variant.network(bins))
            columns[variant] = profile(compiled, real_recordings(bins)[1])
            log(f"{bins} bins, {variant}: {columns[variant]}")
    names = dict.fromkeys(name for calls in columns.values() for name in calls)
    first = columns[UNPRUNED]
    rows = []
    for name in names:
        cells = [calls.get(name, 0) for calls in columns.values()]
        share = f"{cells[-1] / first[name]:.0%}" if first.get(name) else ""
        rows.append([name, *(f"{each:,.0f}" for each in cells), share])
    totals = [sum(calls.values()) for calls in columns.values()]
    rows.append(["all", *(f"{each:,.0f}" for each in totals), f"{totals[-1] / totals[0]:.0%}"])
    titles = ["call", *map(str, columns), f"{list(columns)[-1]} of unpruned"]
    return markdown_table(titles, rows)


def write_profile() -> None:
    """Where the instructions go that pruning leaves."""
    lines = [
        "# Where the instructions of silently pruned programs go",
        "",
        "Made by `python benchmarks/compression/silent.py --profile`: instructions of a mean step, "
        f"on {PROFILED_SAMPLES} recordings of the test half, for each threshold of "
        "`snn-prune-silent`; kernels selected for `optimize=speed`. What is missing to the "
        "instructions in `silent.md` is the code around the calls, and other recordings.",
        "",
        "Silent channels send no spikes. Event-driven code never worked on their outputs, so "
        "pruning saves only what computed them. Each spike that is left is still found, unpacked "
        "and addressed, and each touched window visited, whatever the channels: kernels work on "
        "several channels at once, so that fewer of them make a visit shorter, not rarer.",
    ]
    for bins in BINS:
        lines += ["", f"## {bins} time bins", "", *profile_table(bins)]
    (RESULTS / "silent_profile.md").write_text("\n".join(lines) + "\n")


def main() -> None:
    """Measure both numbers of bins, or profile them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--emulated", type=int, default=10, help="recordings in the emulator")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--profile", action="store_true", help="only profile the programs")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.profile:
        write_profile()
        return
    rows: list[Row] = []
    for bins in BINS:
        for row in rows_of(bins, arguments.emulated):
            rows.append(row)
            # After each row, so that an interrupted run leaves what it has measured.
            write_results(rows)


if __name__ == "__main__":
    main()
