// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt < %s | filecheck %s
// RUN: snn-opt --split-input-file='// ---- custom' %s | filecheck %s --check-prefix=CUSTOM
// RUN: not snn-opt --no-implicit-module %s 2>&1 | filecheck %s --check-prefix=MODULE
// RUN: snn-opt --allow-unregistered-dialect --print-debuginfo %S/Inputs/unregistered.mlir | filecheck %s --check-prefix=UNREGISTERED
// RUN: not snn-opt - < %S/Inputs/unregistered.mlir 2>&1 | filecheck %s --check-prefix=STDIN

// CHECK: first
// CHECK-NEXT: second
// CUSTOM: first
// CUSTOM: // -----
// CUSTOM: second
// MODULE: input.mlir:1:1: error: builtin.module operation expected
// UNREGISTERED: "unknown.op"() : () -> () loc("{{.*}}unregistered.mlir":2:1)
// STDIN: <stdin>:2:2: error: Operation unknown.op is not registered; --load-plugin FILE.py adds the dialects of a plug-in
"test.op"() {first} : () -> ()
// ---- custom
"test.op"() {second} : () -> ()
