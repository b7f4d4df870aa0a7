// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: sed 's/timesteps = 8/timesteps = 64/' %s > %t.mlir
// RUN: not snn-opt %s -p 'snn-finetune{data="%S/../Inputs/training.npz" teacher="%t.mlir" epochs=2 device=cpu}' 2>&1 | filecheck %s --check-prefix=STEPS
// RUN: snn-opt %s -p 'snn-finetune{data="%S/../Inputs/training.npz" teacher="%t.mlir" teacher-rates=true epochs=2 device=cpu}' --remarks 2>&1 | filecheck %s
// RUN: sed 's/reset subtract/reset none/' %t.mlir > %t-none.mlir
// RUN: not snn-opt %s -p 'snn-finetune{data="%S/../Inputs/training.npz" teacher="%t-none.mlir" teacher-rates=true epochs=2 device=cpu}' 2>&1 | filecheck %s --check-prefix=NONE

// A teacher is asked what it thinks of the same frames, unless it is executed by rates.
// STEPS: takes 64 frames of (4,) and has 2 classes; it takes 8 frames of (4,) and has 2 classes
// CHECK: 4 held-out samples
// NONE: 'snn.lif' op has no reset, so that it is silent or fires at every step; use snn-finetune without teacher-rates
snn.network @student(%frame: tensor<4xf32>) -> tensor<2xi1> attributes {timesteps = 8 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %weight = snn.weight dense<[[0.4, 0.4, 0.1, 0.6], [0.1, 0.6, 0.4, 0.4]]> : tensor<2x4xf32>
  %0 = snn.linear %frame, %weight : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
  %out, %state = snn.lif %0 beta 0.5 : f32 threshold 0.5 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  snn.output %out : tensor<2xi1>
}
