// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'convert-snn-to-qsnn,convert-qsnn-to-kernels,kernels-plan-memory' -t 'snn-c{file=source}' | filecheck %s

// Names that are no C identifiers become ones that are.
// CHECK: #include "net_2nd_net.h"
// CHECK: NET_2ND_NET_CONSTANT int32_t lif_1_leak[1]
// CHECK: NET_2ND_NET_CONSTANT int32_t fc_1_leak[1]
// CHECK: NET_2ND_NET_CONSTANT int32_t fc___leak[1]
// CHECK: _lif_1(uint8_t *arena) {
// CHECK: _lif_fc_1(uint8_t *arena) {
// CHECK: _lif_fc__(uint8_t *arena) {
// CHECK: net_2nd_net_status net_2nd_net_init(
module {
  snn.network @"2nd-net"(%frame: tensor<4xf32>) -> tensor<2xi1> attributes {timesteps = 2 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>} {
    %weight = snn.weight dense<0.5> : tensor<4x4xf32>
    %0 = snn.linear %frame, %weight : (tensor<4xf32>, tensor<4x4xf32>) -> tensor<4xf32>
    %a, %am = snn.lif %0 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "1"} : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
    %1 = snn.linear %a, %weight : (tensor<4xi1>, tensor<4x4xf32>) -> tensor<4xf32>
    %b, %bm = snn.lif %1 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "fc.1"} : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
    %last = snn.weight dense<0.5> : tensor<2x4xf32>
    %2 = snn.linear %b, %last : (tensor<4xi1>, tensor<2x4xf32>) -> tensor<2xf32>
    %c, %cm = snn.lif %2 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "fc-é"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
    snn.output %c : tensor<2xi1>
  }
}
