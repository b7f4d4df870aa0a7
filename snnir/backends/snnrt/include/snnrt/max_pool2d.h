/* Two-dimensional maximum pooling.

   input: [input_height][input_width][channels], output:
   [output_height][output_width][channels] of the same type. Padded positions
   never win; every window contains at least one real element. On 0/1 spikes
   the maximum is their disjunction. Without padding `output` may be `input`:
   no window begins before its output. */
#ifndef SNNRT_MAX_POOL2D_H
#define SNNRT_MAX_POOL2D_H

#include "packed.h"
#include "pool2d_shape.h"

/* Defines snnrt_max_pool_window_<name>: the maximum over a window, channels
   first_channel .. channels - 1, one channel at a time. */
#define SNNRT_DEFINE_MAX_POOL_WINDOW(name, type)                              \
  SNNRT_KERNEL void snnrt_max_pool_window_##name(                             \
      const type *input, type *output, snnrt_pool_window window,              \
      int32_t first_channel, const snnrt_pool2d_shape *shape) {               \
    for (int32_t c = first_channel; c < shape->channels; ++c) {               \
      type maximum = input[(window.row_begin * shape->input_width +           \
                            window.column_begin) *                            \
                               shape->channels +                              \
                           c];                                                \
      for (int32_t y = window.row_begin; y < window.row_end; ++y) {           \
        for (int32_t x = window.column_begin; x < window.column_end; ++x) {   \
          const type element =                                                \
              input[(y * shape->input_width + x) * shape->channels + c];      \
          maximum = element > maximum ? element : maximum;                    \
        }                                                                     \
      }                                                                       \
      output[c] = maximum;                                                    \
    }                                                                         \
  }

SNNRT_DEFINE_MAX_POOL_WINDOW(s8, int8_t)
SNNRT_DEFINE_MAX_POOL_WINDOW(s16, int16_t)
SNNRT_DEFINE_MAX_POOL_WINDOW(s32, int32_t)

/* Maximum over a window of the packed word at `input` + an offset that is the
   same for all elements; `bytes` is the size of one position, and `lanes` the
   number of lanes in a word (2 or 4). */
SNNRT_KERNEL uint32_t snnrt_max_pool_word(const uint8_t *input,
                                          snnrt_pool_window window,
                                          int32_t width, int32_t bytes,
                                          int32_t lanes) {
  uint32_t maximum = snnrt_load32(
      input + (window.row_begin * width + window.column_begin) * bytes);
  SNNRT_UNROLL_WINDOW
  for (int32_t y = window.row_begin; y < window.row_end; ++y) {
    SNNRT_UNROLL_WINDOW
    for (int32_t x = window.column_begin; x < window.column_end; ++x) {
      const uint32_t word = snnrt_load32(input + (y * width + x) * bytes);
      maximum = lanes == 4 ? snnrt_max8(maximum, word)
                           : snnrt_max16(maximum, word);
    }
  }
  return maximum;
}

/* Maximum over a window for all complete words of channels; returns the number
   of channels done. `size` is the element size in bytes (1 or 2). */
SNNRT_KERNEL int32_t snnrt_max_pool_words(const void *input, void *output,
                                          snnrt_pool_window window,
                                          int32_t size,
                                          const snnrt_pool2d_shape *shape) {
  const int32_t lanes = 4 / size;
  int32_t c = 0;
  for (; c + lanes <= shape->channels; c += lanes) {
    const uint32_t maximum = snnrt_max_pool_word(
        (const uint8_t *)input + c * size, window, shape->input_width,
        shape->channels * size, lanes);
    snnrt_store32((uint8_t *)output + c * size, maximum);
  }
  return c;
}

/* Defines snnrt_max_pool2d_<name>: maxima of elements of `packed_size` bytes, as
   many channels at a time as a word holds, or one by one where that is 0. */
#define SNNRT_DEFINE_MAX_POOL(name, type, packed_size)                        \
  SNNRT_KERNEL void snnrt_max_pool_at_##name(                                 \
      const type *input, type *output, snnrt_pool_window window,              \
      const snnrt_pool2d_shape *shape) {                                      \
    const int32_t done = SNNRT_PACKED && packed_size > 0                      \
                             ? snnrt_max_pool_words(input, output, window,    \
                                                    packed_size, shape)       \
                             : 0;                                             \
    snnrt_max_pool_window_##name(input, output, window, done, shape);         \
  }                                                                           \
  SNNRT_DEFINE_POOL2D(max_pool, name, type, type)

SNNRT_DEFINE_MAX_POOL(s8, int8_t, 1)
SNNRT_DEFINE_MAX_POOL(s16, int16_t, 2)
SNNRT_DEFINE_MAX_POOL(s32, int32_t, 0)

#endif
