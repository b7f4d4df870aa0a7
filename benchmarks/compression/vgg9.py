# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""VGG9 on CIFAR-10: pruning by principal components, fewer time steps, fewer bits.

    OMP_NUM_THREADS=1 python benchmarks/compression/vgg9.py

does the experiment of arXiv 2104.12528 with snnir's passes and writes `vgg9.csv`, `.md` and `.png`
in `benchmarks/results`; `--width 1 --device cuda --ann-epochs 200` is nearer to the reference.
Every stage is kept in `build/vgg9/`, so that a second run continues where the first one stopped;
another `--folder` starts anew. The images are looked up by `snnir.data.locations.shared_folder`;
they are JPEG-recompressed (quality about 75). Needs pillow, and matplotlib for the plot.

 1. An ordinary network is trained (average pooling, no bias, no batch normalisation).
 2. It becomes a spiking network in snnTorch, with balanced thresholds, on Poisson spikes.
 3. `snn-prune-pca` at several fractions of the variance says how many channels are needed.
 4. As in the paper, ordinary networks of those sizes are trained from nothing, converted,
    fine-tuned (`snn-finetune`), and brought to fewer and fewer steps with training in stages
    (`snn-reduce-timesteps`). One more learns from the dense network's scores (distillation).
 5. `snn-quantize-rtn` and `snn-osbc-quantize` at several numbers of bits.
 6. Accuracy under Gaussian noise on the pixels.
 7. For comparison, the network that `snn-prune-pca` itself leaves, fine-tuned in the same way.
 8. Passes composed: networks of all channels, and of those that principal components ask for, lose
    weights by `snn-osbc-prune`, and those that are left are trained (`vgg9_compose.py`).
 9. The image itself instead of Poisson spikes, at few steps (`vgg9_direct.py`), with a report of
    its own, `vgg9_direct.csv` and `.md`. `--only direct` does this and no other stage after the
    first.
"""

import argparse
import sys
from dataclasses import fields, replace
from pathlib import Path

import torch
from vgg9_bench import Bench, Row, Settings
from vgg9_compose import compose
from vgg9_direct import direct
from vgg9_direct_report import write_direct_report
from vgg9_network import ANNTraining, scaled_widths
from vgg9_report import write_report
from vgg9_stages import (
    ann_stage,
    convert,
    fewer_steps,
    finetune,
    measured,
    prune,
    reduce_steps,
    small_training,
    snn_row,
    validated,
)
from xdsl.dialects.builtin import ModuleOp

from snnir.data.locations import shared_folder

ROOT = Path(__file__).resolve().parents[2]


def budgets(bench: Bench, converted: ModuleOp) -> dict[float, Row]:
    """The channels that are needed at every fraction of the variance."""
    validated(bench, "converted", converted)
    rows = {}
    for variance in bench.settings.variances:
        key = f"pca_{variance:g}"
        rows[variance] = validated(bench, key, prune(bench, converted, variance, key))
    return rows


def chosen_rate(bench: Bench, network: ModuleOp) -> float:
    """The learning rate of all stages and all networks, chosen by the first that asks.

    It is the best at `final_steps` with a quarter of a stage.
    """
    settings, steps = bench.settings, bench.settings.final_steps

    def choose() -> Row:
        start, scores = reduce_steps(bench, network, steps, None), {}
        samples = settings.image_steps // 4 // steps
        for rate in settings.learning_rates:
            trained = finetune(bench, start, steps, rate, samples)
            row = snn_row(bench, trained, "validation", bench.choice_samples(steps))
            scores[rate] = row["accuracy"]
        return {"scores": scores, "rate": max(scores, key=lambda rate: scores[rate])}

    return float(bench.figure("learning rate", choose)["rate"])


def longer(bench: Bench, networks: dict[int, ModuleOp], rate: float) -> None:
    """The stage of `final_steps` on more images, to see what short stages cost."""
    settings, steps = bench.settings, bench.settings.final_steps
    start = networks[min(each for each in networks if each > steps)]
    key = f"longer_{settings.variance:g}_{steps}"
    trained = bench.network(key, lambda: reduce_steps(bench, start, steps, rate, settings.longer))
    measured(bench, key, trained)
    if settings.longest > settings.longer:

        def make() -> ModuleOp:
            images = (settings.longest - settings.longer) * settings.image_steps // steps
            samples = min(images, len(bench.splits.training))
            epochs = round(images / samples)
            return finetune(bench, trained, steps, rate, samples, epochs)

        key = f"longest_{settings.variance:g}_{steps}"
        measured(bench, key, bench.network(key, make))


def untrained_steps(bench: Bench, prefix: str, network: ModuleOp) -> None:
    """Fewer steps without training."""
    for steps in bench.settings.timesteps[1:]:
        key = f"{prefix}_untrained_{steps}"

        def make(steps: int = steps) -> ModuleOp:
            return reduce_steps(bench, network, steps, None)

        plain = bench.network(key, make)
        measured(bench, key, plain)


def from_nothing(bench: Bench, variance: float, channels: list[int]) -> ModuleOp:
    """The paper's way: a network of the pruned sizes from nothing, converted."""
    key, settings = f"nothing_{variance:g}", bench.settings
    weights = ann_stage(bench, f"{key}_ann", small_training(settings), channels)
    converted = convert(bench, weights, key)
    measured(bench, key, converted)
    return converted


def taught(bench: Bench, channels: list[int], teacher: list[torch.Tensor]) -> ModuleOp:
    """The same, with the scores of the dense ANN to learn from."""
    key, settings = f"taught_{bench.settings.variance:g}", bench.settings
    training = replace(small_training(settings), teacher_weight=settings.teacher_weight)
    weights = ann_stage(bench, f"{key}_ann", training, channels, teacher)
    converted = convert(bench, weights, key)
    measured(bench, key, converted)
    return converted


def quantization(bench: Bench, prefix: str, network: ModuleOp) -> None:
    """Weights of fewer bits by rounding and by OSBC, not trained afterwards."""
    settings = bench.settings
    file = bench.spikes("calibration", settings.calibration_samples, settings.final_steps)
    for bits in settings.bits:
        for name, pipeline in (
            ("rtn", f"snn-quantize-rtn{{bits={bits}}}"),
            (
                "osbc",
                f'snn-osbc-quantize{{bits={bits} calibration="{file}" device={settings.device}}}',
            ),
        ):

            def make(text: str = pipeline) -> ModuleOp:
                result = network.clone()
                bench.run(result, text)
                return result

            key = f"{prefix}_{settings.final_steps} {name} {bits}"
            measured(bench, key, bench.network(key.replace(" ", "_"), make))


def robustness(bench: Bench, key: str, network: ModuleOp) -> None:
    """A spiking network on noisy pixels; ordinary networks have this in their own rows."""
    for noise in bench.settings.noise:
        if noise:
            measured(bench, f"{key} noise {noise:g}", network, noise)


def run(bench: Bench) -> None:
    """All stages."""
    settings = bench.settings
    dense = dense_network(bench)
    converted = convert(bench, dense, "converted")
    measured(bench, "converted", converted)
    needed = budgets(bench, converted)
    starts = {"converted": converted}
    for variance in settings.retrained:
        small = from_nothing(bench, variance, needed[variance]["channels"][:-1])
        starts[f"nothing_{variance:g}"] = small
        rate = chosen_rate(bench, small)
        prefix = f"nothing_{variance:g}"
        networks = fewer_steps(bench, prefix, small, rate)
        if variance == settings.variance:
            untrained_steps(bench, prefix, small)
            quantization(bench, prefix, networks[settings.final_steps])
            if settings.longer:
                longer(bench, networks, rate)
            for steps in (settings.timesteps[0], settings.final_steps):
                robustness(bench, f"{prefix}_{steps}", networks[steps])
    channels = needed[settings.variance]["channels"][:-1]
    if settings.teacher_weight:
        network = taught(bench, channels, dense)
        fewer_steps(bench, f"taught_{settings.variance:g}", network, rate)
    if settings.tuned_pruning:
        key = f"pca_{settings.variance:g}"
        fewer_steps(bench, key, prune(bench, converted, settings.variance, key), rate)
    compose(bench, starts, dense, rate)
    direct(bench, dense)
    bench.report(bench)


def run_direct(bench: Bench) -> None:
    """The last stage, from the first."""
    direct(bench, dense_network(bench))
    bench.report(bench)


def dense_network(bench: Bench) -> list[torch.Tensor]:
    """The weights of the ANN that everything is compared with."""
    settings = bench.settings
    training = ANNTraining(settings.ann_epochs, seed=settings.seed)
    return ann_stage(bench, "ann", training, scaled_widths(settings.width))


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
    parser.add_argument("--only", choices=["direct"], help="a stage to do without the others")
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
    if not set(settings.retrained) <= set(settings.variances):
        sys.exit("--retrained must be of --variances")
    if settings.variance not in settings.retrained:
        sys.exit("--variance must be one of --retrained")
    if not set(settings.composed) <= set(settings.retrained):
        sys.exit("--composed must be of --retrained")
    if settings.final_steps not in settings.timesteps[1:]:
        sys.exit("--final-steps must be one of --timesteps and not the first")
    folder = arguments.folder or ROOT / "build" / "vgg9" / f"width-{settings.width:g}"
    results = ROOT / "benchmarks" / "results" / arguments.name
    direct_results = results.with_name(f"{results.name}_direct")

    def report(bench: Bench) -> None:
        if arguments.only is None:
            write_report(bench, results)
        write_direct_report(bench, direct_results)

    bench = Bench(shared, folder, settings, report)
    if arguments.only == "direct":
        run_direct(bench)
    else:
        run(bench)


if __name__ == "__main__":
    main()
