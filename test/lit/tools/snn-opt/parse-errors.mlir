// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --split-input-file --verify-diagnostics --allow-unregistered-dialect

// What does not suit an op is reported at its line, and names the attribute.
snn.network @net(%frame: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 1 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>} {
  // expected-error @below {{'snn.weight' op attribute 'value': expected f32, got i32}}
  %w = snn.weight dense<1> : tensor<4x4xi32>
  snn.output %frame : tensor<4xf32>
}

// -----

snn.network @net(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 1 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  // expected-error @below {{'snn.lif' op attribute 'threshold': expected dense or float, got 1 : i32}}
  %s, %m = snn.lif %frame beta 0.9 : f32 threshold 1 : i32 reset subtract delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %s : tensor<2xi1>
}

// -----

snn.network @net(%frame: tensor<2xf32>) -> tensor<2xi1> attributes {timesteps = 1 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  // expected-error @below {{'snn.lif' op attribute 'beta': expected f32, got f64}}
  %s, %m = snn.lif %frame beta 0.9 : f64 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %s : tensor<2xi1>
}

// -----

// expected-error @below {{'snn.network' op attribute 'timesteps': expected integer, got 8.000000e+00 : f32}}
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xf32> attributes {timesteps = 8.0 : f32, input = #snn<input event_counts>, readout = #snn<readout last_membrane>} {
  snn.output %frame : tensor<2xf32>
}

// -----

"test.op"() ({
  // expected-error @below {{a constant does not fit in memory}}
  "test.op"() {v = dense<1.0> : tensor<4000000000000000000xf32>} : () -> ()
}) : () -> ()

// -----

snn.network @net(%frame: tensor<2xf32>) -> tensor<2xf32> attributes {timesteps = 8 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>} {
  snn.output %frame : tensor<2xf32>
}
// expected-error @below {{'snn.network' op has the name "net", as another operation in line 43}}
snn.network @net(%frame: tensor<2xf32>) -> tensor<2xf32> attributes {timesteps = 8 : i64, input = #snn<input event_counts>, readout = #snn<readout last_membrane>} {
  snn.output %frame : tensor<2xf32>
}
