# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""VGG9 on CIFAR-10: pruning by principal components, fewer time steps, fewer bits.

    python benchmarks/compression/vgg9.py [--width 1 --device cuda --ann-epochs 200 ...]

does the experiment of arXiv 2104.12528 with snnir's passes and writes `vgg9.csv`, `.md` and `.png`
in `benchmarks/results`. Every stage is kept in `build/vgg9/`, so that a second run continues where
the first one stopped; another `--folder` starts anew. The images are looked up by
`snnir.data.locations.shared_folder`; they are JPEG-recompressed (quality about 75).

 1. An ordinary network is trained (average pooling, no bias, no batch normalisation).
 2. It becomes a spiking network in snnTorch, with balanced thresholds, on Poisson spikes, and is
    imported and fine-tuned (`snn-finetune`).
 3. `snn-prune-pca` at several fractions of the variance; one of them is fine-tuned. Beside it, as
    in the paper, a network of the same sizes is trained from nothing and converted.
 4. `snn-reduce-timesteps`, with training in stages and without.
 5. `snn-quantize-rtn` and `snn-osbc-quantize` at several numbers of bits.
 6. Accuracy under Gaussian noise on the pixels.
"""

import argparse
import sys
from dataclasses import fields, replace
from pathlib import Path

import torch
from vgg9_network import scaled_widths
from vgg9_report import write_report
from vgg9_stages import (
    Bench,
    Row,
    Settings,
    ann_stage,
    convert,
    finetune,
    prune,
    reduce_steps,
    snn_row,
)
from xdsl.dialects.builtin import ModuleOp

from snnir.data.locations import shared_folder

ROOT = Path(__file__).resolve().parents[2]


def measured(bench: Bench, key: str, module: ModuleOp, noise: float = 0.0) -> Row:
    """The row of a spiking network on the test images."""
    count = bench.settings.test_samples
    return bench.figure(key, lambda: snn_row(bench, module, "test", count, noise))


def validated(bench: Bench, key: str, module: ModuleOp) -> Row:
    """The row of a spiking network on the validation images, for choices."""
    count = bench.settings.validation_samples
    return bench.figure(f"validation {key}", lambda: snn_row(bench, module, "validation", count))


def trained(bench: Bench, key: str, module: ModuleOp) -> ModuleOp:
    """A network fine-tuned at all steps."""
    steps = bench.settings.timesteps[0]
    result = bench.network(key, lambda: finetune(bench, module, steps))
    measured(bench, key, result)
    return result


def pruning(bench: Bench, tuned: ModuleOp) -> ModuleOp:
    """All fractions of the variance; the network that goes on, fine-tuned."""
    settings = bench.settings
    validated(bench, "tuned", tuned)
    for variance in settings.variances:
        key = f"pca_{variance:g}"
        validated(bench, key, prune(bench, tuned, variance, key))
    chosen = prune(bench, tuned, settings.variance, f"pca_{settings.variance:g}")
    return trained(bench, f"pca_{settings.variance:g}_tuned", chosen)


def retraining(bench: Bench) -> None:
    """The paper's way: a network of the same sizes from nothing, converted and fine-tuned."""
    widths = bench.figures[f"pca_{bench.settings.variance:g}_tuned"]["channels"][:-1]
    weights = ann_stage(bench, "retrained_ann", widths, bench.settings.retrain_epochs)
    converted = convert(bench, weights, "retrained")
    measured(bench, "retrained", converted)


def fewer_steps(bench: Bench, network: ModuleOp) -> ModuleOp:
    """Both ways to fewer steps; returns the trained network of `final_steps`."""
    current, final = network, network
    for steps in bench.settings.timesteps[1:]:
        plain = bench.network(
            f"untrained_{steps}", lambda s=steps: reduce_steps(bench, network, s, train=False)
        )
        measured(bench, f"untrained_{steps}", plain)
        current = bench.network(
            f"trained_{steps}",
            lambda s=steps, c=current: reduce_steps(bench, c, s, train=True),
        )
        measured(bench, f"trained_{steps}", current)
        if steps == bench.settings.final_steps:
            final = current
    return final


def quantization(bench: Bench, network: ModuleOp) -> None:
    """Weights of fewer bits by rounding and by OSBC, not trained afterwards."""
    settings = bench.settings
    file = bench.spikes("calibration", settings.calibration_samples, settings.final_steps)
    measured(bench, "bits_float", network)
    for bits in settings.bits:
        for name, pipeline in (
            ("rtn", f"snn-quantize-rtn{{bits={bits}}}"),
            ("osbc", f'snn-osbc-quantize{{bits={bits} calibration="{file}"}}'),
        ):

            def make(text: str = pipeline) -> ModuleOp:
                result = network.clone()
                bench.run(result, text)
                return result

            key = f"{name}_{bits}"
            measured(bench, key, bench.network(key, make))


def robustness(bench: Bench, networks: dict[str, ModuleOp]) -> None:
    """Spiking networks on noisy pixels; those of the ordinary network are in its own row."""
    for name, module in networks.items():
        for noise in bench.settings.noise:
            if noise:
                measured(bench, f"{name} noise {noise:g}", module, noise)


def run(bench: Bench) -> None:
    """All stages."""
    settings = bench.settings
    weights = ann_stage(bench, "ann", scaled_widths(settings.width), settings.ann_epochs)
    converted = convert(bench, weights, "converted")
    measured(bench, "converted", converted)
    tuned = trained(bench, "tuned", converted)
    pruned = pruning(bench, tuned)
    start = f"pca_{settings.variance:g}_tuned"
    final = fewer_steps(bench, pruned)
    quantization(bench, final)
    robustness(bench, {f"trained_{settings.final_steps}": final, start: pruned})
    if settings.retrain_epochs:
        retraining(bench)
    bench.report(bench)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for field in fields(Settings):
        name, default = "--" + field.name.replace("_", "-"), field.default
        if isinstance(default, tuple):
            parser.add_argument(name, type=type(default[0]), nargs="+", default=default)
        else:
            parser.add_argument(name, type=type(default), default=default)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="of the stages; build/vgg9/width-W by default")
    parser.add_argument("--name", default="vgg9", help="of the result files")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    shared = shared_folder()
    if shared is None or not (shared / "data" / "cifar10").is_dir():
        sys.exit("the folder with the images of CIFAR-10 is missing; set SNNIR_SHARED")
    values = {field.name: getattr(arguments, field.name) for field in fields(Settings)}
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
    settings = replace(Settings(), **values)
    folder = arguments.folder or ROOT / "build" / "vgg9" / f"width-{settings.width:g}"
    results = ROOT / "benchmarks" / "results" / arguments.name
    run(Bench(shared, folder, settings, lambda bench: write_report(bench, results)))


if __name__ == "__main__":
    main()
