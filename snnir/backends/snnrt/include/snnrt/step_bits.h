/* Spikes of several steps as bits.

   Bit i of word w of a step is the spike of element 32 w + i; bits behind the
   last element are 0. Made out of histories, which have bit t where an element
   spiked in step t. */
#ifndef SNNRT_STEP_BITS_H
#define SNNRT_STEP_BITS_H

#include "packed.h"

/* Elements of a word, and most steps of a history. */
#define SNNRT_BITS_OF_WORD 32
#define SNNRT_HISTORY_STEPS 16

/* Words of a step. */
SNNRT_KERNEL int32_t snnrt_words_of_bits(int32_t elements) {
  return (elements + SNNRT_BITS_OF_WORD - 1) / SNNRT_BITS_OF_WORD;
}

/* Exchanges bits j + distance of `low` and bits j of `high`, for the bits j of
   `mask`. */
SNNRT_KERNEL void snnrt_exchange_bits(uint32_t *low, uint32_t *high,
                                      int32_t distance, uint32_t mask) {
  const uint32_t unlike = ((*low >> distance) ^ *high) & mask;
  *high ^= unlike;
  *low ^= unlike << distance;
}

/* The same between four words for two distances, one after the other. */
SNNRT_KERNEL void snnrt_exchange_quad(uint32_t words[4], int32_t distance,
                                      uint32_t mask, int32_t further,
                                      uint32_t further_mask) {
  snnrt_exchange_bits(&words[0], &words[1], distance, mask);
  snnrt_exchange_bits(&words[2], &words[3], distance, mask);
  snnrt_exchange_bits(&words[0], &words[2], further, further_mask);
  snnrt_exchange_bits(&words[1], &words[3], further, further_mask);
}

/* Writes the bits of 32 elements in each of `steps` <= 16 steps, that of step t
   to bits[t * stride]. The halves of the words are two matrices of 16 x 16
   bits, which are transposed by exchanging ever larger blocks.

   histories: uint16[32] aligned to 4 bytes. */
SNNRT_KERNEL void snnrt_histories_to_bits(const uint16_t *histories,
                                          int32_t steps, uint32_t *bits,
                                          int32_t stride) {
  uint32_t rows[SNNRT_HISTORY_STEPS];
  for (int32_t row = 0; row < SNNRT_HISTORY_STEPS; row += 4) {
    /* Elements row and row + 1, and those 16 behind them. */
    uint32_t quad[4];
    SNNRT_UNROLL_ROW
    for (int32_t i = 0; i < 4; i += 2) {
      const uint32_t low = snnrt_load32(histories + row + i);
      const uint32_t high =
          snnrt_load32(histories + row + i + SNNRT_HISTORY_STEPS);
      quad[i] = snnrt_pack16((int32_t)low, (int32_t)high);
      quad[i + 1] = snnrt_pack_high16((int32_t)low, (int32_t)high);
    }
    snnrt_exchange_quad(quad, 1, 0x55555555u, 2, 0x33333333u);
    SNNRT_UNROLL_ROW
    for (int32_t i = 0; i < 4; ++i) {
      rows[row + i] = quad[i];
    }
  }
  SNNRT_UNROLL_ROW
  for (int32_t row = 0; row < 4; ++row) {
    uint32_t quad[4] = {rows[row], rows[row + 4], rows[row + 8],
                        rows[row + 12]};
    snnrt_exchange_quad(quad, 4, 0x0F0F0F0Fu, 8, 0x00FF00FFu);
    SNNRT_UNROLL_ROW
    for (int32_t i = 0; i < 4; ++i) {
      if (row + 4 * i < steps) {
        bits[(row + 4 * i) * stride] = quad[i];
      }
    }
  }
}

/* Histories of the elements of a word. */
typedef union snnrt_histories {
  uint16_t of[SNNRT_BITS_OF_WORD];
  uint32_t aligned;
} snnrt_histories;

/* Notes the history of element `i`; elements come in order. The last one of a
   word writes the bits of the whole word in each of `steps` steps.

   bits: uint32[steps][words of elements]. */
SNNRT_KERNEL void snnrt_note_history(snnrt_histories *histories, int32_t i,
                                     uint32_t history, int32_t elements,
                                     int32_t steps, uint32_t *bits) {
  const int32_t place = i % SNNRT_BITS_OF_WORD;
  histories->of[place] = (uint16_t)history;
  if (place + 1 == SNNRT_BITS_OF_WORD || i + 1 == elements) {
    for (int32_t behind = place + 1; behind < SNNRT_BITS_OF_WORD; ++behind) {
      histories->of[behind] = 0;
    }
    snnrt_histories_to_bits(histories->of, steps, bits + i / SNNRT_BITS_OF_WORD,
                            snnrt_words_of_bits(elements));
  }
}

/* Writes the indices of the set bits of a step in ascending order and returns
   their number.

   bits: uint32[words of n]; list: uint16[n] in the worst case, n <= 65536. */
SNNRT_KERNEL uint32_t snnrt_list_bits(const uint32_t *bits, int32_t n,
                                      uint16_t *list) {
  uint16_t *end = list;
  for (int32_t first = 0; first < n; first += SNNRT_BITS_OF_WORD) {
    for (uint32_t word = *bits++; word != 0; word &= word - 1) {
      *end++ = (uint16_t)(first + snnrt_lowest_bit(word));
    }
  }
  return (uint32_t)(end - list);
}

/* The lowest four bits as bytes of 0 or 1: the product with `spread` puts bit i
   at bit 8 i, and whatever else it has elsewhere. */
#define SNNRT_SPREAD_BITS 0x00204081u
SNNRT_KERNEL uint32_t snnrt_bytes_of_bits(uint32_t bits, uint32_t spread) {
  return ((bits & 0xFu) * spread) & 0x01010101u;
}

/* Writes the bits of a step as bytes of 0 or 1.

   bits: uint32[words of n]; bytes: int8[n] aligned to 4 bytes. */
SNNRT_KERNEL void snnrt_bits_to_bytes(const uint32_t *bits, int32_t n,
                                      int8_t *bytes) {
  /* In a register, or compilers would add shifted bits instead. */
  const uint32_t spread = snnrt_in_register(SNNRT_SPREAD_BITS);
  int32_t i = 0;
  for (; i + SNNRT_BITS_OF_WORD <= n; i += SNNRT_BITS_OF_WORD) {
    const uint32_t word = *bits++;
    SNNRT_UNROLL_ROW
    for (int32_t bit = 0; bit < SNNRT_BITS_OF_WORD; bit += 4) {
      snnrt_store32(bytes + i + bit, snnrt_bytes_of_bits(word >> bit, spread));
    }
  }
  for (int32_t bit = 0; i + bit < n; ++bit) {
    bytes[i + bit] = (int8_t)(*bits >> bit & 1u);
  }
}

#endif
