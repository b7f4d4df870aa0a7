/* Maximum pooling of spikes that are listed as masks (see spike_masks.h).

   A spike anywhere in a window is a spike of it: the masks of a window are those
   of its positions, combined by OR. Windows do not overlap. */
#ifndef SNNRT_MAX_POOL_MASKS_H
#define SNNRT_MAX_POOL_MASKS_H

#include "pool2d_shape.h"
#include "spike_masks.h"

/* Moves the masks that are not zero of a row of `width` windows to its begin,
   with their coordinates, and returns where they end. */
SNNRT_KERNEL uint32_t *snnrt_list_windows(uint32_t *windows, uint32_t y,
                                          int32_t width, int32_t masks) {
  uint32_t *out = windows;
  uint32_t site = y << 16;
  for (int32_t x = 0; x < width; ++x, ++site, windows += masks + 1) {
    uint32_t any = 0;
    SNNRT_UNROLL_WINDOW
    for (int32_t index = 0; index < masks; ++index) {
      any |= windows[index];
    }
    if (any == 0) {
      continue;
    }
    SNNRT_UNROLL_WINDOW
    for (int32_t index = 0; index < masks; ++index) {
      out[index] = windows[index];
    }
    out[masks] = site;
    out += masks + 1;
  }
  return out;
}

/* Lists the windows with a spike and returns their number.

   entries: mask list of `count` positions, row after row, in any order within a
     row; rows and columns behind the last window are left out;
   pooled: room for all windows; what the list leaves of it has any value.
   Kernel and stride of the shape are equal, there is no padding, and `channels`
   are the lanes of the masks. */
SNNRT_KERNEL uint32_t snnrt_max_pool_masks(const uint32_t *entries,
                                           uint32_t count, uint32_t *pooled,
                                           const snnrt_pool2d_shape *shape) {
  const int32_t masks = snnrt_masks_of(shape->channels);
  const uint32_t height = (uint32_t)shape->kernel_height;
  const uint32_t width = (uint32_t)shape->kernel_width;
  const uint32_t columns = (uint32_t)shape->output_width;
  const uint32_t row_bytes = columns * (uint32_t)(masks + 1) * sizeof *pooled;
  const uint32_t *const end = entries + count * (uint32_t)(masks + 1);
  uint32_t *out = pooled;
  while (entries != end) {
    const uint32_t y = (entries[masks] >> 16) / height;
    if (y >= (uint32_t)shape->output_height) {
      break;
    }
    const uint32_t limit = (y + 1) * height << 16;
    snnrt_fill_zero(out, row_bytes);
    do {
      const uint32_t x = (entries[masks] & 0xFFFFu) / width;
      if (x < columns) {
        uint32_t *const window = out + x * (uint32_t)(masks + 1);
        SNNRT_UNROLL_WINDOW
        for (int32_t index = 0; index < masks; ++index) {
          window[index] |= entries[index];
        }
      }
      entries += masks + 1;
    } while (entries != end && entries[masks] < limit);
    out = snnrt_list_windows(out, y, (int32_t)columns, masks);
  }
  return (uint32_t)(out - pooled) / (uint32_t)(masks + 1);
}

#endif
