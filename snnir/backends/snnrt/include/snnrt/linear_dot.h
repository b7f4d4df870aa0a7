/* Fully connected layers of values, most of which are not zero. */
#ifndef SNNRT_LINEAR_DOT_H
#define SNNRT_LINEAR_DOT_H

#include "dot_rows.h"

/* Currents of either type. */
SNNRT_KERNEL void snnrt_linear_dot(const int8_t *values, int32_t *pairs,
                                   const int32_t *weights,
                                   snnrt_current current,
                                   const snnrt_linear_shape *shape) {
  const int32_t whole = shape->inputs / SNNRT_DOT_VALUES;
  const int32_t rest = shape->inputs % SNNRT_DOT_VALUES;
  int32_t *next = pairs;
  for (int32_t i = 0; i < whole; ++i) {
    next = snnrt_dot_pairs(snnrt_load32(values + SNNRT_DOT_VALUES * i), next);
  }
  if (rest > 0) {
    uint32_t last = 0;
    memcpy(&last, values + SNNRT_DOT_VALUES * whole, (size_t)rest);
    (void)snnrt_dot_pairs(last, next);
  }
  snnrt_dot_rows(pairs, whole + (rest > 0), weights, current, shape->outputs);
}

/* current[o] = sum over i of values[i] * weights[o][i].

   values: int8[inputs], from -127 on; pairs: int32[2 * ceil(inputs / 4)], what
   it held is lost; weights: see snnrt_dot_rows. */
SNNRT_KERNEL void snnrt_linear_dot_s16(const int8_t *values, int32_t *pairs,
                                       const int32_t *weights, int16_t *current,
                                       const snnrt_linear_shape *shape) {
  snnrt_linear_dot(values, pairs, weights, snnrt_current_s16(current), shape);
}

/* The same with currents of 32 bits. */
SNNRT_KERNEL void snnrt_linear_dot_s32(const int8_t *values, int32_t *pairs,
                                       const int32_t *weights, int32_t *current,
                                       const snnrt_linear_shape *shape) {
  snnrt_linear_dot(values, pairs, weights, snnrt_current_s32(current), shape);
}

#endif
