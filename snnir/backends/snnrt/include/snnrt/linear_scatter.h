/* Event-driven fully connected layers.

   Every kernel ADDS to `current`; clear it first for a fresh sum.
   list: uint16[count], indices below shape->inputs;
   weights: int8[inputs][outputs]. The _s16 kernels expect every complete group
   of 4 consecutive outputs in the byte order n, n+2, n+1, n+3 and the
   outputs % 4 last ones in plain order; the _s32 kernels expect plain order.
   current: [outputs]. Weights and currents are aligned to 4 bytes. The caller
   guarantees that no sum, in list order or any other, leaves the range of the
   accumulator. */
#ifndef SNNRT_LINEAR_SCATTER_H
#define SNNRT_LINEAR_SCATTER_H

#include "count_chunks.h"
#include "linear_quads.h"
#include "linear_shape.h"
#include "linear_wide.h"
#include "scatter_rows.h"
#include "scatter_values.h"

/* Whether snnrt_linear_quads is used. */
SNNRT_KERNEL bool snnrt_linear_in_quads(const snnrt_linear_shape *shape) {
  return shape->outputs >= SNNRT_LINEAR_QUAD_OUTPUTS &&
         shape->outputs % SNNRT_QUAD_LANES == 0;
}

/* current[o] += sum over i of weights[list[i]][o]; int16 current. */
SNNRT_KERNEL void snnrt_linear_scatter_s16(const uint16_t *list,
                                           uint32_t count,
                                           const int8_t *weights,
                                           int16_t *current,
                                           const snnrt_linear_shape *shape) {
  if (snnrt_linear_in_quads(shape)) {
    snnrt_linear_quads(list, count, NULL, weights, current, shape->outputs);
  } else if (count > 0) {
    snnrt_scatter_rows_s16(list, count, (uintptr_t)weights,
                           (uint32_t)shape->outputs, current, shape->outputs);
  }
}

/* current[o] += sum over i of weights[list[i]][o]; int32 current. */
SNNRT_KERNEL void snnrt_linear_scatter_s32(const uint16_t *list,
                                           uint32_t count,
                                           const int8_t *weights,
                                           int32_t *current,
                                           const snnrt_linear_shape *shape) {
  snnrt_linear_wide(list, count, weights, current, shape->outputs);
}

/* current[o] += sum over i of values[list[i]] * weights[list[i]][o];
   values: int8[inputs], int16 current. */
SNNRT_KERNEL void snnrt_linear_scatter_values_s16(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const int8_t *weights, int16_t *current, const snnrt_linear_shape *shape) {
  if (snnrt_linear_in_quads(shape)) {
    snnrt_linear_quads(list, count, values, weights, current, shape->outputs);
    return;
  }
  const uint32_t stride = (uint32_t)shape->outputs;
  if (shape->outputs < SNNRT_REPEATED_OUTPUTS) {
    if (count > 0) {
      snnrt_scatter_rows_values_s16(list, count, values, (uintptr_t)weights,
                                    stride, current, shape->outputs);
    }
    return;
  }
  const uint16_t *const end = list + count;
  snnrt_count_chunk chunk;
  while (list != end) {
    list = snnrt_fill_chunk(list, end, values, &chunk);
    if (chunk.repeated_size > 0) {
      snnrt_scatter_rows_s16(chunk.repeated, chunk.repeated_size,
                             (uintptr_t)weights, stride, current,
                             shape->outputs);
    }
    if (chunk.others_size > 0) {
      snnrt_scatter_rows_values_s16(chunk.others, chunk.others_size, values,
                                    (uintptr_t)weights, stride, current,
                                    shape->outputs);
    }
  }
}

/* current[o] += sum over i of values[list[i]] * weights[list[i]][o];
   values: int8[inputs], int32 current. */
SNNRT_KERNEL void snnrt_linear_scatter_values_s32(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const int8_t *weights, int32_t *current, const snnrt_linear_shape *shape) {
  const uint32_t stride = (uint32_t)shape->outputs;
  if (shape->outputs < SNNRT_REPEATED_WIDE_OUTPUTS) {
    if (count > 0) {
      snnrt_scatter_rows_values_s32(list, count, values, (uintptr_t)weights,
                                    stride, current, shape->outputs);
    }
    return;
  }
  const uint16_t *const end = list + count;
  snnrt_count_chunk chunk;
  while (list != end) {
    list = snnrt_fill_chunk(list, end, values, &chunk);
    snnrt_linear_wide(chunk.repeated, chunk.repeated_size, weights, current,
                      shape->outputs);
    if (chunk.others_size > 0) {
      snnrt_scatter_rows_values_s32(chunk.others, chunk.others_size, values,
                                    (uintptr_t)weights, stride, current,
                                    shape->outputs);
    }
  }
}

#endif
