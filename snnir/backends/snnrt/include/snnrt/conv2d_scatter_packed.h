/* Event-driven two-dimensional convolutions with weights of 4 or 2 bits.

   As conv2d_scatter.h, but
   weights: int32[input_channels][kernel_height][kernel_width][words] with the
     columns of the kernel in reverse: the output_channels / groups weights of a
     position in ceil(outputs / 8) words of 4-bit weights from -8 to 7, or
     ceil(outputs / 16) words of 2-bit weights from -1 to 1, in the order of
     packed4_rows.h and packed2_rows.h, the same for both types of current;
     fields without an output are ignored;
   values: int8 HWC inputs; without them every listed input counts once. */
#ifndef SNNRT_CONV2D_SCATTER_PACKED_H
#define SNNRT_CONV2D_SCATTER_PACKED_H

#include "conv2d_scatter.h"

/* Defines the four kernels of one width: current += kernel of every listed
   input, and the same times values[list[i]]. */
#define SNNRT_CONV2D_SCATTER_PACKED(name, bits)                              \
  SNNRT_KERNEL void snnrt_conv2d_scatter_##name##_s16(                       \
      const uint16_t *list, uint32_t count, const int32_t *weights,          \
      int16_t *current, const snnrt_conv2d_shape *shape) {                   \
    const snnrt_conv_operands operands = {                                   \
        NULL, (const int8_t *)(const void *)weights, current, NULL, bits};   \
    snnrt_conv2d_scatter_best(list, count, &operands, shape);                \
  }                                                                          \
  SNNRT_KERNEL void snnrt_conv2d_scatter_##name##_s32(                       \
      const uint16_t *list, uint32_t count, const int32_t *weights,          \
      int32_t *current, const snnrt_conv2d_shape *shape) {                   \
    const snnrt_conv_operands operands = {                                   \
        NULL, (const int8_t *)(const void *)weights, NULL, current, bits};   \
    snnrt_conv2d_scatter_best(list, count, &operands, shape);                \
  }                                                                          \
  SNNRT_KERNEL void snnrt_conv2d_scatter_##name##_values_s16(                \
      const uint16_t *list, uint32_t count, const int8_t *values,            \
      const int32_t *weights, int16_t *current,                              \
      const snnrt_conv2d_shape *shape) {                                     \
    const snnrt_conv_operands operands = {                                   \
        values, (const int8_t *)(const void *)weights, current, NULL, bits}; \
    snnrt_conv2d_scatter_best(list, count, &operands, shape);                \
  }                                                                          \
  SNNRT_KERNEL void snnrt_conv2d_scatter_##name##_values_s32(                \
      const uint16_t *list, uint32_t count, const int8_t *values,            \
      const int32_t *weights, int32_t *current,                              \
      const snnrt_conv2d_shape *shape) {                                     \
    const snnrt_conv_operands operands = {                                   \
        values, (const int8_t *)(const void *)weights, NULL, current, bits}; \
    snnrt_conv2d_scatter_best(list, count, &operands, shape);                \
  }

SNNRT_CONV2D_SCATTER_PACKED(packed4, 4)
SNNRT_CONV2D_SCATTER_PACKED(packed2, 2)

#undef SNNRT_CONV2D_SCATTER_PACKED

#endif
