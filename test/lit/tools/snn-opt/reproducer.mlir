// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not snn-opt %s --load-plugin=%S/Inputs/plugin.py --test-mark=value=5 --test-fail --mlir-pass-pipeline-crash-reproducer=%t.mlir 2>&1 | filecheck %s
// RUN: filecheck %s --input-file %t.mlir --check-prefix=FILE
// RUN: not snn-opt %t.mlir --load-plugin=%S/Inputs/plugin.py --run-reproducer 2>&1 | filecheck %s --check-prefix=AGAIN
// RUN: not snn-opt %t.mlir --run-reproducer 2>&1 | filecheck %s --check-prefix=PLUGIN
// RUN: not snn-opt %s --run-reproducer 2>&1 | filecheck %s --check-prefix=WRONG

// CHECK: note: reproducer written to
// FILE: // configuration: --pass-pipeline='builtin.module(test-mark{value=5},test-fail)'
// FILE-NEXT: // plug-ins: --load-plugin={{.*}}plugin.py
// FILE-NEXT: "builtin.module"() ({
// FILE-NEXT: "test.op"() : () -> () loc({{.*}}reproducer.mlir":16:1)
// PLUGIN: unknown pass 'test-mark'{{.*}}; if it is of a plug-in, give --load-plugin={{.*}}plugin.py again
// AGAIN: reproducer.mlir:16:1: error: 'test.op' op cannot be handled
// WRONG: reproducer.mlir:1:1: error: not a reproducer
"test.op"() : () -> ()
