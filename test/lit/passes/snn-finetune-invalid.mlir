// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'snn-finetune{data="%S/../Inputs/training.npz" device=cpu}' --split-input-file --verify-diagnostics

// expected-error @below {{cannot be trained}}
snn.network @other_steps(%frame: tensor<4xf32>) -> tensor<2xi1> attributes {timesteps = 7 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %weight = snn.weight dense<1.0> : tensor<2x4xf32>
  %0 = snn.linear %frame, %weight : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
  %out, %state = snn.lif %0 beta 0.5 : f32 threshold 0.5 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %out : tensor<2xi1>
}

// -----

snn.network @off_grid(%frame: tensor<4xf32>) -> tensor<2xi1> attributes {timesteps = 8 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  // expected-error @below {{holds weights that are not on the grid of 'scale' and 'bits'}}
  %weight = snn.weight dense<1.1> : tensor<2x4xf32> {scale = dense<0.25> : tensor<2xf32>, bits = 4 : i64}
  %0 = snn.linear %frame, %weight : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
  %out, %state = snn.lif %0 beta 0.5 : f32 threshold 0.5 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %out : tensor<2xi1>
}
