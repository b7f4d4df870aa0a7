/* Inputs that are small counts, as lists of inputs that count once.

   Adding a row twice is cheaper than multiplying it by two. An input with a
   count up to SNNRT_REPEATED_COUNT is therefore listed so many times; others,
   larger or negative, have a list of their own and are multiplied. Both lists
   are short and made piece by piece, so that any number of inputs and any values
   are right. For few outputs the lists cost more than they save. */
#ifndef SNNRT_COUNT_CHUNKS_H
#define SNNRT_COUNT_CHUNKS_H

#include "base.h"

#define SNNRT_REPEATED_COUNT 3
#define SNNRT_REPEATED_OUTPUTS 32
#define SNNRT_REPEATED_WIDE_OUTPUTS 12
#define SNNRT_REPEATED_CAPACITY 64u
#define SNNRT_OTHERS_CAPACITY 16u

/* A piece of a list of inputs with values. */
typedef struct snnrt_count_chunk {
  uint32_t repeated_size, others_size;
  uint16_t repeated[SNNRT_REPEATED_CAPACITY];
  uint16_t others[SNNRT_OTHERS_CAPACITY];
} snnrt_count_chunk;

/* Fills the chunk from the inputs at `list`; returns the first that found no
   room, or `end`. values: int8[inputs]. */
SNNRT_KERNEL const uint16_t *snnrt_fill_chunk(const uint16_t *list,
                                              const uint16_t *end,
                                              const int8_t *values,
                                              snnrt_count_chunk *chunk) {
  uint16_t *repeated = chunk->repeated, *others = chunk->others;
  const uint16_t *const repeated_end =
      repeated + SNNRT_REPEATED_CAPACITY - SNNRT_REPEATED_COUNT;
  const uint16_t *const others_end = others + SNNRT_OTHERS_CAPACITY;
  while (list != end && repeated <= repeated_end && others != others_end) {
    const uint16_t index = *list++;
    const int32_t value = values[index];
    if (value == 1) {
      *repeated++ = index;
    } else if (value >= 0 && value <= SNNRT_REPEATED_COUNT) {
      for (int32_t i = 0; i < value; ++i) {
        *repeated++ = index;
      }
    } else {
      *others++ = index;
    }
  }
  chunk->repeated_size = (uint32_t)(repeated - chunk->repeated);
  chunk->others_size = (uint32_t)(others - chunk->others);
  return list;
}

#endif
