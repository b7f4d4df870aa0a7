// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p qsnn-pad-channels{multiple=0} --verify-diagnostics --split-input-file

// expected-error @below {{option multiple must be a positive number, or one for each of the 0 layers, got 0}}
qsnn.network @wrong(%frame: tensor<1xi1>) -> tensor<1xi1> attributes {timesteps = 4 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>, input_maximum = 1 : i64} {
  qsnn.output %frame : tensor<1xi1>
}
