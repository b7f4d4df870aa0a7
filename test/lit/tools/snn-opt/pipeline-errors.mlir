// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not snn-opt %s -p 'cse,canonicalise' 2>&1 | filecheck %s --check-prefix=NAME
// RUN: not snn-opt %s --pass-pipeline='builtin.module(test-mark{x=1})' --load-plugin=%S/Inputs/plugin.py 2>&1 | filecheck %s --check-prefix=OPTION
// RUN: not snn-opt %s --test-mark=value=1,scale=2 --load-plugin=%S/Inputs/plugin.py 2>&1 | filecheck %s --check-prefix=COMMA
// RUN: not snn-opt %s --test-mark=mode=some --load-plugin=%S/Inputs/plugin.py 2>&1 | filecheck %s --check-prefix=TYPE
// RUN: not snn-opt %s --cse -p canonicalize 2>&1 | filecheck %s --check-prefix=TWICE
// RUN: not snn-opt %s --split-input-fil 2>&1 | filecheck %s --check-prefix=FLAG
// RUN: not snn-opt %s --canonicalise=x=1 2>&1 | filecheck %s --check-prefix=PASS
// RUN: not snn-opt %s --cse --print-ir-after=cse,canonicalise 2>&1 | filecheck %s --check-prefix=PRINT
// RUN: not snn-opt %s --test-mark=valu=1 --load-plugin=%S/Inputs/plugin.py 2>&1 | filecheck %s --check-prefix=HINT
// RUN: not snn-opt %s -p 'cse{"' 2>&1 | filecheck %s --check-prefix=BRACE
// RUN: not snn-opt %s -p 'canonicalize{x="a},cse' 2>&1 | filecheck %s --check-prefix=QUOTE
// RUN: not snn-opt %s --verify-each=maybe 2>&1 | filecheck %s --check-prefix=TRUTH
// RUN: not snn-opt --list-passes=^canonicalise 2>&1 | filecheck %s --check-prefix=LIST
// RUN: not snn-opt %s --mlir-disable-threading 2>&1 | filecheck %s --check-prefix=OTHER
// RUN: not snn-opt %s -t 2>&1 | filecheck %s --check-prefix=VALUE
// RUN: snn-opt %s --verify-each --cse

// OTHER: snn-opt: error: unknown option '--mlir-disable-threading'; --help shows all
// VALUE: snn-opt: error: argument -t/--target: expected one argument
// NAME: <pipeline>:1:5: error: unknown pass 'canonicalise'; did you mean 'canonicalize'?
// OPTION: <pipeline>:1:16: error: unknown option 'x' of 'test-mark'; it has value, scale, mode
// COMMA: error: options are separated by spaces, not commas: write {x=1 y=2}
// TYPE: error: option 'mode' of 'test-mark' expects all | none, got some
// TWICE: error: give the passes in one way
// HINT: error: unknown option 'valu' of 'test-mark'; did you mean 'value'?
// BRACE: error: expected an option name or '}'
// QUOTE: <pipeline>:1:16: error: the string that begins here has no closing double quote
// TRUTH: error: argument --verify-each: expected true or false, got 'maybe'
// LIST: error: no name matches: unknown pass '^canonicalise'; did you mean 'canonicalize'?
// PASS: error: unknown option '--canonicalise'; did you mean '--canonicalize'?
// PRINT: error: unknown pass 'canonicalise'; did you mean 'canonicalize'?
// FLAG: error: unknown option '--split-input-fil'; did you mean '--split-input-file'?
