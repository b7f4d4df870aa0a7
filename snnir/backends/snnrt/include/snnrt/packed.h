/* Packed arithmetic on the 8- and 16-bit lanes of a 32-bit word.

   Lane 0 is the least significant one. With the Armv7E-M DSP extension each
   function is one instruction (two for the selects); elsewhere portable C
   gives the same bits. Inline assembly is used instead of ACLE intrinsics
   because compilers do not fold the rotation of SXTAB16 and SXTAB, and because
   a compare and its select must stay together around the GE flags. */
#ifndef SNNRT_PACKED_H
#define SNNRT_PACKED_H

#include "base.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "snnrt packs lanes in little-endian order"
#endif

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__GNUC__)
#define SNNRT_DSP 1
#else
#define SNNRT_DSP 0
#endif

/* Word at any byte address. memcpy keeps unaligned access and aliasing
   defined; compilers emit one load. */
SNNRT_KERNEL uint32_t snnrt_load32(const void *address) {
  uint32_t word;
  memcpy(&word, address, sizeof word);
  return word;
}

/* Two neighbours of an array. */
typedef struct snnrt_two {
  int32_t first, second;
} snnrt_two;

/* The next two integers; the pointer advances. In assembly because compilers
   would compute addresses of their own and, from several calls, load everything
   first and run out of registers. */
SNNRT_KERNEL snnrt_two snnrt_next_two(const int32_t **values) {
  snnrt_two two;
#if SNNRT_DSP
  __asm__ volatile("ldrd %0, %1, [%2], #8"
                   : "=r"(two.first), "=r"(two.second), "+r"(*values)
                   :
                   : "memory");
#else
  memcpy(&two, *values, sizeof two);
  *values += 2;
#endif
  return two;
}

/* Half a word at any byte address, zero-extended. */
SNNRT_KERNEL uint32_t snnrt_load16(const void *address) {
  uint16_t half;
  memcpy(&half, address, sizeof half);
  return half;
}

/* Whether 16 bytes are all zero. */
SNNRT_KERNEL bool snnrt_are_zero16(const uint8_t *bytes) {
  return (snnrt_load32(bytes) | snnrt_load32(bytes + 4) |
          snnrt_load32(bytes + 8) | snnrt_load32(bytes + 12)) == 0;
}

/* Advances `bytes` behind the next 16 that are not all zero and returns true, or
   to `end`. bytes: aligned to 4 bytes; their number is a multiple of 16. A loop
   in assembly because compilers load words one by one. */
SNNRT_KERNEL bool snnrt_pass_zeros(const uint8_t **bytes, const uint8_t *end) {
#if SNNRT_DSP
  const uint8_t *next = *bytes;
  uint32_t any;
  __asm__ volatile(
      "mov %1, #0\n\t"
      "b 2f\n"
      "1:\n\t"
      "ldmia %0!, {r3, r4, r5, r6}\n\t"
      "orr r3, r3, r4\n\t"
      "orr r5, r5, r6\n\t"
      "orrs %1, r3, r5\n\t"
      "bne 3f\n"
      "2:\n\t"
      "cmp %0, %2\n\t"
      "bne 1b\n"
      "3:"
      : "+&r"(next), "=&r"(any)
      : "r"(end)
      : "r3", "r4", "r5", "r6", "cc", "memory");
  *bytes = next;
  return any != 0;
#else
  while (*bytes != end) {
    *bytes += 16;
    if (!snnrt_are_zero16(*bytes - 16)) {
      return true;
    }
  }
  return false;
#endif
}

/* Index of the lowest bit of a word that is not 0. */
SNNRT_KERNEL int32_t snnrt_lowest_bit(uint32_t word) {
#if defined(__GNUC__)
  return __builtin_ctz(word);
#else
  int32_t bit = 0;
  while ((word >> bit & 1u) == 0) {
    ++bit;
  }
  return bit;
#endif
}

/* Stores a word at any byte address. */
SNNRT_KERNEL void snnrt_store32(void *address, uint32_t word) {
  memcpy(address, &word, sizeof word);
}

/* Stores the low half of `word` at any byte address. */
SNNRT_KERNEL void snnrt_store16(void *address, uint32_t word) {
  const uint16_t half = (uint16_t)word;
  memcpy(address, &half, sizeof half);
}

/* The 16-bit lanes (low, high), each taken modulo 2^16. */
SNNRT_KERNEL uint32_t snnrt_pack16(int32_t low, int32_t high) {
  return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}

/* Sign-extended lane 0 of two 16-bit lanes. */
SNNRT_KERNEL int32_t snnrt_low16(uint32_t word) { return (int16_t)word; }

/* Sign-extended lane 1 of two 16-bit lanes. */
SNNRT_KERNEL int32_t snnrt_high16(uint32_t word) {
  return (int32_t)word >> 16;
}

#if SNNRT_DSP

/* 16-bit lanes: sum + sign-extended bytes (0, 2) of `bytes`, modulo 2^16. */
SNNRT_KERNEL uint32_t snnrt_sxtab16(uint32_t sum, uint32_t bytes) {
  uint32_t result;
  __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(sum), "r"(bytes));
  return result;
}

/* 16-bit lanes: sum + sign-extended bytes (1, 3) of `bytes`, modulo 2^16. */
SNNRT_KERNEL uint32_t snnrt_sxtab16_ror8(uint32_t sum, uint32_t bytes) {
  uint32_t result;
  __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(sum), "r"(bytes));
  return result;
}

/* 16-bit lanes: sign-extended bytes (0, 2) of `bytes`. */
SNNRT_KERNEL uint32_t snnrt_sxtb16(uint32_t bytes) {
  uint32_t result;
  __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(bytes));
  return result;
}

/* sum + sign-extended byte 0 of `bytes`, modulo 2^32. */
SNNRT_KERNEL uint32_t snnrt_sxtab_byte0(uint32_t sum, uint32_t bytes) {
  uint32_t result;
  __asm__("sxtab %0, %1, %2" : "=r"(result) : "r"(sum), "r"(bytes));
  return result;
}

/* sum + sign-extended byte 1 of `bytes`, modulo 2^32. */
SNNRT_KERNEL uint32_t snnrt_sxtab_byte1(uint32_t sum, uint32_t bytes) {
  uint32_t result;
  __asm__("sxtab %0, %1, %2, ror #8" : "=r"(result) : "r"(sum), "r"(bytes));
  return result;
}

/* sum + sign-extended byte 2 of `bytes`, modulo 2^32. */
SNNRT_KERNEL uint32_t snnrt_sxtab_byte2(uint32_t sum, uint32_t bytes) {
  uint32_t result;
  __asm__("sxtab %0, %1, %2, ror #16" : "=r"(result) : "r"(sum), "r"(bytes));
  return result;
}

/* The 16-bit lanes (high half of low, high half of high). */
SNNRT_KERNEL uint32_t snnrt_pack_high16(int32_t low, int32_t high) {
  uint32_t result;
  __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(high), "r"(low));
  return result;
}

/* The 16-bit lanes (low half of low, high half of high). */
SNNRT_KERNEL uint32_t snnrt_join16(int32_t low, int32_t high) {
  uint32_t result;
  __asm__("pkhbt %0, %1, %2" : "=r"(result) : "r"(low), "r"(high));
  return result;
}

/* Bytes (1, 2) of low and of high, in this order. */
SNNRT_KERNEL uint32_t snnrt_pack_middle8(uint32_t low, uint32_t high) {
  uint32_t result;
  __asm__("pkhtb %0, %1, %2, asr #8" : "=r"(result) : "r"(high << 8), "r"(low));
  return result;
}

/* sum + lane 0 of `lanes` * low half of `factor`, modulo 2^32. */
SNNRT_KERNEL int32_t snnrt_smlabb(uint32_t lanes, int32_t factor, int32_t sum) {
  int32_t result;
  __asm__("smlabb %0, %1, %2, %3"
          : "=r"(result)
          : "r"(lanes), "r"(factor), "r"(sum));
  return result;
}

/* sum + lane 1 of `lanes` * low half of `factor`, modulo 2^32. */
SNNRT_KERNEL int32_t snnrt_smlatb(uint32_t lanes, int32_t factor, int32_t sum) {
  int32_t result;
  __asm__("smlatb %0, %1, %2, %3"
          : "=r"(result)
          : "r"(lanes), "r"(factor), "r"(sum));
  return result;
}

/* sum + the products of lanes 0 and of lanes 1, modulo 2^32. */
SNNRT_KERNEL uint32_t snnrt_smlad(uint32_t a, uint32_t b, uint32_t sum) {
  uint32_t result;
  __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  return result;
}

/* sum + floor(a * b / 2^32), modulo 2^32. */
SNNRT_KERNEL int32_t snnrt_smmla(int32_t a, int32_t b, int32_t sum) {
  int32_t result;
  __asm__("smmla %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  return result;
}

/* sum + floor((a * b + 2^31) / 2^32), modulo 2^32. */
SNNRT_KERNEL int32_t snnrt_smmlar(int32_t a, int32_t b, int32_t sum) {
  int32_t result;
  __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  return result;
}

/* a + b, saturated. */
SNNRT_KERNEL int32_t snnrt_qadd(int32_t a, int32_t b) {
  int32_t result;
  __asm__("qadd %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

/* a - b, saturated. */
SNNRT_KERNEL int32_t snnrt_qsub(int32_t a, int32_t b) {
  int32_t result;
  __asm__("qsub %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

/* 16-bit lanes: a + b modulo 2^16. */
SNNRT_KERNEL uint32_t snnrt_sadd16(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("sadd16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

/* 16-bit lanes: a - b modulo 2^16. */
SNNRT_KERNEL uint32_t snnrt_ssub16(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("ssub16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

/* 16-bit lanes: (a + b) >> 1 of the exact signed sum. */
SNNRT_KERNEL uint32_t snnrt_shadd16(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("shadd16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

/* 16-bit lanes: signed a >= b ? chosen : other. Exact for every operand, since
   SSUB16 sets the GE flags from the full-width difference. */
SNNRT_KERNEL uint32_t snnrt_select_ge16(uint32_t a, uint32_t b,
                                        uint32_t chosen, uint32_t other) {
  uint32_t result;
  __asm__("ssub16 %0, %1, %2\n\tsel %0, %3, %4"
          : "=&r"(result)
          : "r"(a), "r"(b), "r"(chosen), "r"(other));
  return result;
}

/* 8-bit lanes: a + b modulo 2^8. */
SNNRT_KERNEL uint32_t snnrt_sadd8(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("sadd8 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

/* sum + the four unsigned bytes of `bytes`, modulo 2^32. */
SNNRT_KERNEL uint32_t snnrt_usada8(uint32_t sum, uint32_t bytes) {
  uint32_t result;
  __asm__("usada8 %0, %1, %2, %3"
          : "=r"(result)
          : "r"(bytes), "r"(0), "r"(sum));
  return result;
}

/* 8-bit lanes: unsigned a - b, or 0 if that is negative. */
SNNRT_KERNEL uint32_t snnrt_uqsub8(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("uqsub8 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

/* 8-bit lanes: a - b modulo 2^8. */
SNNRT_KERNEL uint32_t snnrt_ssub8(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("ssub8 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

/* 8-bit lanes: maximum of the signed a and b. */
SNNRT_KERNEL uint32_t snnrt_max8(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2"
          : "=&r"(result)
          : "r"(a), "r"(b));
  return result;
}

#else

SNNRT_KERNEL uint32_t snnrt_sxtab16(uint32_t sum, uint32_t bytes) {
  return snnrt_pack16(snnrt_low16(sum) + (int8_t)bytes,
                      snnrt_high16(sum) + (int8_t)(bytes >> 16));
}

SNNRT_KERNEL uint32_t snnrt_sxtab16_ror8(uint32_t sum, uint32_t bytes) {
  return snnrt_sxtab16(sum, bytes >> 8);
}

SNNRT_KERNEL uint32_t snnrt_sxtb16(uint32_t bytes) {
  return snnrt_pack16((int8_t)bytes, (int8_t)(bytes >> 16));
}

SNNRT_KERNEL uint32_t snnrt_sxtab_byte0(uint32_t sum, uint32_t bytes) {
  const int32_t byte = (int8_t)bytes;
  return sum + (uint32_t)byte;
}

SNNRT_KERNEL uint32_t snnrt_sxtab_byte1(uint32_t sum, uint32_t bytes) {
  const int32_t byte = (int8_t)(bytes >> 8);
  return sum + (uint32_t)byte;
}

SNNRT_KERNEL uint32_t snnrt_sxtab_byte2(uint32_t sum, uint32_t bytes) {
  const int32_t byte = (int8_t)(bytes >> 16);
  return sum + (uint32_t)byte;
}

SNNRT_KERNEL uint32_t snnrt_pack_high16(int32_t low, int32_t high) {
  return ((uint32_t)low >> 16) | ((uint32_t)high & 0xFFFF0000u);
}

SNNRT_KERNEL uint32_t snnrt_join16(int32_t low, int32_t high) {
  return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high & 0xFFFF0000u);
}

SNNRT_KERNEL uint32_t snnrt_pack_middle8(uint32_t low, uint32_t high) {
  return ((low >> 8) & 0xFFFFu) | ((high << 8) & 0xFFFF0000u);
}

SNNRT_KERNEL int32_t snnrt_smlabb(uint32_t lanes, int32_t factor, int32_t sum) {
  const int32_t product = snnrt_low16(lanes) * (int16_t)factor;
  return (int32_t)((uint32_t)sum + (uint32_t)product);
}

SNNRT_KERNEL int32_t snnrt_smlatb(uint32_t lanes, int32_t factor, int32_t sum) {
  return snnrt_smlabb(lanes >> 16, factor, sum);
}

SNNRT_KERNEL uint32_t snnrt_smlad(uint32_t a, uint32_t b, uint32_t sum) {
  const int32_t low = snnrt_low16(a) * snnrt_low16(b);
  const int32_t high = snnrt_high16(a) * snnrt_high16(b);
  return sum + (uint32_t)low + (uint32_t)high;
}

SNNRT_KERNEL int32_t snnrt_smmla(int32_t a, int32_t b, int32_t sum) {
  const int32_t high = (int32_t)(((int64_t)a * b) >> 32);
  return (int32_t)((uint32_t)sum + (uint32_t)high);
}

SNNRT_KERNEL int32_t snnrt_smmlar(int32_t a, int32_t b, int32_t sum) {
  const int64_t half = (int64_t)1 << 31;
  const int32_t high = (int32_t)(((int64_t)a * b + half) >> 32);
  return (int32_t)((uint32_t)sum + (uint32_t)high);
}

SNNRT_KERNEL int32_t snnrt_qadd(int32_t a, int32_t b) {
  const int64_t sum = (int64_t)a + b;
  return sum > INT32_MAX   ? INT32_MAX
         : sum < INT32_MIN ? INT32_MIN
                           : (int32_t)sum;
}

SNNRT_KERNEL int32_t snnrt_qsub(int32_t a, int32_t b) {
  const int64_t difference = (int64_t)a - b;
  return difference > INT32_MAX   ? INT32_MAX
         : difference < INT32_MIN ? INT32_MIN
                                  : (int32_t)difference;
}

SNNRT_KERNEL uint32_t snnrt_sadd16(uint32_t a, uint32_t b) {
  return snnrt_pack16(snnrt_low16(a) + snnrt_low16(b),
                      snnrt_high16(a) + snnrt_high16(b));
}

SNNRT_KERNEL uint32_t snnrt_ssub16(uint32_t a, uint32_t b) {
  return snnrt_pack16(snnrt_low16(a) - snnrt_low16(b),
                      snnrt_high16(a) - snnrt_high16(b));
}

SNNRT_KERNEL uint32_t snnrt_shadd16(uint32_t a, uint32_t b) {
  return snnrt_pack16((snnrt_low16(a) + snnrt_low16(b)) >> 1,
                      (snnrt_high16(a) + snnrt_high16(b)) >> 1);
}

SNNRT_KERNEL uint32_t snnrt_select_ge16(uint32_t a, uint32_t b,
                                        uint32_t chosen, uint32_t other) {
  const uint32_t low = snnrt_low16(a) >= snnrt_low16(b) ? chosen : other;
  const uint32_t high = snnrt_high16(a) >= snnrt_high16(b) ? chosen : other;
  return (low & 0xFFFFu) | (high & 0xFFFF0000u);
}

SNNRT_KERNEL uint32_t snnrt_sadd8(uint32_t a, uint32_t b) {
  /* Adding without the top bits keeps carries inside their lanes. */
  const uint32_t top = 0x80808080u;
  return ((a & ~top) + (b & ~top)) ^ ((a ^ b) & top);
}

SNNRT_KERNEL uint32_t snnrt_usada8(uint32_t sum, uint32_t bytes) {
  const uint32_t pairs = (bytes & 0x00FF00FFu) + ((bytes >> 8) & 0x00FF00FFu);
  return sum + (pairs & 0xFFFFu) + (pairs >> 16);
}

SNNRT_KERNEL uint32_t snnrt_uqsub8(uint32_t a, uint32_t b) {
  uint32_t result = 0;
  for (int32_t shift = 0; shift < 32; shift += 8) {
    const uint32_t lane_a = a >> shift & 0xFFu, lane_b = b >> shift & 0xFFu;
    result |= (lane_a > lane_b ? lane_a - lane_b : 0u) << shift;
  }
  return result;
}

SNNRT_KERNEL uint32_t snnrt_ssub8(uint32_t a, uint32_t b) {
  /* With the top bits of a set no lane borrows from the next. */
  const uint32_t top = 0x80808080u;
  return ((a | top) - (b & ~top)) ^ ((a ^ ~b) & top);
}

SNNRT_KERNEL uint32_t snnrt_max8(uint32_t a, uint32_t b) {
  uint32_t result = 0;
  for (int32_t shift = 0; shift < 32; shift += 8) {
    const int8_t lane_a = (int8_t)(a >> shift);
    const int8_t lane_b = (int8_t)(b >> shift);
    result |= (uint32_t)(uint8_t)(lane_a > lane_b ? lane_a : lane_b) << shift;
  }
  return result;
}

#endif

/* 16-bit lanes times 2^shift, for products that fit and shift <= 16. */
SNNRT_KERNEL uint32_t snnrt_shift16(uint32_t lanes, int32_t shift) {
  return lanes << shift & ~(((UINT32_C(1) << shift) - 1u) << 16);
}

/* The same word, in a register: as an immediate operand it could not go with a
   shift of the other operand. */
SNNRT_KERNEL uint32_t snnrt_in_register(uint32_t word) {
#if SNNRT_DSP
  __asm__("" : "+r"(word));
#endif
  return word;
}

/* sum + sign-extended byte 3 of `bytes`, modulo 2^32. */
SNNRT_KERNEL uint32_t snnrt_sxtab_byte3(uint32_t sum, uint32_t bytes) {
  return sum + (uint32_t)((int32_t)bytes >> 24);
}

/* 16-bit lanes: maximum of the signed a and b. */
SNNRT_KERNEL uint32_t snnrt_max16(uint32_t a, uint32_t b) {
  return snnrt_select_ge16(a, b, a, b);
}

#endif
