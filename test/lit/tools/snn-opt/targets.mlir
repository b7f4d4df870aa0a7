// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --load-plugin=%S/Inputs/plugin.py -t 'test-names{prefix="op: "}' -o - | filecheck %s
// RUN: not snn-opt %s --load-plugin=%S/Inputs/plugin.py -t test-name 2>&1 | filecheck %s --check-prefix=UNKNOWN
// RUN: snn-opt %s --load-plugin=%S/Inputs/plugin.py --list-targets | filecheck %s --check-prefix=LIST
// RUN: snn-opt --load-plugin=%S/Inputs/plugin.py --list-passes | filecheck %s --check-prefix=PASSES
// RUN: snn-opt --load-plugin=%S/Inputs/plugin.py --list-passes=^canon | filecheck %s --check-prefix=REGEX

// CHECK: op: builtin.module
// CHECK-NEXT: op: test.op
// UNKNOWN: error: unknown target 'test-name'; did you mean 'test-names'?

// LIST: snn-c:
// LIST: test-names: Print the names of all ops.
// LIST-NEXT: prefix=<string>

// PASSES: convert-snn-to-qsnn:
// PASSES: test-mark: Mark every test op with a number.
// PASSES-NEXT: value=<int>  the number to write (default: 1)
// PASSES-NEXT: scale=<float>  a factor for the number (default: 1.0)
// PASSES-NEXT: mode=<all | none>  which ops to mark (default: all)
// PASSES: test-mark-twice
// PASSES: Passes of xDSL
// PASSES: canonicalize

// REGEX: canonicalize:
// REGEX-NOT: test-mark
"test.op"() : () -> ()
