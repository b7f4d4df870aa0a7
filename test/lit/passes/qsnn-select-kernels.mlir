// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'qsnn-select-kernels{optimize=size}' --verify-diagnostics | filecheck %s
// RUN: snn-opt %s -p 'qsnn-select-kernels{optimize=speed target=mps2-an500}' | filecheck %s --check-prefix=SPEED
// RUN: snn-opt %s -p 'qsnn-select-kernels{optimize=speed target=mps2-an500},convert-qsnn-to-kernels' | filecheck %s --check-prefix=KERNELS
// RUN: not snn-opt %s -p 'qsnn-select-kernels{ram-limit=100}' 2>&1 | filecheck %s --check-prefix=RAM
// RUN: snn-opt %s -p 'qsnn-select-kernels{optimize=speed metric=cycles}' --remarks 2>&1 | filecheck %s --check-prefix=CYCLES
// RUN: not snn-opt %s -p 'qsnn-select-kernels{optimize=fast}' 2>&1 | filecheck %s --check-prefix=GOAL

// CHECK: qsnn.conv2d {{.*}}kernel = "{{(scatter|event|dot)}}"
// CHECK: qsnn.linear {{.*}}kernel = "{{(dense|packed|sparse|blocks|gather)}}"
// SPEED: qsnn.conv2d {{.*}}kernel = "{{(scatter|event)}}"
// SPEED: qsnn.linear {{.*}}kernel = "{{(dense|packed|sparse|blocks|gather)}}"
// KERNELS: snnrt.linear_{{(scatter|gather)}}{{.*}}kernel = "{{(dense|packed|sparse|blocks|gather)}}"
// RAM: error: 'qsnn.network' op no kernels make it fit; with the closest ones ({{.+}}) {{[0-9,]+}} bytes of RAM are missing: it needs {{[0-9,]+}}, the limit is 100, and the least of any kernels is {{[0-9,]+}}: raise the limit
// CYCLES: predicted for speed (fewest estimated cycles): {{[0-9,]+}} estimated cycles per step, {{[0-9,]+}} bytes of flash, {{[0-9,]+}} bytes of RAM, input as events
// GOAL: error: {{.*}}optimize

// expected-remark @below {{activity was not measured everywhere; assumes that 2% of the input and 10% of the neurons are active (snn-measure-activity)}}
// expected-remark @below {{predicted for size (fewest bytes): }}
qsnn.network @net(%frame: tensor<1x8x8xi8>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 2 : i64} {
  %kernels = qsnn.weight dense<[[[[3, -1], [2, 4]]], [[[5, 2], [-3, 1]]]]> : tensor<2x1x2x2xi8>
  // expected-remark @below {{candidate }}
  // expected-remark @below {{chose }}
  %current = qsnn.conv2d %frame, %kernels : (tensor<1x8x8xi8>, tensor<2x1x2x2xi8>) -> tensor<2x7x7xi16>
  %s, %u = qsnn.lif %current leak 16384 : i32 threshold 16 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "hidden"} : (tensor<2x7x7xi16>) -> (tensor<2x7x7xi1>, tensor<2x7x7xi16>)
  %flat = qsnn.reshape %s : (tensor<2x7x7xi1>) -> tensor<98xi1>
  %w = qsnn.weight dense<[[6, -8, -6, -5, -6, 6, 7, 2, -9, -8, -3, -1, 2, 0, -4, -6, 4, 4, -9, -7, -1, -2, 7, 0, -2, -1, 3, 2, -6, 5, 5, 9, 5, -4, -3, 3, 3, 4, 7, -4, 8, -9, -8, 9, 8, -4, -7, -4, -9, 7, 3, 2, -5, -1, -6, 5, 0, -9, -5, 4, 0, -2, -5, -8, 2, 3, 0, 8, 8, -6, 2, 2, -5, -4, 0, 5, -4, 4, 3, -5, -2, 6, 7, 3, -9, 3, -5, 6, 8, -1, 9, 5, -3, 7, -2, -8, 2, 7], [3, -2, 8, 0, -2, -7, -5, 4, 6, -4, 2, 7, -7, -4, 0, 1, -2, -2, -7, 2, 8, -6, 6, -6, -9, 5, -6, 5, -3, 1, 8, 8, 0, -6, -5, 7, 2, -6, 7, 9, 9, 2, 9, 2, 0, 9, 2, 5, -3, 6, 9, -8, 1, -2, -9, -8, -4, -6, 4, -5, 2, 7, 0, -7, -8, -4, -2, 0, -4, 7, 1, 9, 8, 4, -9, -5, 5, 1, 8, 4, 6, -9, -4, 3, 3, -3, -6, 2, -8, 3, 6, 3, -8, 0, -4, 1, 3, -6]]> : tensor<2x98xi8>
  // expected-remark @below {{candidate }}
  // expected-remark @below {{chose }}
  %x = qsnn.linear %flat, %w : (tensor<98xi1>, tensor<2x98xi8>) -> tensor<2xi16>
  %t, %v = qsnn.lif %x leak 16384 : i32 threshold 7 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "output"} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  qsnn.output %t : tensor<2xi1>
}
