// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'snn-reduce-timesteps{calibration="%S/../Inputs/training.npz" finetune=true}' --split-input-file --verify-diagnostics
// RUN: not snn-opt %s -p 'snn-reduce-timesteps{calibration="%S/../Inputs/training.npz" timesteps=9}' 2>&1 | filecheck %s --check-prefix=RANGE
// RUN: not snn-opt %s -p 'snn-reduce-timesteps{calibration="%S/../Inputs/training.npz" finetune=true training="%S/../Inputs/calibration.npz"}' 2>&1 | filecheck %s --check-prefix=FRAMES
// RUN: not snn-opt %s -p 'snn-reduce-timesteps{calibration="%S/../Inputs/training.npz" finetune=true step-factor=1.0 training="%S/../Inputs/training.npz"}' 2>&1 | filecheck %s --check-prefix=FACTOR
// RUN: not snn-opt %s -p 'snn-reduce-timesteps{calibration="%S/../Inputs/training.npz" minimum=9}' 2>&1 | filecheck %s --check-prefix=MINIMUM

// MINIMUM: error: 'snn.network' op option minimum must be 1 to 8, got 9
// RANGE: error: 'snn.network' op timesteps must be 1 to 8, got 9
// FRAMES: error: 'snn.network' op cannot be trained: {{.*}}calibration.npz
// FACTOR: snn-reduce-timesteps-invalid.mlir:{{[0-9]+}}:1: error: 'snn.network' op option step-factor must be between 0 and 1, got 1.0
// expected-error @below {{needs data to train on: give training=FILE.npz}}
snn.network @net(%frame: tensor<4xf32>) -> tensor<4xi1> attributes {timesteps = 8 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %out, %state = snn.lif %frame beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
  snn.output %out : tensor<4xi1>
}
