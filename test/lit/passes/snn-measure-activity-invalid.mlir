// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not snn-opt %s --split-input-file -p 'snn-measure-activity{calibration="%S/../Inputs/calibration.npz"}' 2>&1 | filecheck %s
// RUN: not snn-opt %s -p 'snn-measure-activity{calibration="%t.missing.npz"}' 2>&1 | filecheck %s --check-prefix=MISSING
// RUN: not snn-opt %s -p 'snn-measure-activity{calibration="%S/../Inputs/calibration.npz" samples=0}' 2>&1 | filecheck %s --check-prefix=SAMPLES
// RUN: not snn-opt %s -p 'snn-measure-activity' 2>&1 | filecheck %s --check-prefix=OPTION

// CHECK: invalid.mlir:[[# @LINE + 4]]:1: error: 'snn.network' op cannot be calibrated: {{.*}}calibration.npz: a sample has 4 time steps, the network 5; import the network with --timesteps 4, or bin the data anew
// MISSING: error: 'snn.network' op cannot be calibrated: {{.*}}missing.npz: no such file
// SAMPLES: error: 'snn.network' op cannot be calibrated: the number of samples must be 1 or more, not 0
// OPTION: option 'calibration' of 'snn-measure-activity' must be given
snn.network @steps(%frame: tensor<1x4x4xf32>) -> tensor<1x4x4xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %spikes, %membrane = snn.lif %frame beta 0.0 : f32 threshold 1.0 : f32 reset none delayed compare gt : (tensor<1x4x4xf32>) -> (tensor<1x4x4xi1>, tensor<1x4x4xf32>)
  snn.output %spikes : tensor<1x4x4xi1>
}
