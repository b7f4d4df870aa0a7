/* Clearing buffers. */
#ifndef SNNRT_FILL_H
#define SNNRT_FILL_H

#include "snnrt/base.h"

/* Sets `bytes` bytes at `buffer` to zero. */
SNNRT_KERNEL void snnrt_fill_zero(void *buffer, uint32_t bytes) {
  memset(buffer, 0, bytes);
}

/* Fills `rows` rows of `bytes` bytes each with copies of one. */
SNNRT_KERNEL void snnrt_fill_rows(void *buffer, int32_t rows, const void *row,
                                  uint32_t bytes) {
  uint8_t *out = (uint8_t *)buffer;
  for (int32_t i = 0; i < rows; ++i, out += bytes) {
    memcpy(out, row, bytes);
  }
}

#endif
