// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not snn-opt %s -p 'cse,canonicalise' 2>&1 | filecheck %s --check-prefix=NAME
// RUN: not snn-opt %s --pass-pipeline='builtin.module(test-mark{x=1})' --load-plugin=%S/Inputs/plugin.py 2>&1 | filecheck %s --check-prefix=OPTION
// RUN: not snn-opt %s --test-mark=value=1,scale=2 --load-plugin=%S/Inputs/plugin.py 2>&1 | filecheck %s --check-prefix=COMMA
// RUN: not snn-opt %s --test-mark=mode=some --load-plugin=%S/Inputs/plugin.py 2>&1 | filecheck %s --check-prefix=TYPE
// RUN: not snn-opt %s --cse -p canonicalize 2>&1 | filecheck %s --check-prefix=TWICE
// RUN: not snn-opt %s --split-input-fil 2>&1 | filecheck %s --check-prefix=FLAG

// NAME: <pipeline>:1:5: error: unknown pass 'canonicalise'; did you mean 'canonicalize'?
// OPTION: <pipeline>:1:16: error: unknown option 'x' of 'test-mark'; it has value, scale, mode
// COMMA: error: options are separated by spaces, not commas: write {x=1 y=2}
// TYPE: error: option 'mode' of 'test-mark' expects all | none, got some
// TWICE: error: give the passes in one way
// FLAG: error: unknown option '--split-input-fil'; did you mean '--split-input-file'?
