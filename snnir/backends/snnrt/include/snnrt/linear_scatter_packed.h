/* Event-driven fully connected layers with weights of 4 or 2 bits.

   Every kernel ADDS to `current`; clear it first for a fresh sum.
   list: uint16[count], indices below shape->inputs;
   values: int8[inputs], any; without them every listed input counts once;
   weights: int32[inputs][ceil(outputs / 8)] of 4-bit weights from -8 to 7, or
     int32[inputs][ceil(outputs / 16)] of 2-bit weights from -1 to 1, in the
     order of packed4_rows.h and packed2_rows.h, the same for both types of
     current; fields without an output are ignored;
   current: [outputs]. The caller guarantees that no sum, in list order or any
   other, leaves the range of the accumulator. */
#ifndef SNNRT_LINEAR_SCATTER_PACKED_H
#define SNNRT_LINEAR_SCATTER_PACKED_H

#include "count_chunks.h"
#include "packed2_rows.h"
#include "packed4_rows.h"

/* How many words of `weights_per_word` weights hold a row. */
SNNRT_KERNEL uint32_t snnrt_packed_words(const snnrt_linear_shape *shape,
                                         int32_t weights_per_word) {
  return (uint32_t)((shape->outputs + weights_per_word - 1) / weights_per_word);
}

/* Defines the sums of one width over a list without and with values. */
#define SNNRT_LINEAR_PACKED(name, per_word)                                    \
  SNNRT_KERNEL void snnrt_linear_##name(                                       \
      const uint16_t *list, uint32_t count, const int32_t *weights,            \
      snnrt_current current, const snnrt_linear_shape *shape) {                \
    snnrt_##name##_rows(list, count, weights,                                  \
                        snnrt_packed_words(shape, per_word), current,          \
                        shape->outputs);                                       \
  }                                                                            \
  SNNRT_KERNEL void snnrt_linear_##name##_values(                              \
      const uint16_t *list, uint32_t count, const int8_t *values,              \
      const int32_t *weights, snnrt_current current,                           \
      const snnrt_linear_shape *shape) {                                       \
    const uint16_t *const end = list + count;                                  \
    snnrt_count_chunk chunk;                                                   \
    while (list != end) {                                                      \
      list = snnrt_fill_chunk(list, end, values, &chunk);                      \
      snnrt_linear_##name(chunk.repeated, chunk.repeated_size, weights,        \
                          current, shape);                                     \
      snnrt_##name##_rows_values(chunk.others, chunk.others_size, values,      \
                                 weights, snnrt_packed_words(shape, per_word), \
                                 current, shape->outputs);                     \
    }                                                                          \
  }

/* Defines the kernels of one width and type of currents: current[o] += sum over
   i of weights[list[i]][o], and the same times values[list[i]]. */
#define SNNRT_LINEAR_SCATTER_PACKED(name, suffix, type)                        \
  SNNRT_KERNEL void snnrt_linear_scatter_##name##_##suffix(                    \
      const uint16_t *list, uint32_t count, const int32_t *weights,            \
      type *current, const snnrt_linear_shape *shape) {                        \
    snnrt_linear_##name(list, count, weights, snnrt_current_##suffix(current), \
                        shape);                                                \
  }                                                                            \
  SNNRT_KERNEL void snnrt_linear_scatter_##name##_values_##suffix(             \
      const uint16_t *list, uint32_t count, const int8_t *values,              \
      const int32_t *weights, type *current,                                   \
      const snnrt_linear_shape *shape) {                                       \
    snnrt_linear_##name##_values(list, count, values, weights,                 \
                                 snnrt_current_##suffix(current), shape);      \
  }

SNNRT_LINEAR_PACKED(packed4, 8)
SNNRT_LINEAR_PACKED(packed2, 16)
SNNRT_LINEAR_SCATTER_PACKED(packed4, s16, int16_t)
SNNRT_LINEAR_SCATTER_PACKED(packed4, s32, int32_t)
SNNRT_LINEAR_SCATTER_PACKED(packed2, s16, int16_t)
SNNRT_LINEAR_SCATTER_PACKED(packed2, s32, int32_t)

#undef SNNRT_LINEAR_PACKED
#undef SNNRT_LINEAR_SCATTER_PACKED

#endif
