// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not snn-opt %s --split-input-file --load-plugin=%S/Inputs/plugin.py --test-fail 2>&1 | filecheck %s
// RUN: not snn-opt %s --split-input-file --load-plugin=%S/Inputs/plugin.py --test-crash 2>&1 | filecheck %s --check-prefix=CRASH
// RUN: not snn-opt %s --split-input-file --load-plugin=%S/Inputs/plugin.py --test-crash --debug 2>&1 | filecheck %s --check-prefix=DEBUG
// RUN: not snn-opt %s --split-input-file --load-plugin=%S/Inputs/plugin.py --test-loop 2>&1 | filecheck %s --check-prefix=LOOP
// RUN: not snn-opt %s --split-input-file --load-plugin=%S/Inputs/plugin.py --cse --test-fail 2>&1 | filecheck %s --check-prefix=WHICH
// RUN: not snn-opt %s --split-input-file -o %t.missing/out.mlir 2>&1 | filecheck %s --check-prefix=OUTPUT
// RUN: not snn-opt %t.does-not-exist 2>&1 | filecheck %s --check-prefix=INPUT

// CRASH: snn-opt: error: pass 'test-crash' crashed: TypeError: a bug in the pass; run with --debug for the traceback
// DEBUG: Traceback (most recent call last):
// DEBUG: TypeError: a bug in the pass
// OUTPUT: snn-opt: error: cannot write '{{.*}}/out.mlir': No such file or directory
// INPUT: snn-opt: error: cannot read '{{.*}}.does-not-exist': No such file or directory

// CHECK: errors.mlir:22:3: warning: 'test.op' op is not liked
// CHECK-NEXT: errors.mlir:22:3: error: 'test.op' op cannot be handled
// LOOP: errors.mlir:22:3: error: 'test.op' op rewriting did not converge after
// WHICH: error: 'test.op' op cannot be handled
// WHICH-NEXT: snn-opt: note: raised by pass 'test-fail'
builtin.module {
  "test.op"() : () -> ()
}

// -----

// A part that does not parse does not keep the others from being processed.
// CHECK: errors.mlir:29:11: error: value '%missing' is used but not defined
"test.op"(%missing) : (i32) -> ()
