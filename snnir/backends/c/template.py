# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Templates of the generated files."""

from importlib.resources import files
from string import Template

from snnir import __version__
from snnir.backends.c.network import CNetwork


def fill_template(name: str, values: dict[str, object]) -> str:
    """A template of this package with its `${…}` replaced."""
    text = (files("snnir.backends.c") / "templates" / name).read_text()
    return Template(text).substitute(values)


def template_values(network: CNetwork) -> dict[str, object]:
    """What all templates know."""
    return {
        "network": network.op.sym_name.data,
        "name": network.name,
        "macro": network.macro,
        "version": __version__,
        "frame_type": network.frame_type,
        "run_frames": "frame" if network.is_static else "frames",
        # As wide as the name in the type and in the name of a function.
        "indent": " " * (2 * len(network.name)),
        "input_error": "An index or a value of the input is out of range."
        if network.op.input_density is None
        else "An index or a value of the input is out of range, or events lie too close.",
    }
