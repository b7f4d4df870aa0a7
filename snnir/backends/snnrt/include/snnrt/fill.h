/* Clearing buffers. */
#ifndef SNNRT_FILL_H
#define SNNRT_FILL_H

#include "packed.h"

#if SNNRT_DSP && defined(__OPTIMIZE__)

/* Bytes from which on eight registers are worth clearing. */
#define SNNRT_LONG_FILL 64u

/* Clears `bytes`, a positive multiple of 32; returns what follows them. An odd
   multiple begins in the middle of the loop. */
SNNRT_KERNEL uint8_t *snnrt_fill_eights(uint8_t *out, uint32_t bytes) {
  const uint8_t *const end = out + bytes;
  __asm__ volatile(
      "sub r0, %[end], %[out]\n\tlsls r0, r0, #26\n\t"
      "mov r0, #0\n\tmov r1, #0\n\tmov r2, #0\n\tmov r3, #0\n\t"
      "mov r5, #0\n\tmov r6, #0\n\tmov r8, #0\n\tmov r9, #0\n\t"
      "bmi 2f\n"
      "1:\n\t"
      "stmia %[out]!, {r0, r1, r2, r3, r5, r6, r8, r9}\n"
      "2:\n\t"
      "stmia %[out]!, {r0, r1, r2, r3, r5, r6, r8, r9}\n\t"
      "cmp %[out], %[end]\n\t"
      "bne 1b"
      : [out] "+r"(out)
      : [end] "r"(end)
      : "r0", "r1", "r2", "r3", "r5", "r6", "r8", "r9", "cc", "memory");
  return out;
}

/* Clears 16 bytes; returns what follows them. */
SNNRT_KERNEL uint8_t *snnrt_fill_four(uint8_t *out) {
  snnrt_store32(out, 0);
  snnrt_store32(out + 4, 0);
  snnrt_store32(out + 8, 0);
  snnrt_store32(out + 12, 0);
  return out + 16;
}

/* Sets `bytes` bytes at `buffer`, aligned to 4 bytes, to zero. A loop of single
   stores would become a call of `memset`, and that takes four times as long. */
SNNRT_KERNEL void snnrt_fill_zero(void *buffer, uint32_t bytes) {
  uint8_t *out = (uint8_t *)buffer;
  if (bytes >= SNNRT_LONG_FILL) {
    out = snnrt_fill_eights(out, bytes & ~31u);
  } else if ((bytes & 32u) != 0) {
    out = snnrt_fill_four(snnrt_fill_four(out));
  }
  if ((bytes & 16u) != 0) {
    out = snnrt_fill_four(out);
  }
  if ((bytes & 8u) != 0) {
    snnrt_store32(out, 0);
    snnrt_store32(out + 4, 0);
    out += 8;
  }
  if ((bytes & 4u) != 0) {
    snnrt_store32(out, 0);
    out += 4;
  }
  if ((bytes & 2u) != 0) {
    snnrt_store16(out, 0);
    out += 2;
  }
  if ((bytes & 1u) != 0) {
    *out = 0;
  }
}

#else

/* Sets `bytes` bytes at `buffer`, aligned to 4 bytes, to zero. */
SNNRT_KERNEL void snnrt_fill_zero(void *buffer, uint32_t bytes) {
  memset(buffer, 0, bytes);
}

#endif

/* Fills `rows` rows of `bytes` bytes each with copies of one. */
SNNRT_KERNEL void snnrt_fill_rows(void *buffer, int32_t rows, const void *row,
                                  uint32_t bytes) {
  uint8_t *out = (uint8_t *)buffer;
  for (int32_t i = 0; i < rows; ++i, out += bytes) {
    memcpy(out, row, bytes);
  }
}

#endif
