/* Shape of fully connected layers, and their currents as the kernels for
   compressed weights take them.

   Currents are aligned to 4 bytes. */
#ifndef SNNRT_LINEAR_SHAPE_H
#define SNNRT_LINEAR_SHAPE_H

#include "packed.h"

typedef struct snnrt_linear_shape {
  int32_t inputs, outputs;
} snnrt_linear_shape;

/* Currents of either type, which is known when a kernel is inlined. */
typedef struct snnrt_current {
  void *data;
  bool narrow; /* int16_t, else int32_t */
} snnrt_current;

SNNRT_KERNEL snnrt_current snnrt_current_s16(int16_t *data) {
  const snnrt_current current = {data, true};
  return current;
}

SNNRT_KERNEL snnrt_current snnrt_current_s32(int32_t *data) {
  const snnrt_current current = {data, false};
  return current;
}

/* The currents from `output` on. */
SNNRT_KERNEL snnrt_current snnrt_current_at(snnrt_current current,
                                            int32_t output) {
  return current.narrow ? snnrt_current_s16((int16_t *)current.data + output)
                        : snnrt_current_s32((int32_t *)current.data + output);
}

/* The current of one output, modulo 2^32. */
SNNRT_KERNEL uint32_t snnrt_current_get(snnrt_current current,
                                        uint32_t output) {
  return current.narrow ? (uint32_t)((const int16_t *)current.data)[output]
                        : (uint32_t)((const int32_t *)current.data)[output];
}

/* Stores the current of one output. */
SNNRT_KERNEL void snnrt_current_set(snnrt_current current, uint32_t output,
                                    uint32_t sum) {
  if (current.narrow) {
    ((int16_t *)current.data)[output] = (int16_t)sum;
  } else {
    ((int32_t *)current.data)[output] = (int32_t)sum;
  }
}

/* Adds the signed bytes of a word to 4 currents. The bytes belong to the
   outputs n, n+2, n+1, n+3. */
SNNRT_KERNEL void snnrt_add_bytes(uint32_t bytes, snnrt_current current) {
  if (current.narrow) {
    int16_t *const sum = (int16_t *)current.data;
    const uint32_t low = snnrt_load32(sum);
    const uint32_t high = snnrt_load32(sum + 2);
    snnrt_store32(sum, snnrt_sxtab16(low, bytes));
    snnrt_store32(sum + 2, snnrt_sxtab16_ror8(high, bytes));
  } else {
    int32_t *const sum = (int32_t *)current.data;
    sum[0] = (int32_t)snnrt_sxtab_byte0((uint32_t)sum[0], bytes);
    sum[1] = (int32_t)snnrt_sxtab_byte2((uint32_t)sum[1], bytes);
    sum[2] = (int32_t)snnrt_sxtab_byte1((uint32_t)sum[2], bytes);
    sum[3] = (int32_t)snnrt_sxtab_byte3((uint32_t)sum[3], bytes);
  }
}

/* Adds the signed bytes of two words to 8 currents; returns what follows them.
   In assembly because compilers do not know that the currents are aligned, and
   hold too many of them and of their addresses over a loop. */
SNNRT_KERNEL snnrt_current snnrt_add_two_words(uint32_t first, uint32_t second,
                                               snnrt_current current) {
#if SNNRT_DSP
  if (current.narrow) {
    uint32_t sum0, sum1, sum2, sum3;
    __asm__ volatile(
        "ldrd %[sum0], %[sum1], [%[current]]\n\t"
        "ldrd %[sum2], %[sum3], [%[current], #8]\n\t"
        "sxtab16 %[sum0], %[sum0], %[first]\n\t"
        "sxtab16 %[sum1], %[sum1], %[first], ror #8\n\t"
        "sxtab16 %[sum2], %[sum2], %[second]\n\t"
        "sxtab16 %[sum3], %[sum3], %[second], ror #8\n\t"
        "strd %[sum0], %[sum1], [%[current]], #8\n\t"
        "strd %[sum2], %[sum3], [%[current]], #8"
        : [current] "+r"(current.data), [sum0] "=&r"(sum0), [sum1] "=&r"(sum1),
          [sum2] "=&r"(sum2), [sum3] "=&r"(sum3)
        : [first] "r"(first), [second] "r"(second)
        : "memory");
    return current;
  }
#endif
  snnrt_add_bytes(first, current);
  snnrt_add_bytes(second, snnrt_current_at(current, 4));
  return snnrt_current_at(current, 8);
}

SNNRT_KERNEL void snnrt_add_to_current(snnrt_current current, uint32_t index,
                                       int32_t value) {
  const uint32_t sum = snnrt_current_get(current, index);
  snnrt_current_set(current, index, sum + (uint32_t)value);
}

/* As snnrt_add_bytes, but only the first `outputs` of the 4, which may be any
   number. */
SNNRT_KERNEL void snnrt_add_some_bytes(uint32_t bytes, snnrt_current current,
                                       int32_t outputs) {
  if (outputs >= 4) {
    snnrt_add_bytes(bytes, current);
    return;
  }
  /* At most three are left: outputs n, n+1 and n+2 are bytes 0, 2 and 1. */
  if (outputs > 0) {
    snnrt_add_to_current(current, 0, (int8_t)bytes);
  }
  if (outputs > 1) {
    snnrt_add_to_current(current, 1, (int8_t)(bytes >> 16));
  }
  if (outputs > 2) {
    snnrt_add_to_current(current, 2, (int8_t)(bytes >> 8));
  }
}

#endif
