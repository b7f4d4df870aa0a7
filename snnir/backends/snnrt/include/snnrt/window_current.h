/* Windows of packed currents (see lane_rows.h): pooling and clearing.

   Neurons come in words of two lanes. A pair is such a word. Two triples A and
   B hold three: the first two lanes of A, those of B, and the third ones of
   both; a last triple without a partner holds two, of which the second has a
   single neuron. */
#ifndef SNNRT_WINDOW_CURRENT_H
#define SNNRT_WINDOW_CURRENT_H

#include "lane_rows.h"

typedef struct snnrt_window_shape {
  /* Windows; elements of a position; words of neurons of a window. */
  int32_t height, width, elements, words;
  int32_t window_height, window_width;
  /* Bytes from one row of currents to the next. */
  int32_t row_bytes;
  bool triples;
  /* Whether the neuron receives the sum of the window, or the maximum. */
  bool sum;
  /* What is added to every lane of a triple. */
  int32_t offset;
  /* Words of halving neurons of which one may spike without input. */
  int32_t busy_begin, busy_end;
  /* What halving neurons shift the pooled currents of pairs by. */
  int32_t current_shift;
  /* Whether maxima are found position by position: in code that also adds
     kernels, a window in one piece would leave too few registers for these. */
  bool by_position;
  /* Whether currents stay as they are: those of the next step replace them. */
  bool keep_current;
} snnrt_window_shape;

/* Words that are read together. */
#define SNNRT_GROUP_WORDS 3

/* Two words at an address that is a multiple of 4, by the one load that Armv7-M
   has for them: compilers would split it, or move what it gives. */
SNNRT_KERNEL snnrt_two snnrt_load_two(const uint8_t *address) {
  snnrt_two two;
#if SNNRT_DSP
  __asm__ volatile("ldrd %0, %1, %2"
                   : "=&r"(two.first), "=r"(two.second)
                   : "m"(*(const uint64_t *)(const void *)address));
#else
  memcpy(&two, address, sizeof two);
#endif
  return two;
}

/* Sets 64 bits at such an address to 0; volatile keeps the store whole. */
SNNRT_KERNEL void snnrt_clear64(uint8_t *address) {
#if SNNRT_DSP
  *(volatile uint64_t *)(void *)address = 0;
#else
  memset(address, 0, sizeof(uint64_t));
#endif
}

/* Lanes 0 of two words. */
SNNRT_KERNEL uint32_t snnrt_pack_low16(uint32_t low, uint32_t high) {
#if SNNRT_DSP
  uint32_t result;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(low), "r"(high));
  return result;
#else
  return (low & 0xFFFFu) | high << 16;
#endif
}

/* Words 3 * group to 3 * group + 2 of one position, as far as they exist. */
SNNRT_KERNEL void snnrt_position_words(const uint8_t *position, int32_t group,
                                       const snnrt_window_shape *shape,
                                       uint32_t *words) {
  if (!shape->triples) {
    const int32_t begin = SNNRT_GROUP_WORDS * group;
    const int32_t count =
        snnrt_min(shape->elements - begin, SNNRT_GROUP_WORDS);
    if (count >= 2) {
      const snnrt_two first = snnrt_load_two(position + 4 * begin);
      words[0] = (uint32_t)first.first;
      words[1] = (uint32_t)first.second;
    }
    if (count % 2 != 0) {
      words[count - 1] = snnrt_load32(position + 4 * (begin + count - 1));
    }
    return;
  }
  const snnrt_two first = snnrt_load_two(position + 16 * group);
  words[0] = (uint32_t)first.first;
  if (2 * group + 1 < shape->elements) {
    const snnrt_two second = snnrt_load_two(position + 16 * group + 8);
    words[1] = (uint32_t)second.first;
    words[2] = snnrt_pack_low16((uint32_t)first.second, (uint32_t)second.second);
  } else {
    words[1] = (uint32_t)first.second;
  }
}

#if SNNRT_LANE_BLOCKS
/* Two lanes of `word` become the larger ones of `word` and `next`. */
#define SNNRT_MAX_WORD(word, next) \
  "ssub16 r3, " word ", " next "\n\tsel " word ", " word ", " next "\n\t"
#define SNNRT_MAX_REGISTERS "r0", "r1", "r2", "r3", "memory"

/* Three words %0 to %2 and those of the position at %[at]. */
#define SNNRT_MAX_PAIRS               \
  "ldmia %[at], {r0, r1, r2}\n\t"     \
  SNNRT_MAX_WORD("%0", "r0")          \
  SNNRT_MAX_WORD("%1", "r1")          \
  SNNRT_MAX_WORD("%2", "r2")
#define SNNRT_MAX_TRIPLES             \
  "ldmia %[at], {r0, r1, r2, r3}\n\t" \
  "pkhbt r1, r1, r3, lsl #16\n\t"    \
  SNNRT_MAX_WORD("%0", "r0")          \
  SNNRT_MAX_WORD("%1", "r2")          \
  SNNRT_MAX_WORD("%2", "r1")

/* The maxima of a window of 2 x 2, of whose first position `first` reads. */
#define SNNRT_MAX_SQUARE(first, next)             \
  __asm__ volatile(first                          \
                   "add %[at], %[at], %[right]\n\t" \
                   next                           \
                   "add %[at], %[at], %[back]\n\t" \
                   next                           \
                   "add %[at], %[at], %[right]\n\t" \
                   next                           \
                   : "=&r"(words[0]), "=&r"(words[1]), "=&r"(words[2]), \
                     [at] "+&r"(position)         \
                   : [right] "rI"(bytes), [back] "rI"(shape->row_bytes - bytes) \
                   : SNNRT_MAX_REGISTERS)
#endif

/* The maxima of a group of three words in a window of 2 x 2; false where they
   are found position by position. */
SNNRT_KERNEL bool snnrt_max_square(const uint8_t *window, int32_t group,
                                   const snnrt_window_shape *shape,
                                   uint32_t *words) {
#if SNNRT_LANE_BLOCKS
  const int32_t bytes = shape->elements * snnrt_element_bytes(shape->triples);
  const uint8_t *position = window + (shape->triples ? 16 : 12) * group;
  const bool whole = shape->triples ? 2 * group + 1 < shape->elements
                                    : 3 * group + 2 < shape->elements;
  if (shape->sum || shape->by_position || !whole || shape->window_height != 2 ||
      shape->window_width != 2) {
    return false;
  }
  if (shape->triples) {
    SNNRT_MAX_SQUARE("ldrd %0, %2, [%[at]]\n\t"
                     "ldrd %1, r0, [%[at], #8]\n\t"
                     "pkhbt %2, %2, r0, lsl #16\n\t",
                     SNNRT_MAX_TRIPLES);
  } else {
    SNNRT_MAX_SQUARE("ldrd %0, %1, [%[at]]\n\t"
                     "ldr %2, [%[at], #8]\n\t",
                     SNNRT_MAX_PAIRS);
  }
  return true;
#else
  (void)window;
  (void)group;
  (void)shape;
  (void)words;
  return false;
#endif
}

/* The words of a group become the maxima of themselves and of those of one more
   position. In one piece, because compilers would load a whole window first,
   for which there are not enough registers. */
SNNRT_KERNEL void snnrt_max_position(const uint8_t *position, int32_t group,
                                     const snnrt_window_shape *shape,
                                     uint32_t *words) {
#if SNNRT_LANE_BLOCKS
  const int32_t left = shape->triples
                           ? 3 * (shape->elements - 2 * group) / 2
                           : shape->elements - SNNRT_GROUP_WORDS * group;
  position += (shape->triples ? 16 : 12) * group;
  if (left >= 3 && shape->triples) {
    __asm__ volatile(SNNRT_MAX_TRIPLES
                     : "+r"(words[0]), "+r"(words[1]), "+r"(words[2])
                     : [at] "r"(position)
                     : SNNRT_MAX_REGISTERS);
  } else if (left >= 3) {
    __asm__ volatile(SNNRT_MAX_PAIRS
                     : "+r"(words[0]), "+r"(words[1]), "+r"(words[2])
                     : [at] "r"(position)
                     : SNNRT_MAX_REGISTERS);
  } else if (left == 2 || shape->triples) {
    __asm__ volatile("ldmia %2, {r0, r1}\n\t"
                     SNNRT_MAX_WORD("%0", "r0")
                     SNNRT_MAX_WORD("%1", "r1")
                     : "+r"(words[0]), "+r"(words[1])
                     : "r"(position)
                     : SNNRT_MAX_REGISTERS);
  } else {
    __asm__ volatile("ldr r0, [%1]\n\t" SNNRT_MAX_WORD("%0", "r0")
                     : "+r"(words[0])
                     : "r"(position)
                     : SNNRT_MAX_REGISTERS);
  }
#else
  uint32_t next[SNNRT_GROUP_WORDS] = {0, 0, 0};
  snnrt_position_words(position, group, shape, next);
  for (int32_t i = 0; i < SNNRT_GROUP_WORDS; ++i) {
    words[i] = snnrt_max16(words[i], next[i]);
  }
#endif
}

/* The maxima, or sums, of a window: words 3 * group and following. A sum of
   triples holds the offset of every position but one too often. */
SNNRT_KERNEL void snnrt_window_words(const uint8_t *window, int32_t group,
                                     const snnrt_window_shape *shape,
                                     uint32_t *words) {
  const int32_t bytes = shape->elements * snnrt_element_bytes(shape->triples);
  const uint32_t extra = (uint32_t)shape->offset * 0x00010001u;
  if (snnrt_max_square(window, group, shape, words)) {
    return;
  }
  SNNRT_UNROLL_WINDOW
  for (int32_t y = 0; y < shape->window_height; ++y) {
    SNNRT_UNROLL_WINDOW
    for (int32_t x = 0; x < shape->window_width; ++x) {
      const uint8_t *const position = window + y * shape->row_bytes + x * bytes;
      if (y == 0 && x == 0) {
        snnrt_position_words(position, group, shape, words);
        continue;
      }
      if (!shape->sum) {
        snnrt_max_position(position, group, shape, words);
        continue;
      }
      uint32_t next[SNNRT_GROUP_WORDS] = {0, 0, 0};
      snnrt_position_words(position, group, shape, next);
      for (int32_t i = 0; i < SNNRT_GROUP_WORDS; ++i) {
        words[i] = snnrt_sadd16(words[i], snnrt_ssub16(next[i], extra));
      }
    }
  }
  if (shape->triples && 2 * group + 1 == shape->elements) {
    /* A lane that no current reaches. */
    words[1] = snnrt_pack_low16(words[1], (uint32_t)shape->offset);
  }
}

#if SNNRT_DOUBLE_UNIT
/* Clears n doubles of each of two rows. */
#define SNNRT_CLEAR_ROWS_CASE(n, registers)          \
  case n:                                            \
    __asm__ volatile("vldmia %2, {" registers "}\n\t" \
                     "vstmia %0, {" registers "}\n\t" \
                     "vstmia %1, {" registers "}"    \
                     :                               \
                     : "r"(above), "r"(below), "r"(zeros) \
                     : SNNRT_DOUBLE_REGISTERS);      \
    return true;

/* Copies a position of n triples to `count` neighbouring ones, or to two of each
   of two rows. */
#define SNNRT_COPY_CASE(n, registers)                \
  case n:                                            \
    for (int32_t i = 0; i < count; ++i) {            \
      __asm__ volatile("vldmia %1, {" registers "}\n\t" \
                       "vstmia %0!, {" registers "}" \
                       : "+r"(position)              \
                       : "r"(initial)                \
                       : SNNRT_DOUBLE_REGISTERS);    \
    }                                                \
    return;
#define SNNRT_COPY_SQUARE_CASE(n, registers)         \
  case n:                                            \
    __asm__ volatile("vldmia %2, {" registers "}\n\t" \
                     "vstmia %0!, {" registers "}\n\t" \
                     "vstmia %0, {" registers "}\n\t" \
                     "vstmia %1!, {" registers "}\n\t" \
                     "vstmia %1, {" registers "}"    \
                     : "+r"(above), "+r"(below)      \
                     : "r"(initial)                  \
                     : SNNRT_DOUBLE_REGISTERS);      \
    return;
#define SNNRT_COPY_CASES(CASE) \
  CASE(1, "d0")                \
  CASE(2, "d0-d1")             \
  CASE(3, "d0-d2")             \
  CASE(4, "d0-d3")             \
  CASE(5, "d0-d4")             \
  CASE(6, "d0-d5")             \
  CASE(7, "d0-d6")             \
  CASE(8, "d0-d7")             \
  CASE(9, "d0-d8")             \
  CASE(10, "d0-d9")            \
  CASE(11, "d0-d10")           \
  CASE(12, "d0-d11")
#define SNNRT_MOST_COPIED 12

/* Copies a position of at most so many triples to `count` neighbouring ones. */
SNNRT_KERNEL void snnrt_copy_short(uint8_t *position, const double *initial,
                                   int32_t count, int32_t elements) {
  switch (elements) {
    SNNRT_COPY_CASES(SNNRT_COPY_CASE)
    default:
      break;
  }
}

/* A longer one to a single position, of which registers hold a part at a time. */
SNNRT_KERNEL void snnrt_copy_long(uint8_t *position, const double *initial,
                                  int32_t elements) {
  for (; elements > SNNRT_MOST_COPIED; elements -= SNNRT_MOST_COPIED) {
    __asm__ volatile("vldmia %1!, {d0-d11}\n\t"
                     "vstmia %0!, {d0-d11}"
                     : "+r"(position), "+r"(initial)
                     :
                     : SNNRT_DOUBLE_REGISTERS);
  }
  snnrt_copy_short(position, initial, 1, elements);
}
#endif

/* Copies a position to `count` neighbouring ones. */
SNNRT_KERNEL void snnrt_copy_triples(uint8_t *position, const double *initial,
                                     int32_t count, int32_t elements) {
#if SNNRT_DOUBLE_UNIT
  if (elements <= SNNRT_MOST_COPIED) {
    snnrt_copy_short(position, initial, count, elements);
    return;
  }
  for (int32_t i = 0; i < count; ++i) {
    snnrt_copy_long(position + i * elements * (int32_t)sizeof(double), initial,
                    elements);
  }
#else
  double *out = (double *)(void *)position;
  for (int32_t i = 0; i < count; ++i) {
    for (int32_t k = 0; k < elements; ++k) {
      *out++ = initial[k];
    }
  }
#endif
}

/* The same for windows of 2 x 2. */
SNNRT_KERNEL void snnrt_copy_square(uint8_t *above, uint8_t *below,
                                    const double *initial, int32_t elements) {
#if SNNRT_DOUBLE_UNIT
  switch (elements) {
    SNNRT_COPY_CASES(SNNRT_COPY_SQUARE_CASE)
    default:
      break;
  }
#endif
  snnrt_copy_triples(above, initial, 2, elements);
  snnrt_copy_triples(below, initial, 2, elements);
}

/* Clears so many words of each of two rows; false if it cannot at once. */
SNNRT_KERNEL bool snnrt_clear_rows(uint8_t *above, uint8_t *below,
                                   int32_t words) {
#if SNNRT_DOUBLE_UNIT
  static const double zeros[12] = {0};
  switch (words % 2 == 0 ? words / 2 : 0) {
    SNNRT_COPY_CASES(SNNRT_CLEAR_ROWS_CASE)
    default:
      break;
  }
#endif
  (void)above;
  (void)below;
  (void)words;
  return false;
}

/* Sets a window back to no current; `initial` is a position of triples without
   current. */
SNNRT_KERNEL void snnrt_clear_window(uint8_t *window, const double *initial,
                                     const snnrt_window_shape *shape) {
  if (shape->triples && shape->window_height == 2 &&
      shape->window_width == 2) {
    snnrt_copy_square(window, window + shape->row_bytes, initial,
                      shape->elements);
    return;
  }
  if (!shape->triples && shape->window_height == 2 &&
      snnrt_clear_rows(window, window + shape->row_bytes,
                       shape->window_width * shape->elements)) {
    return;
  }
  SNNRT_UNROLL_WINDOW
  for (int32_t y = 0; y < shape->window_height; ++y) {
    uint8_t *const row = window + y * shape->row_bytes;
    if (shape->triples) {
      snnrt_copy_triples(row, initial, shape->window_width, shape->elements);
      continue;
    }
    const int32_t words = shape->window_width * shape->elements;
    if (!SNNRT_PACKED) {
      memset(row, 0, 4 * (size_t)words);
      continue;
    }
    SNNRT_UNROLL_ROW
    for (int32_t i = 0; i + 2 <= words; i += 2) {
      snnrt_clear64(row + 4 * i);
    }
    if (words % 2 != 0) {
      snnrt_store32(row + 4 * (words - 1), 0);
    }
  }
}

#endif
