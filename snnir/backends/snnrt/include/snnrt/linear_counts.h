/* Fully connected layers of numbers of 16 bits, such as sums of many spikes.

   All inputs are multiplied, active or not; the sums of four outputs stay in
   registers of 32 bits, so that these kernels SET `current`.

   values: int16[inputs]; weights: int32[ceil(outputs / 4)][inputs], words with
   the bytes of the outputs n, n+2, n+1, n+3, anything behind the last output;
   current: int16[outputs] or int32[outputs]. The caller guarantees that no sum,
   in any order, leaves its range. */
#ifndef SNNRT_LINEAR_COUNTS_H
#define SNNRT_LINEAR_COUNTS_H

#include "byte_rows.h"
#include "linear_shape.h"

/* The sums of four outputs. */
SNNRT_KERNEL void snnrt_counts_quad(const int16_t *values,
                                    const int32_t *weights, int32_t inputs,
                                    int32_t *sums) {
  const int16_t *const end = values + inputs;
  int32_t a = 0, b = 0, c = 0, d = 0;
  /* Where inputs are few, compilers would keep all of them for the next outputs,
     in more registers than there are. */
  SNNRT_OPAQUE(values);
  for (; values != end; ++values) {
    const uint32_t word = (uint32_t)*weights++;
    const uint32_t even = snnrt_sxtb16(word), odd = snnrt_sxtb16(word >> 8);
    a = snnrt_smlabb(even, *values, a);
    b = snnrt_smlatb(even, *values, b);
    c = snnrt_smlabb(odd, *values, c);
    d = snnrt_smlatb(odd, *values, d);
  }
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}

/* Defines snnrt_linear_counts_<current>: current[o] = sum over i of
   values[i] * weights[i][o]. */
#define SNNRT_LINEAR_COUNTS(name, type)                                       \
  SNNRT_KERNEL void snnrt_linear_counts_##name(                               \
      const int16_t *values, const int32_t *weights, type *current,           \
      const snnrt_linear_shape *shape) {                                      \
    const int32_t rest = shape->outputs % SNNRT_QUAD_LANES;                   \
    const type *const end = current + (shape->outputs - rest);                \
    int32_t sums[SNNRT_QUAD_LANES];                                           \
    while (current != end) {                                                  \
      snnrt_counts_quad(values, weights, shape->inputs, sums);                \
      weights += shape->inputs;                                               \
      for (int32_t n = 0; n < SNNRT_QUAD_LANES; ++n) {                        \
        *current++ = (type)sums[n];                                           \
      }                                                                       \
    }                                                                         \
    if (rest > 0) {                                                           \
      snnrt_counts_quad(values, weights, shape->inputs, sums);                \
      for (int32_t n = 0; n < rest; ++n) {                                    \
        current[n] = (type)sums[n];                                           \
      }                                                                       \
    }                                                                         \
  }

SNNRT_LINEAR_COUNTS(s16, int16_t)
SNNRT_LINEAR_COUNTS(s32, int32_t)

#endif
