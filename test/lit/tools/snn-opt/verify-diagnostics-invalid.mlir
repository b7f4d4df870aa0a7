// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not snn-opt %s --verify-diagnostics --split-input-file --load-plugin=%S/Inputs/plugin.py --test-fail 2>&1 | filecheck %s

// CHECK: verify-diagnostics-invalid.mlir:9:1: error: unexpected warning: 'test.op' op is not liked
// CHECK-NEXT: verify-diagnostics-invalid.mlir:8:1: error: expected error "not there" was not produced at line 9

// expected-error @+2 {{cannot be handled}}
// expected-error @+1 {{not there}}
"test.op"() : () -> ()
