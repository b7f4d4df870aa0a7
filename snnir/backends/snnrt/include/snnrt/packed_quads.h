/* Adds rows of 4- or 2-bit weights to int16 currents in memory, one or two at a
   time.

   As byte_rows.h, with the words of packed4_rows.h (8 weights, as weight + 8)
   and packed2_rows.h (16 weights, as weight + 1): two rows are added before they
   are unpacked into bytes, so that two weights take one instruction on top of
   SXTAB16. Each position begins with a new word, of which the last may have
   fewer quads than there is room for; the others are not read. */
#ifndef SNNRT_PACKED_QUADS_H
#define SNNRT_PACKED_QUADS_H

#include "byte_rows.h"
#include "linear_shape.h"

/* Bytes of the weights of a position that are stored in 8, 4 or 2 bits. */
SNNRT_KERNEL int32_t snnrt_weight_bytes(int32_t weights, int32_t bits) {
  const int32_t of_word = 32 / bits;
  return bits == 8 ? weights : 4 * ((weights + of_word - 1) / of_word);
}

/* Signed bytes of up to four quads, each in the order of SXTAB16. */
typedef struct snnrt_unpacked {
  uint32_t quad0, quad1, quad2, quad3;
} snnrt_unpacked;

/* The fields of two words: those under `mask`, and those `shift` bits above. */
typedef struct snnrt_fields {
  uint32_t low, high;
} snnrt_fields;

/* The sums of the fields of two words, each of which has room for its sum;
   `high` may hold anything where it is not wanted. */
SNNRT_KERNEL snnrt_fields snnrt_add_fields(uint32_t first, uint32_t second,
                                           uint32_t mask, int32_t shift,
                                           bool wanted) {
  snnrt_fields sum = {(first & mask) + (second & mask), 0};
  if (wanted) {
    sum.high = (mask & first >> shift) + (mask & second >> shift);
    /* Exact modulo 2^32. */
    sum.low = first + second - (sum.high << shift);
  }
  return sum;
}

/* The first `quads` of a word of 4-bit weights, or the sums of those of two. */
SNNRT_KERNEL snnrt_unpacked snnrt_unpack4(uint32_t first, uint32_t second,
                                          bool two, int32_t quads) {
  const uint32_t mask = snnrt_in_register(0x0F0F0F0Fu);
  snnrt_fields sum = {first & mask, mask & first >> 4};
  if (two) {
    sum = snnrt_add_fields(first, second, mask, 4, quads > 1);
  }
  const uint32_t offset = two ? 0x10101010u : 0x08080808u;
  const snnrt_unpacked bytes = {snnrt_ssub8(sum.low, offset),
                                snnrt_ssub8(sum.high, offset), 0, 0};
  return bytes;
}

/* The same for 2-bit weights. */
SNNRT_KERNEL snnrt_unpacked snnrt_unpack2(uint32_t first, uint32_t second,
                                          bool two, int32_t quads) {
  snnrt_fields sum = {first, first >> 2};
  if (two) {
    const uint32_t mask = snnrt_in_register(0x33333333u);
    sum = snnrt_add_fields(first, second, mask, 2, quads > 2);
  }
  const uint32_t byte = snnrt_in_register(two ? 0x0F0F0F0Fu : 0x03030303u);
  const uint32_t offset = two ? 0x02020202u : 0x01010101u;
  const snnrt_unpacked bytes = {snnrt_ssub8(byte & sum.low, offset),
                                snnrt_ssub8(byte & sum.low >> 4, offset),
                                snnrt_ssub8(byte & sum.high, offset),
                                snnrt_ssub8(byte & sum.high >> 4, offset)};
  return bytes;
}

#if SNNRT_LANE_BLOCKS

/* Adds the bytes of one quad, or of two, to as many quads of currents, which
   the pointer passes. */
SNNRT_KERNEL void snnrt_add_bytes_of(uint8_t **current, uint32_t first,
                                     uint32_t second, bool two) {
  if (two) {
    __asm__ volatile(
        "ldmia %0, {r0, r1, r2, r3}\n\t"
        "sxtab16 r0, r0, %1\n\tsxtab16 r1, r1, %1, ror #8\n\t"
        "sxtab16 r2, r2, %2\n\tsxtab16 r3, r3, %2, ror #8\n\t"
        "stmia %0!, {r0, r1, r2, r3}"
        : "+r"(*current)
        : "r"(first), "r"(second)
        : "r0", "r1", "r2", "r3", "memory");
  } else {
    __asm__ volatile(
        "ldmia %0, {r0, r1}\n\t"
        "sxtab16 r0, r0, %1\n\tsxtab16 r1, r1, %1, ror #8\n\t"
        "stmia %0!, {r0, r1}"
        : "+r"(*current)
        : "r"(first)
        : "r0", "r1", "memory");
  }
}

#else

SNNRT_KERNEL void snnrt_add_bytes_of(uint8_t **current, uint32_t first,
                                     uint32_t second, bool two) {
  snnrt_add_bytes(first, snnrt_current_s16((int16_t *)(void *)*current));
  *current += 2 * SNNRT_QUAD_LANES;
  if (two) {
    snnrt_add_bytes(second, snnrt_current_s16((int16_t *)(void *)*current));
    *current += 2 * SNNRT_QUAD_LANES;
  }
}

#endif

/* Adds up to `quads` of one word, or of two. */
SNNRT_KERNEL void snnrt_add_packed_word(uint8_t **current, uint32_t first,
                                        uint32_t second, bool two,
                                        int32_t quads, int32_t bits) {
  const snnrt_unpacked bytes = bits == 4
                                   ? snnrt_unpack4(first, second, two, quads)
                                   : snnrt_unpack2(first, second, two, quads);
  snnrt_add_bytes_of(current, bytes.quad0, bytes.quad1, quads > 1);
  if (bits == 2 && quads > 2) {
    snnrt_add_bytes_of(current, bytes.quad2, bytes.quad3, quads > 3);
  }
}

/* The word at *words, which moves on. */
SNNRT_KERNEL uint32_t snnrt_next_word(const int8_t **words) {
  const uint32_t word = snnrt_load32(*words);
  *words += 4;
  return word;
}

/* Adds `quads` (a constant when inlined) of one position, or of two; the
   pointers advance. */
SNNRT_KERNEL void snnrt_add_packed_quads(uint8_t **current,
                                         const int8_t **first,
                                         const int8_t **second, bool two,
                                         int32_t quads, int32_t bits) {
  SNNRT_UNROLL_ROW
  for (int32_t left = quads; left > 0; left -= 8 / bits) {
    const uint32_t word = snnrt_next_word(first);
    snnrt_add_packed_word(current, word, two ? snnrt_next_word(second) : 0, two,
                          left, bits);
  }
}

#endif
