// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'convert-snn-to-qsnn,convert-qsnn-to-kernels' --verify-diagnostics --split-input-file | filecheck %s

// Sums of a population's membranes have no kernel that takes their maximum over time.
module {
  snn.network @largest(%frame: tensor<8xf32>) -> tensor<4xf32> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout max_membrane>, population = 2 : i64} {
    %weight = snn.weight dense<0.5> : tensor<4x8xf32>
    %0 = snn.linear %frame, %weight : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4xf32>
    %out = snn.li %0 beta 0.5 : f32 {layer = "out"} : (tensor<4xf32>) -> tensor<4xf32>
    // expected-error @below {{no kernel takes the maximum over time of the sum of a population's membranes; use readout mean_membrane or last_membrane, or one output neuron for each class}}
    snn.output %out : tensor<4xf32>
  }
}

// -----

// The first spike of a population is that of its first neuron to spike.
// CHECK: snnrt.network @first{{.*}}population = 2
// CHECK: snnrt.first_spike
module {
  snn.network @first(%frame: tensor<8xf32>) -> tensor<4xi1> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout first_spike>, population = 2 : i64} {
    %weight = snn.weight dense<0.5> : tensor<4x8xf32>
    %0 = snn.linear %frame, %weight : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4xf32>
    %out, %last = snn.lif %0 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
    snn.output %out : tensor<4xi1>
  }
}
