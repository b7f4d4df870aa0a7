/* Two-dimensional sum pooling: average pooling whose division the compiler has
   moved into the following weights.

   input: [input_height][input_width][channels], output:
   [output_height][output_width][channels]. Each output is the exact sum of its
   window; padded positions count as 0. The caller guarantees that the sums fit
   the output type. Without padding, and where both types are the same, `output`
   may be `input`: no window begins before its output. */
#ifndef SNNRT_SUM_POOL2D_H
#define SNNRT_SUM_POOL2D_H

#include "packed.h"
#include "pool2d_shape.h"

/* Sum over a window of the packed word at `input` + an offset that is the same
   for all elements; parameters as in snnrt_max_pool_word. */
SNNRT_KERNEL uint32_t snnrt_sum_pool_word(const uint8_t *input,
                                          snnrt_pool_window window,
                                          int32_t width, int32_t bytes,
                                          int32_t lanes) {
  uint32_t sum = 0;
  SNNRT_UNROLL_WINDOW
  for (int32_t y = window.row_begin; y < window.row_end; ++y) {
    SNNRT_UNROLL_WINDOW
    for (int32_t x = window.column_begin; x < window.column_end; ++x) {
      const uint32_t word = snnrt_load32(input + (y * width + x) * bytes);
      sum = lanes == 4 ? snnrt_sadd8(sum, word) : snnrt_sadd16(sum, word);
    }
  }
  return sum;
}

/* Sums over a window for all complete words of channels; returns the number of
   channels done. `size` is the size in bytes of input and output elements. */
SNNRT_KERNEL int32_t snnrt_sum_pool_words(const void *input, void *output,
                                          snnrt_pool_window window,
                                          int32_t size,
                                          const snnrt_pool2d_shape *shape) {
  const int32_t lanes = 4 / size;
  int32_t c = 0;
  for (; c + lanes <= shape->channels; c += lanes) {
    const uint32_t sum = snnrt_sum_pool_word(
        (const uint8_t *)input + c * size, window, shape->input_width,
        shape->channels * size, lanes);
    snnrt_store32((uint8_t *)output + c * size, sum);
  }
  return c;
}

/* Defines snnrt_sum_pool2d_<name>: window sums from `input_type` to
   `output_type`. `packed_size` is the element size for packed sums, or 0 where
   input and output differ in size or do not fit a lane. */
#define SNNRT_DEFINE_SUM_POOL(name, input_type, output_type, packed_size)     \
  SNNRT_KERNEL void snnrt_sum_pool2d_##name(                                  \
      const input_type *input, output_type *output,                           \
      const snnrt_pool2d_shape *shape) {                                      \
    for (int32_t i = 0; i < shape->output_height * shape->output_width;       \
         ++i) {                                                               \
      const snnrt_pool_window window = snnrt_pool_window_at(                  \
          i / shape->output_width, i % shape->output_width, shape);           \
      int32_t c = SNNRT_PACKED && packed_size > 0                             \
                      ? snnrt_sum_pool_words(input, output, window,           \
                                             packed_size, shape)              \
                      : 0;                                                    \
      for (; c < shape->channels; ++c) {                                      \
        int32_t sum = 0;                                                      \
        for (int32_t y = window.row_begin; y < window.row_end; ++y) {         \
          for (int32_t x = window.column_begin; x < window.column_end; ++x) { \
            sum += input[(y * shape->input_width + x) * shape->channels + c]; \
          }                                                                   \
        }                                                                     \
        output[c] = (output_type)sum;                                         \
      }                                                                       \
      output += shape->channels;                                              \
    }                                                                         \
  }

SNNRT_DEFINE_SUM_POOL(s8_s8, int8_t, int8_t, 1)
SNNRT_DEFINE_SUM_POOL(s8_s16, int8_t, int16_t, 0)
SNNRT_DEFINE_SUM_POOL(s16_s16, int16_t, int16_t, 2)
SNNRT_DEFINE_SUM_POOL(s16_s32, int16_t, int32_t, 0)
SNNRT_DEFINE_SUM_POOL(s32_s32, int32_t, int32_t, 0)

#endif
