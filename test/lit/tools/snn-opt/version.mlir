// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --split-input-file --verify-diagnostics

builtin.module attributes {snn.version = 1 : i64} {
}

// -----

// expected-error @below {{snn.version 2 is newer than this program, which reads up to 1; install a newer snnir}}
builtin.module attributes {snn.version = 2 : i64} {
}

// -----

// What is no syntax here may be some there.
// expected-error @below {{snn.version 9 is newer than this program}}
builtin.module attributes {snn.version = 9 : i64} {
  snn.unknown next generation
}

// -----

// expected-error @below {{has the snn.version "two"; an integer is needed}}
builtin.module attributes {snn.version = "two"} {
}
