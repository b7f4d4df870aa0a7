/* Conversions between data layouts and element types. */
#ifndef SNNRT_LAYOUT_H
#define SNNRT_LAYOUT_H

#include "conv2d_shape.h"
#include "fill.h"
#include "packed.h"

/* Reorders a frame of unsigned bytes from CHW to HWC.

   frame_chw: uint8[channels][positions]; out_hwc: int8[positions][channels],
   aligned to 4 bytes; maximum <= 127. Returns false if a value exceeds `maximum`; `out_hwc` is
   then incomplete. */
SNNRT_KERNEL bool snnrt_frame_to_hwc_u8(const uint8_t *frame_chw,
                                        int8_t *out_hwc, int32_t channels,
                                        int32_t positions, uint8_t maximum) {
  snnrt_fill_zero(out_hwc, (uint32_t)(channels * positions));
  for (int32_t c = 0; c < channels; ++c) {
    int32_t position = 0;
    while (position < positions) {
      /* Most frames are nearly empty: 8 zeros at a time. */
      const bool full = position + 8 <= positions;
      if (full && (snnrt_load32(frame_chw + position) |
                   snnrt_load32(frame_chw + position + 4)) == 0) {
        position += 8;
        continue;
      }
      const int32_t end = full ? position + 8 : positions;
      for (; position < end; ++position) {
        const uint8_t value = frame_chw[position];
        if (value > maximum) {
          return false;
        }
        if (value != 0) {
          out_hwc[position * channels + c] = (int8_t)value;
        }
      }
    }
    frame_chw += positions;
  }
  return true;
}

/* Turns a list of events into counts.

   indices_chw: uint16[n], flat CHW indices in any order; an index that occurs
   k times counts k. out_hwc: int8[positions][channels], aligned to 4 bytes,
   cleared first; maximum <= 127. Returns false if an index is out of range or a count would
   exceed `maximum`; `out_hwc` is then incomplete. */
SNNRT_KERNEL bool snnrt_events_to_hwc(const uint16_t *indices_chw, uint32_t n,
                                      int8_t *out_hwc, int32_t channels,
                                      int32_t positions, uint8_t maximum) {
  snnrt_fill_zero(out_hwc, (uint32_t)(channels * positions));
  for (uint32_t i = 0; i < n; ++i) {
    const int32_t channel = indices_chw[i] / positions;
    const int32_t position = indices_chw[i] % positions;
    if (channel >= channels) {
      return false;
    }
    int8_t *const element = out_hwc + position * channels + channel;
    if (*element >= (int32_t)maximum) {
      return false;
    }
    *element = (int8_t)(*element + 1);
  }
  return true;
}

/* Whether n values lie between -maximum and maximum <= 127. */
SNNRT_KERNEL bool snnrt_are_within(const int8_t *values, int32_t n,
                                   int32_t maximum) {
  uint32_t outside = 0;
  int32_t i = 0;
  if (SNNRT_PACKED) {
    /* As unsigned bytes, with 128 added. */
    const uint32_t least = 0x01010101u * (uint32_t)(128 - maximum);
    const uint32_t most = 0x01010101u * (uint32_t)(128 + maximum);
    for (; i + 4 <= n; i += 4) {
      const uint32_t bytes = snnrt_load32(values + i) ^ 0x80808080u;
      outside |= snnrt_uqsub8(least, bytes);
      if (maximum < 127) {
        outside |= snnrt_uqsub8(bytes, most);
      }
    }
  }
  for (; i < n; ++i) {
    outside |= (uint32_t)(values[i] < -maximum || values[i] > maximum);
  }
  return outside == 0;
}

/* Reorders int8[channels][positions] to int8[positions][channels]. Returns
   false, and writes nothing, if a value is not between -maximum and maximum. */
SNNRT_KERNEL bool snnrt_values_to_hwc_s8(const int8_t *chw, int8_t *out_hwc,
                                         int32_t channels, int32_t positions,
                                         int32_t maximum) {
  if (!snnrt_are_within(chw, channels * positions, maximum)) {
    return false;
  }
  for (int32_t c = 0; c < channels; ++c) {
    for (int32_t position = 0; position < positions; ++position) {
      out_hwc[position * channels + c] = *chw++;
    }
  }
  return true;
}

/* out[i] = in[i] for i < n. */
SNNRT_KERNEL void snnrt_widen_s8_s16(const int8_t *in, int16_t *out,
                                     int32_t n) {
  for (int32_t i = 0; i < n; ++i) {
    out[i] = in[i];
  }
}

/* Gathers the input patches of one output row (groups must be 1).

   input: int8[input_height][input_width][input_channels];
   columns: int8[output_width][kernel_height][kernel_width][input_channels];
   padded positions are 0. */
SNNRT_KERNEL void snnrt_im2col_s8(const int8_t *input, int8_t *columns,
                                  const snnrt_conv2d_shape *shape,
                                  int32_t output_row) {
  const size_t bytes = (size_t)shape->input_channels;
  const int32_t top = output_row * shape->stride_height - shape->padding_top;
  for (int32_t output = 0; output < shape->output_width; ++output) {
    const int32_t left = output * shape->stride_width - shape->padding_left;
    for (int32_t ky = 0; ky < shape->kernel_height; ++ky) {
      const int32_t y = top + ky * shape->dilation_height;
      for (int32_t kx = 0; kx < shape->kernel_width; ++kx) {
        const int32_t x = left + kx * shape->dilation_width;
        const bool inside = y >= 0 && y < shape->input_height && x >= 0 &&
                            x < shape->input_width;
        if (inside) {
          memcpy(columns,
                 input + (y * shape->input_width + x) * shape->input_channels,
                 bytes);
        } else {
          memset(columns, 0, bytes);
        }
        columns += bytes;
      }
    }
  }
}

/* The patches of the whole image, row after row of the output. */
SNNRT_KERNEL void snnrt_im2col_image_s8(const int8_t *input, int8_t *columns,
                                        const snnrt_conv2d_shape *shape) {
  const int32_t row_bytes = shape->output_width * shape->kernel_height *
                            shape->kernel_width * shape->input_channels;
  for (int32_t row = 0; row < shape->output_height; ++row) {
    snnrt_im2col_s8(input, columns, shape, row);
    columns += row_bytes;
  }
}

#endif
