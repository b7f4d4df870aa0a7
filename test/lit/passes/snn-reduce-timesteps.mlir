// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'snn-reduce-timesteps{calibration="%S/../Inputs/training.npz" timesteps=2}' --split-input-file --verify-diagnostics | filecheck %s
// RUN: snn-opt %s -p 'snn-reduce-timesteps{calibration="%S/../Inputs/training.npz" budget=0.1}' --split-input-file --pass-statistics 2>&1 | filecheck %s --check-prefix=BUDGET
// RUN: snn-opt %s -p 'snn-reduce-timesteps{calibration="%S/../Inputs/training.npz" minimum=8}' --split-input-file --remarks 2>&1 | filecheck %s --check-prefix=MINIMUM
// RUN: snn-opt %s -p 'snn-reduce-timesteps{calibration="%S/../Inputs/training.npz" finetune=true training="%S/../Inputs/training.npz" device=cpu step-factor=0.5 stages=2 epochs=1 budget=1.0}' --split-input-file --remarks 2>&1 | filecheck %s --check-prefix=STAGES

// 2 steps in the place of 8: four times the bias, which an integrator sums, and the same threshold.
// The leak of the second layer is taken four times.
// CHECK-LABEL: snn.network @integrator
// CHECK-SAME: timesteps = 2 : i64, input = #snn<input event_counts>
// CHECK: snn.weight dense<-1.000000e+00> : tensor<2xf32>
// CHECK: snn.lif %{{.*}} beta 1.000000e+00 : f32 threshold 1.500000e+00 : f32
// CHECK: snn.li %{{.*}} beta 6.250000e-02 : f32

// BUDGET: snn.network @integrator
// BUDGET-SAME: timesteps = {{[1-7]}} : i64
// BUDGET: (S) {{[1-7]}} steps removed

// MINIMUM: remark: 'snn.network' op kept: no fewer than 8 steps stay within 0.01
// MINIMUM: snn.network @integrator
// MINIMUM-SAME: timesteps = 8 : i64, input = #snn<input binary_frames>

// STAGES: remark: 'snn.network' op stage of 4 steps: accuracy
// STAGES: remark: 'snn.network' op stage of 2 steps: accuracy {{.*}} after training on 40 samples; accepted
// STAGES: remark: 'snn.network' op 8 to 2 steps; accuracy
// STAGES: snn.network @integrator
// STAGES-SAME: timesteps = 2 : i64
// expected-remark @below {{8 to 2 steps; accuracy}}
snn.network @integrator(%frame: tensor<4xf32>) -> tensor<2xf32> attributes {timesteps = 8 : i64, input = #snn<input binary_frames>, readout = #snn<readout last_membrane>} {
  %weight = snn.weight dense<[[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]]> : tensor<2x4xf32>
  %bias = snn.weight dense<-0.25> : tensor<2xf32>
  %0 = snn.linear %frame, %weight, %bias : (tensor<4xf32>, tensor<2x4xf32>, tensor<2xf32>) -> tensor<2xf32>
  %hidden, %membrane = snn.lif %0 beta 1.0 : f32 threshold 1.5 : f32 reset subtract delayed compare gt {layer = "hidden"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
  %out = snn.li %hidden beta 0.5 : f32 {layer = "out"} : (tensor<2xi1>) -> tensor<2xf32>
  snn.output %out : tensor<2xf32>
}

// -----

// CHECK-LABEL: snn.network @values
// CHECK-SAME: timesteps = 8 : i64
// expected-remark @below {{kept: values cannot be put into longer bins}}
snn.network @values(%frame: tensor<4xf32>) -> tensor<4xf32> attributes {timesteps = 8 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>} {
  %out = snn.li %frame beta 0.5 : f32 {layer = "out"} : (tensor<4xf32>) -> tensor<4xf32>
  snn.output %out : tensor<4xf32>
}

// -----

// CHECK-LABEL: snn.network @feedback
// CHECK-SAME: timesteps = 8 : i64
// expected-remark @below {{kept: registers hold values for one step, whatever its length}}
snn.network @feedback(%frame: tensor<4xf32>) -> tensor<4xi1> attributes {timesteps = 8 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  snn.register @last : tensor<4xi1>
  %last = snn.read @last : tensor<4xi1>
  %0 = snn.add %frame, %last : (tensor<4xf32>, tensor<4xi1>) -> tensor<4xf32>
  %out, %state = snn.lif %0 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
  snn.write @last, %out : tensor<4xi1>
  snn.output %out : tensor<4xi1>
}
