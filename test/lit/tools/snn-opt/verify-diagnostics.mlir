// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --verify-diagnostics --split-input-file --load-plugin=%S/Inputs/plugin.py --test-mark=mode=none | filecheck %s

// The parts without an error are printed.
// CHECK: "test.op"
// CHECK-NOT: arith.addi

// expected-remark @+1 {{left alone}}
"test.op"() : () -> ()

// -----

%a = "test.op"() : () -> i32
%b = "test.op"() : () -> i64
// expected-error @below {{operand is used with type i32}}
%c = arith.addi %a, %b : i32

// -----

%a, %b = "test.op"() : () -> (i32, i64)
// expected-error-re @+1 {{'arith.addi' op {{.*}} i64}}
%c = "arith.addi"(%a, %b) : (i32, i64) -> i32

// -----

"test.op"() : () -> tensor<xi32>
// expected-error @above {{}}
