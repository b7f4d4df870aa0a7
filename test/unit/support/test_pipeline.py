# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.dialects.arith import AddiOp
from xdsl.dialects.builtin import FileLineColLoc, IntAttr, IntegerAttr, ModuleOp, StringAttr, i32
from xdsl.dialects.test import TestOp
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern
from xdsl.utils.arg_spec import ArgSpec
from xdsl.utils.exceptions import PassFailedException

from snnir.support.diagnostics import DiagnosticEngine, SNNError, error_at
from snnir.support.pass_base import (
    PassPipeline,
    SNNPass,
    element,
    option,
    option_infos,
    required_option,
)
from snnir.support.pipeline import (
    PassInstrumentation,
    PipelineError,
    PipelineRegistry,
    parse_pipeline,
    pipeline_to_text,
    run_pipeline,
)


@dataclass(frozen=True)
class OptionsPass(SNNPass):
    """A pass with options of every kind."""

    name = "options"

    rate: float = option(0.5, "a float")
    layers: tuple[str, ...] = option((), "names")
    mode: Literal["row", "block"] | None = option(None, "a choice")
    flag: bool = option(False, "a flag")
    count: int | None = option(None, "a number")
    data_file: str | None = option(None, "a path")
    rates: tuple[float, ...] = option((1.0,), "floats")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        self.statistics.add("runs")
        self.remark(op, "seen", rate=self.rate)


@dataclass(frozen=True)
class RequiredPass(SNNPass):
    """A pass that needs an option."""

    name = "required"

    path: str = required_option("a path")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        raise error_at(op, f"cannot use {self.path}")


@dataclass(frozen=True)
class ExitPass(ModulePass):
    name = "exit"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        raise SystemExit(3)


@dataclass(frozen=True)
class FailPass(ModulePass):
    """A plain xDSL pass that fails."""

    name = "fail"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        raise PassFailedException("it is bad")


@dataclass(frozen=True)
class BreakPass(SNNPass):
    """A pass that leaves invalid IR behind."""

    name = "break"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in op.ops:
            if isinstance(inner, AddiOp):
                inner.operands = []


@dataclass(frozen=True)
class ParametricPipeline(PassPipeline):
    """A pipeline with options."""

    name = "parametric"

    rate: float = required_option("a float")
    file: str | None = option(None, "a path")

    def elements(self) -> list[ArgSpec]:
        if self.rate < 0:
            raise ValueError("option rate must not be negative")
        return [element("options", rate=self.rate, data_file=self.file), element("both")]


@dataclass(frozen=True)
class BadPipeline(PassPipeline):
    """A pipeline with a wrong option inside."""

    name = "bad"

    def elements(self) -> list[ArgSpec]:
        return [element("options", speed=1)]


PASSES = {
    "options": lambda: OptionsPass,
    "required": lambda: RequiredPass,
    "fail": lambda: FailPass,
    "break": lambda: BreakPass,
}
PIPELINES: PipelineRegistry = {
    "both": lambda: "options,fail",
    "loop": lambda: "options,loop",
    "parametric": lambda: ParametricPipeline,
    "bad": lambda: BadPipeline,
}


def parse(text: str) -> list[ModulePass]:
    return parse_pipeline(text, PASSES, PIPELINES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("options", [OptionsPass()]),
        ("options{rate=1}", [OptionsPass(rate=1.0)]),
        ("options{rate=1e-3}", [OptionsPass(rate=0.001)]),
        ("options{rate=.5}", [OptionsPass(rate=0.5)]),
        ("options{rate=-2.5e+1}", [OptionsPass(rate=-25.0)]),
        ("builtin.module(options{layers=a,2},fail)", [OptionsPass(layers=("a", "2")), FailPass()]),
        (" builtin.module ( options , fail ) ", [OptionsPass(), FailPass()]),
        ("options{ mode=row  flag }", [OptionsPass(mode="row", flag=True)]),
        ("options{flag=true count=3}", [OptionsPass(flag=True, count=3)]),
        ("options{count=none}", [OptionsPass()]),
        ("options{data-file=data/x.npz}", [OptionsPass(data_file="data/x.npz")]),
        ("options{data_file=007}", [OptionsPass(data_file="007")]),
        ("options{data-file=1e3}", [OptionsPass(data_file="1e3")]),
        ('options{data-file="a, \\"b\\" {c}"}', [OptionsPass(data_file='a, "b" {c}')]),
        ("options{rates=1,2.5}", [OptionsPass(rates=(1.0, 2.5))]),
        ("both,options", [OptionsPass(), FailPass(), OptionsPass()]),
        ("parametric{rate=2}", [OptionsPass(rate=2.0), OptionsPass(), FailPass()]),
        (
            'parametric{file="a \\"b\\", {c}" rate=1e-3}',
            [OptionsPass(rate=0.001, data_file='a "b", {c}'), OptionsPass(), FailPass()],
        ),
    ],
)  # fmt: skip
def test_pipelines(text: str, expected: list[ModulePass]) -> None:
    passes = parse(text)
    assert passes == expected
    assert parse(pipeline_to_text(passes)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("option", "<pipeline>:1:1: error: unknown pass 'option'; did you mean 'options'?"),
        ("fail, xyz", "<pipeline>:1:7: error: unknown pass 'xyz'; snn-opt --list-passes shows all"),
        ("options{x=1}", "unknown option 'x' of 'options'; it has rate, layers, mode"),
        ("fail{x=1}", "'fail' takes no options, got 'x'"),
        ("options{rate=1,count=2}", "options are separated by spaces, not commas"),
        ("options{rate=fast}", "option 'rate' of 'options' expects float, got fast"),
        ("options{rate=true}", "expects float, got true"),
        ("options{mode=column}", "expects row | block, got column"),
        ("options{count=1.5}", "expects int, got 1.5"),
        ("options{flag=3}", "expects true | false, got 3"),
        ("options{rate=1 rate=2}", "option 'rate' is given twice"),
        ("required", "option 'path' of 'required' must be given"),
        ("options{", "expected an option name or '}'"),
        ("options{rate=", "expected a value"),
        ("options}", "expected ',' or the end of the pipeline"),
        ("options,", "<pipeline>:1:9: error: expected a pass name"),
        ("builtin.module(options", "expected ',' or ')'"),
        ("builtin.module(options))", "expected ',' or the end of the pipeline"),
        ("func.func(options)", "passes cannot be nested in 'func.func'"),
        ("loop", "the pipeline 'loop' contains itself"),
        ("both{x=1}", "the pipeline 'both' takes no options"),
        ("both,parametric", "<pipeline>:1:6: error: option 'rate' of 'parametric' must be given"),
        ("parametric{rate=1 x=2}", "unknown option 'x' of 'parametric'; it has rate, file"),
        ("parametric{rate=fast}", "option 'rate' of 'parametric' expects float, got fast"),
        ("fail,parametric{rate=-1}", "<pipeline>:1:6: error: option rate must not be negative"),
        ("fail,bad", "<pipeline>:1:6: error: in the pipeline 'bad': unknown option 'speed' of"),
    ],
)
def test_wrong_pipelines(text: str, message: str) -> None:
    with pytest.raises(PipelineError) as raised:
        parse(text)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@given(st.text(alphabet='ab{}=,"() .\\\n1', max_size=20))
def test_arbitrary_text_gives_an_error_or_passes(text: str) -> None:
    try:
        parse(text)
    except PipelineError:
        pass


@given(st.text(max_size=20), st.floats(allow_nan=False), st.lists(st.text(max_size=5), max_size=3))
def test_options_survive_printing(path: str, rate: float, layers: list[str]) -> None:
    pass_ = OptionsPass(data_file=path, rate=rate, layers=tuple(layers))
    if path != "none":
        assert parse(pipeline_to_text([pass_])) == [pass_]


def test_passes_are_imported_only_when_used() -> None:
    def explode() -> type[ModulePass]:
        raise AssertionError("imported")

    parse_pipeline("options", {**PASSES, "other": explode})


def test_option_help() -> None:
    infos = {info.name: info for info in option_infos(OptionsPass)}
    assert "statistics" not in infos
    assert infos["rate"].help == "a float"
    assert (infos["rate"].type, infos["rate"].default) == ("float", "0.5")
    assert infos["mode"].type == "row | block"
    assert infos["layers"].type == "list of string"
    assert option_infos(RequiredPass)[0].default is None


class Recorder(PassInstrumentation):
    """Notes the calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def before_pass(self, pass_: ModulePass, module: ModuleOp) -> None:
        self.calls.append(f"before {pass_.name}")

    def after_pass(self, pass_: ModulePass, module: ModuleOp) -> None:
        self.calls.append(f"after {pass_.name}")

    def after_pass_failed(self, pass_: ModulePass, module: ModuleOp) -> None:
        self.calls.append(f"failed {pass_.name}")


def test_running_with_callbacks_remarks_and_statistics() -> None:
    recorder = Recorder()
    pass_ = OptionsPass()
    with DiagnosticEngine() as engine, pytest.raises(SNNError) as raised:
        run_pipeline(Context(), ModuleOp([]), [pass_, FailPass()], [recorder])
    assert str(raised.value) == "snnir: error: pass 'fail' failed: it is bad"
    assert recorder.calls == ["before options", "after options", "before fail", "failed fail"]
    assert pass_.statistics["runs"] == 1
    assert engine.remarks[0].metrics == {"rate": 0.5}


def test_a_pass_that_exits_is_an_error() -> None:
    with pytest.raises(SNNError, match="pass 'exit' raised SystemExit: 3"):
        run_pipeline(Context(), ModuleOp([]), [ExitPass()])


def test_invalid_ir_after_a_pass_is_located() -> None:
    source = TestOp(result_types=[i32])
    addition = AddiOp(source, source)
    addition.location = FileLineColLoc(StringAttr("net.mlir"), IntAttr(2), IntAttr(1))
    module = ModuleOp([source, addition])
    with pytest.raises(SNNError) as raised:
        run_pipeline(Context(), module, [BreakPass()])
    assert str(raised.value).startswith("net.mlir:2:1: error: 'arith.addi' op")
    assert str(raised.value).endswith("(after pass 'break')")


def test_statistics_do_not_matter_for_equality() -> None:
    first, second = OptionsPass(), OptionsPass()
    first.statistics.add("runs")
    assert first == second
    assert hash(first) == hash(second)


class CountUp(RewritePattern):
    """Changes an op each time it is visited."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: TestOp, rewriter: PatternRewriter, /) -> None:
        count = op.attributes.get("count", IntegerAttr(0, i32))
        assert isinstance(count, IntegerAttr)
        op.attributes["count"] = IntegerAttr(count.value.data + 1, i32)
        rewriter.notify_op_modified(op)


def test_rewriting_that_never_ends_is_stopped() -> None:
    module = ModuleOp([TestOp()])
    with pytest.raises(SNNError, match="did not converge after 101 changes"):
        OptionsPass().rewrite(module, CountUp(), max_rewrites=100)


def test_rewriting_once() -> None:
    module = ModuleOp([TestOp(), TestOp()])
    assert OptionsPass().rewrite(module, CountUp(), recursive=False)
    assert [op.attributes["count"] for op in module.ops] == [IntegerAttr(1, i32)] * 2


class Failing(RewritePattern):
    """Raises an error about the op."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: TestOp, rewriter: PatternRewriter, /) -> None:
        raise error_at(op, "is wrong")


def test_errors_of_patterns_carry_no_module_text() -> None:
    with pytest.raises(SNNError, match=r"'test\.op' op is wrong") as raised:
        OptionsPass().rewrite(ModuleOp([TestOp()]), Failing())
    assert not getattr(raised.value, "__notes__", [])


def test_errors_in_a_named_pipeline_name_it() -> None:
    pipelines: PipelineRegistry = {"mine": lambda: "options{rates=x}", "outer": lambda: "mine"}
    with pytest.raises(PipelineError) as raised:
        parse_pipeline("required{x=1},outer", {"options": lambda: OptionsPass}, pipelines)
    assert "unknown pass 'required'" in str(raised.value)
    with pytest.raises(PipelineError) as raised:
        parse_pipeline(" outer", {"options": lambda: OptionsPass}, pipelines)
    assert str(raised.value).startswith(
        "<pipeline>:1:2: error: in the pipeline 'outer': in the pipeline 'mine': option 'rates' of"
    )


def test_a_package_that_is_missing_is_named() -> None:
    def load() -> type[ModulePass]:
        raise ModuleNotFoundError("No module named 'other'", name="other")

    with pytest.raises(SNNError, match="pass 'far' needs the Python package 'other', which is not"):
        parse_pipeline("far", {"far": load})
