# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`snn-opt`: reads IR, runs passes on it, and prints the result, as mlir-opt does.

Exit status: 0 on success, 1 when the input or a pass is at fault, 2 when the command line is, 130
when interrupted, 143 when terminated.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from io import StringIO
from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import DiagnosticException
from xdsl.utils.target import Target

from snnir.dialects.version import check_version, syntax_of_newer_versions
from snnir.support.atomic import atomic_write, check_writable
from snnir.support.command_line import EVERYTHING, UsageError, snn_opt_parser
from snnir.support.diagnostics import (
    Diagnostic,
    DiagnosticEngine,
    Severity,
    SNNError,
    program_name,
)
from snnir.support.expected_diagnostics import compare_diagnostics, find_expected
from snnir.support.input_text import DEFAULT_SPLIT_MARKER, SourceChunk, read_input, split_chunks
from snnir.support.ir_printing import IRPrinting, PassSelection, PrintOptions
from snnir.support.listing import compile_pattern, list_dialects, list_passes, list_targets
from snnir.support.pass_reports import PassTiming, report_statistics
from snnir.support.pipeline import (
    PipelineError,
    build_from_spec,
    import_named,
    parse_pass_specs,
    parse_pipeline,
    pipeline_to_text,
    run_pipeline,
    unknown_name,
)
from snnir.support.program import (
    Activity,
    crash_barrier,
    exit_status,
    print_traceback,
    standard_output,
)
from snnir.support.registry import Registry
from snnir.support.reproducer import (
    pipeline_of_reproducer,
    plugins_of_reproducer,
    write_reproducer,
)
from snnir.support.roundtrip import verify_roundtrip
from snnir.support.verify import verify_module
from snnir.support.xdsl_parsing import parse_module
from snnir.universe import load_plugins


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `snn-opt` with `arguments`, by default those of the process; return the exit status."""
    if arguments is None:
        arguments = sys.argv[1:]
    activity = Activity("reading the command line")

    def run() -> int:
        with crash_barrier(lambda: activity.what), load_plugins(*_plugins(arguments)) as registry:
            return _run(arguments, activity, registry)

    before = program_name.set("snn-opt")
    try:
        return exit_status(run, debug="--debug" in arguments)
    finally:
        program_name.reset(before)


def _run(arguments: Sequence[str], activity: Activity, registry: Registry) -> int:
    parser = snn_opt_parser()
    ordinary, elements = parser.normalise(arguments, registry.passes | registry.pipelines)
    options = parser.parse_args(ordinary)
    if options.list_passes is not None:
        activity.what = "--list-passes"
        pattern = None if options.list_passes == EVERYTHING else options.list_passes
        list_passes(registry, pattern, standard_output())
        return 0
    if options.list_targets:
        activity.what = "--list-targets"
        list_targets(registry, standard_output())
        return 0
    if options.list_dialects:
        activity.what = "--list-dialects"
        list_dialects(registry, standard_output())
        return 0
    for output in (options.output_file, options.remarks_output):
        if output not in (None, "-"):
            check_writable(output)
    for names in (options.print_ir_before, options.print_ir_after):
        _check_pass_names(names, registry)
    content, name = read_input(options.input)
    activity.what = "reading the pipeline"
    pipeline = _pipeline_text(options, elements, content, name)
    try:
        passes = parse_pipeline(pipeline, registry.passes, registry.pipelines)
    except PipelineError as error:
        if options.run_reproducer and "unknown pass" in error.message:
            given = plugins_of_reproducer(content) or "--load-plugin"
            error.message += f"; if it is of a plug-in, give {given} again"
        raise
    target = _find_target(options.target, registry)
    if options.dump_pass_pipeline:
        print(f"Pass Manager with {len(passes)} passes:", file=sys.stderr)
        print(pipeline_to_text(passes), file=sys.stderr)
    return _Session(options, registry, passes, target, name, activity).run(content)


def _plugins(arguments: Sequence[str]) -> list[str]:
    """The files to load: the names of passes are options, so that plug-ins come before the rest."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--load-plugin", "-load-plugin", action="append", default=[])
    return parser.parse_known_args(arguments)[0].load_plugin


def _pipeline_text(
    options: argparse.Namespace, elements: Sequence[str], content: bytes, name: str
) -> str:
    given = [text for text in (options.passes, options.pass_pipeline) if text is not None]
    if elements:
        given.append(",".join(elements))
    if options.run_reproducer:
        given.append(pipeline_of_reproducer(content, name))
    if len(given) > 1:
        raise UsageError(
            "give the passes in one way: -p, --pass-pipeline, --pass-name, or --run-reproducer"
        )
    return given[0] if given else ""


def _find_target(text: str, registry: Registry) -> Target | None:
    """Return the target that `-t` names, or None for plain IR."""
    specs = parse_pass_specs(text)
    if len(specs) != 1:
        raise UsageError(f"expected one target, got '{text}'")
    spec = specs[0]
    if spec.name == "mlir" and not spec.parameters:
        return None
    if spec.name not in registry.targets:
        raise UsageError(unknown_name("target", spec.name, registry.targets))
    return build_from_spec(import_named("target", spec.name, registry.targets), spec)


@dataclass
class _Session:
    """One run over an input file."""

    options: argparse.Namespace
    registry: Registry
    passes: list[ModulePass]
    target: Target | None
    input_name: str
    activity: Activity
    timing: PassTiming = field(default_factory=PassTiming)

    def run(self, content: bytes) -> int:
        """Process the input, write the outputs, and return the exit status."""
        chunks = self._split(content)
        engine = DiagnosticEngine(None if self.options.verify_diagnostics else self._handler())
        with engine:
            outputs = [self._process_and_report(chunk, engine) for chunk in chunks]
        failed = None in outputs
        if self.options.verify_diagnostics:
            failed = not self._check_diagnostics(chunks, engine)
        # As with mlir-opt, the parts that succeeded are shown, but no file is left half done.
        if not failed or self.options.output_file in (None, "-"):
            self._write_output("// -----\n".join(o for o in outputs if o is not None))
        self._write_reports(engine)
        return 1 if failed else 0

    def _split(self, content: bytes) -> list[SourceChunk]:
        marker = self.options.split_input_file
        if marker is None:
            return [SourceChunk(content)]
        return split_chunks(content, DEFAULT_SPLIT_MARKER if marker == EVERYTHING else marker)

    def _process_and_report(self, chunk: SourceChunk, engine: DiagnosticEngine) -> str | None:
        try:
            with crash_barrier(lambda: self.activity.what):
                return self._process(chunk)
        except SNNError as error:
            engine.emit(error.diagnostic)
            self._name_the_pass(error)
            if self.options.debug:
                print_traceback(error)
            return None

    def _name_the_pass(self, error: SNNError) -> None:
        """Say which of several passes is at fault, where the message does not."""
        what = self.activity.what
        if len(self.passes) > 1 and what.startswith("pass ") and what not in error.message:
            if not self.options.verify_diagnostics:
                print(f"snn-opt: note: raised by {what}", file=sys.stderr)

    def _process(self, chunk: SourceChunk) -> str:
        """Parse a chunk, run the passes, and return the text for the output."""
        context = self._make_context()
        self.activity.what = "the parser"
        syntax = syntax_of_newer_versions(chunk.content, self.input_name, chunk.line_offset)
        with self.timing.measure("Parser"), syntax:
            module = parse_module(
                context,
                chunk.content,
                self.input_name,
                line_offset=chunk.line_offset,
                allow_implicit_module=not self.options.no_implicit_module,
            )
        check_version(module)
        self.activity.what = "the verifier"
        if not self.options.disable_verify:
            verify_module(module)
        self._verify_roundtrip(module, context)
        self._run_passes(module, context)
        if self.passes:
            self._verify_roundtrip(module, context)
        self.activity.what = f"target '{self.options.target}'"
        with self.timing.measure("Output"):
            return self._print(module, context)

    def _make_context(self) -> Context:
        return self.registry.make_context(
            allow_unregistered=self.options.allow_unregistered_dialect
        )

    def _verify_roundtrip(self, module: ModuleOp, context: Context) -> None:
        if self.options.verify_roundtrip:
            self.activity.what = "the round trip"
            with self.timing.measure("Round trip"):
                verify_roundtrip(module, self._make_context, context)

    def _run_passes(self, module: ModuleOp, context: Context) -> None:
        before = module.clone() if self.options.crash_reproducer else None
        succeeded = False
        try:
            run_pipeline(
                context,
                module,
                self.passes,
                [self.activity, self.timing, self._ir_printing],
                verify=self.options.verify_each and not self.options.disable_verify,
            )
            succeeded = True
        finally:
            if before is not None and not succeeded:
                path = self.options.crash_reproducer
                write_reproducer(path, before, self.passes, context, self.options.load_plugin or ())
                print(f"snn-opt: note: reproducer written to '{path}'", file=sys.stderr)

    def _print(self, module: ModuleOp, context: Context) -> str:
        stream = StringIO()
        if self.target is None:
            self._print_options().print(module, stream, context)
        else:
            try:
                self.target.emit(context, module, stream)
            except DiagnosticException as error:
                raise SNNError(f"target '{self.target.name}' failed: {error}") from error
        return stream.getvalue()

    def _print_options(self) -> PrintOptions:
        return PrintOptions(
            self.options.print_op_generic,
            self.options.print_debuginfo,
            self.options.elide_elementsattrs_if_larger,
        )

    @cached_property
    def _ir_printing(self) -> IRPrinting:
        options = self.options
        before = _select(options.print_ir_before, options.print_ir_before_all)
        after = _select(options.print_ir_after, options.print_ir_after_all)
        folder = options.print_ir_tree_dir
        if not before and not after and (folder is not None or options.print_ir_after_change):
            after = PassSelection(all=True)
        return IRPrinting(
            sys.stderr,
            before=before,
            after=after,
            only_changes=options.print_ir_after_change,
            on_failure=options.print_ir_after_failure,
            tree_directory=None if folder is None else Path(folder),
            options=self._print_options(),
        )

    def _handler(self) -> Callable[[Diagnostic], None]:
        """Return the function that shows diagnostics while the session runs."""
        pattern = self.options.remarks
        wanted = (
            None if pattern is None else compile_pattern(".*" if pattern == EVERYTHING else pattern)
        )

        def show(diagnostic: Diagnostic) -> None:
            line = str(diagnostic)
            is_remark = diagnostic.severity is Severity.REMARK
            if not is_remark or (wanted is not None and wanted.search(line)):
                print(line, file=sys.stderr)

        return show

    def _check_diagnostics(self, chunks: Sequence[SourceChunk], engine: DiagnosticEngine) -> bool:
        """Compare the diagnostics with those that the input announces; show the differences."""
        expected = [
            expectation
            for chunk in chunks
            for expectation in find_expected(
                chunk.content.decode("utf-8", "replace"), chunk.line_offset
            )
        ]
        problems = compare_diagnostics(expected, engine.diagnostics, self.input_name)
        for problem in problems:
            print(problem, file=sys.stderr)
        return not problems

    def _write_output(self, text: str) -> None:
        path = self.options.output_file
        if path in (None, "-"):
            _write_stdout(text)
            return
        with atomic_write(path) as stream:
            stream.write(text)

    def _write_reports(self, engine: DiagnosticEngine) -> None:
        if self.options.remarks_output is not None:
            with atomic_write(self.options.remarks_output) as stream:
                engine.write_remarks(stream)
        if self.options.pass_statistics:
            report_statistics(self.passes, sys.stderr)
        if self.options.timing:
            self.timing.report(sys.stderr)


def _write_stdout(text: str) -> None:
    stream = standard_output()
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise SNNError(f"cannot write to standard output: {error.strerror or error}") from error


def _check_pass_names(names: str | None, registry: Registry) -> None:
    for name in names.split(",") if names not in (None, EVERYTHING) else ():
        if name not in registry.passes:
            raise UsageError(unknown_name("pass", name, registry.passes))


def _select(names: str | None, everything: bool) -> PassSelection:
    if everything or names == EVERYTHING:
        return PassSelection(all=True)
    return PassSelection(frozenset(names.split(",")) if names else frozenset())


if __name__ == "__main__":
    sys.exit(main())
