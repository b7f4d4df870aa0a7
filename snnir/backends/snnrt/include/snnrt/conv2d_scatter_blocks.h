/* Event-driven two-dimensional convolutions with block-sparse weights: blocks of
   4 consecutive output channels of which not all weights are zero.

   starts: uint16[input_channels * kernel_height * kernel_width + 1], as in
     conv2d_scatter_sparse.h, of blocks;
   distances: uint16[], as there, of the first current of a block;
   blocks: int32[], as many, each with 4 int8 weights in the order n, n+2, n+1,
     n+3 from the lowest byte on.
   Output channels of a group are a multiple of 4, and currents aligned to 4
   bytes. Everything else is as in conv2d_scatter_sparse.h. */
#ifndef SNNRT_CONV2D_SCATTER_BLOCKS_H
#define SNNRT_CONV2D_SCATTER_BLOCKS_H

#include "conv2d_scatter_sparse.h"

/* current += kernel of every listed input; int16 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_blocks_s16(
    const uint16_t *list, uint32_t count, const uint16_t *starts,
    const uint16_t *distances, const int32_t *blocks, int16_t *current,
    const snnrt_conv2d_shape *shape) {
  const snnrt_conv_sparse operands = {NULL, starts, distances, NULL, blocks,
                                      snnrt_current_s16(current)};
  snnrt_conv2d_scatter_sparse(list, count, &operands, shape);
}

/* current += kernel of every listed input; int32 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_blocks_s32(
    const uint16_t *list, uint32_t count, const uint16_t *starts,
    const uint16_t *distances, const int32_t *blocks, int32_t *current,
    const snnrt_conv2d_shape *shape) {
  const snnrt_conv_sparse operands = {NULL, starts, distances, NULL, blocks,
                                      snnrt_current_s32(current)};
  snnrt_conv2d_scatter_sparse(list, count, &operands, shape);
}

/* current += values[list[i]] * kernel of every listed input; values: int8 HWC
   inputs, int16 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_blocks_values_s16(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const uint16_t *starts, const uint16_t *distances, const int32_t *blocks,
    int16_t *current, const snnrt_conv2d_shape *shape) {
  const snnrt_conv_sparse operands = {values, starts, distances, NULL, blocks,
                                      snnrt_current_s16(current)};
  snnrt_conv2d_scatter_sparse(list, count, &operands, shape);
}

/* current += values[list[i]] * kernel of every listed input; values: int8 HWC
   inputs, int32 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_blocks_values_s32(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const uint16_t *starts, const uint16_t *distances, const int32_t *blocks,
    int32_t *current, const snnrt_conv2d_shape *shape) {
  const snnrt_conv_sparse operands = {values, starts, distances, NULL, blocks,
                                      snnrt_current_s32(current)};
  snnrt_conv2d_scatter_sparse(list, count, &operands, shape);
}

#endif
