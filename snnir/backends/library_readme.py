# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The README of a generated library: how to use, build and test it."""

from __future__ import annotations

from collections.abc import Sequence

from snnir.backends.c.arenas import CArena, definitions, init_arguments
from snnir.backends.c.network import CNetwork, batch_sentence
from snnir.backends.c.template import fill_template, template_values

_TEST_FILES = """\
| `test/self_test.c`, `src/{name}_golden.h` | samples and the scores that they must have |
| `golden/golden.npz` | the same for Python: inputs `x`, `scores` and `classes` of the samples |
"""


_OTHER_BUILDS = """
| build system | where this folder goes |
|---|---|
| Arduino | into `libraries/` of the sketchbook |
| PlatformIO | into `lib/` of the project |
| Zephyr | its path into `ZEPHYR_EXTRA_MODULES` |

All of them then find `{name}.h`.
"""
_SKETCH_FILE = """\
| `examples/SelfTest/` | a sketch of Arduino: are scores equal on the board, how long is a step |
"""

_BUILD_FILES = """\
| `library.properties`, `library.json`, `zephyr/` | the same for Arduino, PlatformIO and Zephyr |
"""

_CLASSIFY = """\
/* The class of a sequence of frames that follow one another in memory; negative on an error. */
int32_t classify(const {type} *frames, size_t steps) {{"""
_CLASSIFY_STATIC = """\
/* The class of a frame, which is there at every step; negative on an error. */
int32_t classify(const {type} *frame) {{"""


def library_readme(network: CNetwork, *, tested: bool) -> str:
    """Text of `README.md`; `tested` says whether there are golden vectors."""
    cmsis = network.uses_cmsis_nn
    values = template_values(network)
    paths = {
        "headers": ' -isystem "$CMSIS_NN_PATH/Include"' if cmsis else "",
        "sources": " cmsis_nn.a" if cmsis else "",
    }
    static, macro = network.is_static, network.macro
    test = fill_template("library_test.md.in", {**values, **paths}) if tested else ""
    return fill_template(
        "library_readme.md.in",
        {
            **values,
            "arenas": definitions(network.arenas, macro),
            "init_arguments": init_arguments(network.arenas, network.name),
            "arena_text": _arena_text(network.arenas),
            "classify": (_CLASSIFY_STATIC if static else _CLASSIFY).format(type=network.frame_type),
            "steps": f"{macro}_TIMESTEPS" if static else "steps",
            "frame": "frame" if static else f"frames + step * {macro}_FRAME_SIZE",
            "input_text": _input_text(network),
            "other_builds": "" if cmsis else _OTHER_BUILDS.format(name=network.name),
            "build_files": "" if cmsis else _BUILD_FILES,
            "cmsis_nn_text": ", with `-I $CMSIS_NN_PATH/Include`, and CMSIS-NN" if cmsis else "",
            "test_text": test,
            "test_files": _test_files(network) if tested else "",
        },
    )


def _test_files(network: CNetwork) -> str:
    """Rows of the table of files."""
    return _TEST_FILES.format(name=network.name) + ("" if network.uses_cmsis_nn else _SKETCH_FILE)


def _arena_text(arenas: Sequence[CArena]) -> str:
    """Which arena belongs where; nothing for a single one."""
    if len(arenas) == 1:
        return ""
    rows = [
        f"| `{arena.name}` | {arena.memory} | {arena.bytes:,} | {arena.state_bytes:,} |"
        for arena in arenas
    ]
    return fill_template("library_arenas.md.in", {"rows": "\n".join(rows)})


def _input_text(network: CNetwork) -> str:
    """How values reach the network."""
    if not network.takes_values:
        return (
            f"A camera's events go to `{network.name}_step_events` instead of "
            f"`{network.name}_step`, as indices into the frame."
        )
    scale, maximum = network.input_scale, network.op.input_maximum.value.data
    text = (
        f"A real value x becomes the element `x / {network.macro}_INPUT_SCALE` ({scale:.9g}), "
        f"rounded to nearest, halves to even, and clamped to -{maximum} and {maximum}."
    )
    if network.reads_frame_once:
        text += " The frame of the first step counts for the whole sequence."
    if network.batch_steps is not None:
        text += f" {batch_sentence(network.batch_steps)}"
    return text
