/* Clearing buffers. */
#ifndef SNNRT_FILL_H
#define SNNRT_FILL_H

#include "snnrt/base.h"

/* Sets `bytes` bytes at `buffer` to zero. */
SNNRT_KERNEL void snnrt_fill_zero(void *buffer, uint32_t bytes) {
  memset(buffer, 0, bytes);
}

#endif
