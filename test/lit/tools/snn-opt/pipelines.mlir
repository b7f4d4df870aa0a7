// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'canonicalize,test-mark{value=3 scale=1e0}' --load-plugin %S/Inputs/plugin.py --dump-pass-pipeline 2>&1 | filecheck %s --check-prefix=TEXT
// RUN: snn-opt %s --pass-pipeline='builtin.module( canonicalize , test-mark{ value=3  mode=all } )' --load-plugin=%S/Inputs/plugin.py --dump-pass-pipeline 2>&1 | filecheck %s --check-prefix=TEXT
// RUN: snn-opt --canonicalize -test-mark=value=3 %s --load-plugin=%S/Inputs/plugin.py --mlir-print-op-generic -dump-pass-pipeline 2>&1 | filecheck %s --check-prefix=TEXT
// RUN: snn-opt %s --test-mark-twice --load-plugin=%S/Inputs/plugin.py --dump-pass-pipeline 2>&1 | filecheck %s --check-prefix=NAMED

// TEXT: builtin.module(canonicalize,test-mark{value=3})
// TEXT: mark = 3 : i32
// NAMED: builtin.module(test-mark,test-mark{value=2})
// NAMED: mark = 2 : i32
"test.op"() : () -> ()
