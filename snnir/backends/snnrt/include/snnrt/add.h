/* Element-wise addition. */
#ifndef SNNRT_ADD_H
#define SNNRT_ADD_H

#include "packed.h"

/* out[i] = a[i] + b[i] for i < n; the caller guarantees that every sum fits
   int8. `out` may be `a` or `b`. */
SNNRT_KERNEL void snnrt_add_s8(const int8_t *a, const int8_t *b, int8_t *out,
                               int32_t n) {
  int32_t i = 0;
  for (; SNNRT_PACKED && i + 4 <= n; i += 4) {
    snnrt_store32(out + i, snnrt_sadd8(snnrt_load32(a + i),
                                       snnrt_load32(b + i)));
  }
  for (; i < n; ++i) {
    out[i] = (int8_t)(a[i] + b[i]);
  }
}

/* out[i] = a[i] + b[i] for i < n; the caller guarantees that every sum fits
   int16. `out` may be `a` or `b`. */
SNNRT_KERNEL void snnrt_add_s16(const int16_t *a, const int16_t *b,
                                int16_t *out, int32_t n) {
  int32_t i = 0;
  for (; SNNRT_PACKED && i + 2 <= n; i += 2) {
    snnrt_store32(out + i, snnrt_sadd16(snnrt_load32(a + i),
                                        snnrt_load32(b + i)));
  }
  for (; i < n; ++i) {
    out[i] = (int16_t)(a[i] + b[i]);
  }
}

/* out[i] = a[i] + b[i] for i < n; the caller guarantees that every sum fits
   int32. `out` may be `a` or `b`. */
SNNRT_KERNEL void snnrt_add_s32(const int32_t *a, const int32_t *b,
                                int32_t *out, int32_t n) {
  for (int32_t i = 0; i < n; ++i) {
    out[i] = a[i] + b[i];
  }
}

#endif
