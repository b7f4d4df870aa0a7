/* Concatenation along the channel axis. */
#ifndef SNNRT_CONCAT_H
#define SNNRT_CONCAT_H

#include "base.h"

/* Interleaves byte rows: for each position `bytes_a` bytes of a, then
   `bytes_b` bytes of b. */
SNNRT_KERNEL void snnrt_concat_rows(const void *a, size_t bytes_a,
                                    const void *b, size_t bytes_b, void *out,
                                    int32_t positions) {
  const uint8_t *next_a = (const uint8_t *)a;
  const uint8_t *next_b = (const uint8_t *)b;
  uint8_t *next_out = (uint8_t *)out;
  for (int32_t position = 0; position < positions; ++position) {
    memcpy(next_out, next_a, bytes_a);
    memcpy(next_out + bytes_a, next_b, bytes_b);
    next_a += bytes_a;
    next_b += bytes_b;
    next_out += bytes_a + bytes_b;
  }
}

/* out[p] = a[p] followed by b[p]. a: int8[positions][channels_a],
   b: int8[positions][channels_b],
   out: int8[positions][channels_a + channels_b]. */
SNNRT_KERNEL void snnrt_concat_channels_s8(const int8_t *a, int32_t channels_a,
                                           const int8_t *b, int32_t channels_b,
                                           int8_t *out, int32_t positions) {
  snnrt_concat_rows(a, (size_t)channels_a * sizeof *a, b,
                    (size_t)channels_b * sizeof *b, out, positions);
}

/* As snnrt_concat_channels_s8 for int16. */
SNNRT_KERNEL void snnrt_concat_channels_s16(const int16_t *a,
                                            int32_t channels_a,
                                            const int16_t *b,
                                            int32_t channels_b, int16_t *out,
                                            int32_t positions) {
  snnrt_concat_rows(a, (size_t)channels_a * sizeof *a, b,
                    (size_t)channels_b * sizeof *b, out, positions);
}

/* As snnrt_concat_channels_s8 for int32. */
SNNRT_KERNEL void snnrt_concat_channels_s32(const int32_t *a,
                                            int32_t channels_a,
                                            const int32_t *b,
                                            int32_t channels_b, int32_t *out,
                                            int32_t positions) {
  snnrt_concat_rows(a, (size_t)channels_a * sizeof *a, b,
                    (size_t)channels_b * sizeof *b, out, positions);
}

#endif
