// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --load-plugin=%S/Inputs/plugin.py --print-ir-before=test-mark --print-ir-after --test-mark --canonicalize 2>&1 >/dev/null | filecheck %s
// RUN: snn-opt %s --load-plugin=%S/Inputs/plugin.py --mlir-print-ir-after-change --test-mark --canonicalize 2>&1 >/dev/null | filecheck %s --check-prefix=CHANGE
// RUN: snn-opt %s --load-plugin=%S/Inputs/plugin.py --mlir-print-ir-tree-dir=%t --mlir-print-ir-before-all --mlir-print-ir-after-all --test-mark --canonicalize
// RUN: ls %t | filecheck %s --check-prefix=TREE
// RUN: snn-opt %t/1_test-mark.mlir | filecheck %s --check-prefix=FILE
// RUN: not snn-opt %s --load-plugin=%S/Inputs/plugin.py --print-ir-after-failure --test-mark --test-break 2>&1 | filecheck %s --check-prefix=FAILURE
// RUN: snn-opt %s --load-plugin=%S/Inputs/plugin.py --verify-each=0 --test-break --mlir-print-op-generic | filecheck %s --check-prefix=BROKEN

// CHECK: // -----// IR Dump Before MarkPass (test-mark) //----- //
// CHECK-NOT: mark =
// CHECK: // -----// IR Dump After MarkPass (test-mark) //----- //
// CHECK: mark = 1
// CHECK-NOT: Before Canonicalize
// CHECK: // -----// IR Dump After CanonicalizePass (canonicalize) //----- //

// CHANGE: After MarkPass
// CHANGE-NOT: CanonicalizePass

// TREE: 0_test-mark_before.mlir
// TREE-NEXT: 1_test-mark.mlir
// TREE-NEXT: 2_canonicalize_before.mlir
// TREE-NEXT: 3_canonicalize.mlir
// FILE: mark = 1

// FAILURE: // -----// IR Dump After Failure of BreakPass (test-break) //----- //
// BROKEN: "arith.addi"()
// FAILURE: error: 'arith.addi' op {{.*}} (after pass 'test-break')

%a = "test.op"() : () -> i32
%b = arith.addi %a, %a : i32
"test.op"(%b) : (i32) -> ()
