// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --verify-diagnostics --split-input-file --convert-qsnn-to-kernels

// A reshape that moves data in channels-last memory.
qsnn.network @net(%frame: tensor<2x2x2xi1>) -> tensor<4x1x2xi16> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout last_membrane>, input_maximum = 1 : i64} {
  // expected-error @+1 {{'qsnn.reshape' op a reshape to (4, 1, 2) would move data in channels-last memory; only fla}}
  %r = qsnn.reshape %frame : (tensor<2x2x2xi1>) -> tensor<4x1x2xi1>
  %u = qsnn.li %r leak 0 : i32 overflow saturate rounding nearest : (tensor<4x1x2xi1>) -> tensor<4x1x2xi16>
  qsnn.output %u : tensor<4x1x2xi16>
}

// -----

// Biases belong to neurons.
qsnn.network @net(%frame: tensor<2xi1>) -> tensor<2xi16> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout last_membrane>, input_maximum = 1 : i64} {
  %w = qsnn.weight dense<1> : tensor<2x2xi8>
  %b = qsnn.weight dense<1> : tensor<2xi32>
  // expected-error @+1 {{'qsnn.linear' op has a bias; biases belong to the neuron that follows}}
  %y = qsnn.linear %frame, %w, %b : (tensor<2xi1>, tensor<2x2xi8>, tensor<2xi32>) -> tensor<2xi16>
  %u = qsnn.li %y leak 0 : i32 overflow saturate rounding nearest : (tensor<2xi16>) -> tensor<2xi16>
  qsnn.output %u : tensor<2xi16>
}

// -----

// More inputs than 16-bit indices.
qsnn.network @net(%frame: tensor<65537xi1>) -> tensor<1xi32> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout last_membrane>, input_maximum = 1 : i64} {
  %w = qsnn.weight dense<1> : tensor<1x65537xi8>
  // expected-error @+1 {{'qsnn.linear' op its 65537 inputs cannot be listed with 16-bit indices; use kernels=cmsis}}
  %y = qsnn.linear %frame, %w : (tensor<65537xi1>, tensor<1x65537xi8>) -> tensor<1xi32>
  %u = qsnn.li %y leak 0 : i32 overflow saturate rounding nearest : (tensor<1xi32>) -> tensor<1xi32>
  qsnn.output %u : tensor<1xi32>
}

// -----

// An output that is a map.
qsnn.network @net(%frame: tensor<2x2x2xi1>) -> tensor<2x2x2xi16> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout last_membrane>, input_maximum = 1 : i64} {
  %u = qsnn.li %frame leak 0 : i32 overflow saturate rounding nearest : (tensor<2x2x2xi1>) -> tensor<2x2x2xi16>
  // expected-error @+1 {{'qsnn.output' op the output has several positions and lies in memory channels-last; end th}}
  qsnn.output %u : tensor<2x2x2xi16>
}

// -----

// A readout of spikes on currents.
qsnn.network @net(%frame: tensor<2xi1>) -> tensor<2xi16> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>, input_maximum = 1 : i64} {
  %w = qsnn.weight dense<1> : tensor<2x2xi8>
  %u = qsnn.linear %frame, %w : (tensor<2xi1>, tensor<2x2xi8>) -> tensor<2xi16>
  // expected-error @+1 {{'qsnn.output' op readout spike_count does not fit an output of type tensor<2xi16>}}
  qsnn.output %u : tensor<2xi16>
}

// -----

// The maximum of a population.
qsnn.network @net(%frame: tensor<2xi1>) -> tensor<2xi16> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout max_membrane>, population = 1 : i64, input_maximum = 1 : i64} {
  %u = qsnn.li %frame leak 0 : i32 overflow saturate rounding nearest : (tensor<2xi1>) -> tensor<2xi16>
  // expected-error @+1 {{'qsnn.output' op no kernel takes the maximum over time of the sum of a population's membra}}
  qsnn.output %u : tensor<2xi16>
}

// -----

// Unknown kernels.
qsnn.network @net(%frame: tensor<2xi1>) -> tensor<2xi16> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout last_membrane>, input_maximum = 1 : i64} {
  %w = qsnn.weight dense<1> : tensor<2x2xi8>
  // expected-error @+1 {{'qsnn.linear' op kernel must be event, cmsis, cmsis_s4, scatter, masks, dense, packed, sparse, blocks, gather or dot, not fast}}
  %y = qsnn.linear %frame, %w {kernel = "fast"} : (tensor<2xi1>, tensor<2x2xi8>) -> tensor<2xi16>
  %u = qsnn.li %y leak 0 : i32 overflow saturate rounding nearest : (tensor<2xi16>) -> tensor<2xi16>
  qsnn.output %u : tensor<2xi16>
}

// -----

// Whether calm windows are left alone is no number.
qsnn.network @net(%frame: tensor<1x4x4xi8>) -> tensor<1xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 1 : i64} {
  %w = qsnn.weight dense<1> : tensor<1x1x1x1xi8>
  // expected-error @+1 {{'qsnn.conv2d' op skip_calm must be true or false, not 1 : i64}}
  %c = qsnn.conv2d %frame, %w {skip_calm = 1 : i64} : (tensor<1x4x4xi8>, tensor<1x1x1x1xi8>) -> tensor<1x4x4xi16>
  %s, %m = qsnn.lif %c leak 16384 : i32 threshold 2 : i32 reset subtract delayed compare gt overflow proven rounding nearest : (tensor<1x4x4xi16>) -> (tensor<1x4x4xi1>, tensor<1x4x4xi16>)
  %f = qsnn.reshape %s : (tensor<1x4x4xi1>) -> tensor<16xi1>
  %v = qsnn.weight dense<1> : tensor<1x16xi8>
  %y = qsnn.linear %f, %v : (tensor<16xi1>, tensor<1x16xi8>) -> tensor<1xi16>
  %t, %u = qsnn.lif %y leak 16384 : i32 threshold 1 : i32 reset subtract delayed compare gt overflow proven rounding nearest : (tensor<1xi16>) -> (tensor<1xi1>, tensor<1xi16>)
  qsnn.output %t : tensor<1xi1>
}
