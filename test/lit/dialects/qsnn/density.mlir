// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_ROUNDTRIP
// RUN: SNN_GENERIC_ROUNDTRIP

// CHECK: qsnn.network @image(%frame: tensor<2x9x9xi8>) -> tensor<2x9x9xi8> attributes {timesteps = 2 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, input_density = #qsnn.density<cell [4, 3], maximum 128>} {
qsnn.network @image(%frame: tensor<2x9x9xi8>) -> tensor<2x9x9xi8> attributes {timesteps = 2 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, input_density = #qsnn.density<cell [4, 3], maximum 128>} {
  // CHECK-NEXT: qsnn.output %frame : tensor<2x9x9xi8>
  qsnn.output %frame : tensor<2x9x9xi8>
}

// -----

// CHECK: qsnn.network @features(%frame: tensor<9xi1>) -> tensor<9xi1> attributes {timesteps = 2 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>, input_maximum = 1 : i64, input_density = #qsnn.density<cell [], maximum 1>} {
qsnn.network @features(%frame: tensor<9xi1>) -> tensor<9xi1> attributes {timesteps = 2 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>, input_maximum = 1 : i64, input_density = #qsnn.density<cell [], maximum 1>} {
  // CHECK-NEXT: qsnn.output %frame : tensor<9xi1>
  qsnn.output %frame : tensor<9xi1>
}
