/* Windows of packed currents (see lane_rows.h): pooling and clearing.

   Neurons come in words of two lanes. A pair is such a word. Two triples A and
   B hold three: the first two lanes of A, those of B, and the third ones of
   both; a last triple without a partner holds two, of which the second has a
   single neuron. */
#ifndef SNNRT_WINDOW_CURRENT_H
#define SNNRT_WINDOW_CURRENT_H

#include "snnrt/lane_rows.h"

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
} snnrt_window_shape;

/* Words that are read together. */
#define SNNRT_GROUP_WORDS 3

/* 64 bits at an address that is a multiple of 8. Volatile keeps compilers from
   splitting the one load that Armv7-M has for them. */
SNNRT_KERNEL uint64_t snnrt_load64(const uint8_t *address) {
#if SNNRT_DSP
  return *(const volatile uint64_t *)(const void *)address;
#else
  return *(const uint64_t *)(const void *)address;
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
    for (int32_t i = 0; i < SNNRT_GROUP_WORDS; ++i) {
      const int32_t element = SNNRT_GROUP_WORDS * group + i;
      if (element < shape->elements) {
        words[i] = snnrt_load32(position + 4 * element);
      }
    }
    return;
  }
  const uint64_t first = snnrt_load64(position + 16 * group);
  words[0] = (uint32_t)first;
  if (2 * group + 1 < shape->elements) {
    const uint64_t second = snnrt_load64(position + 16 * group + 8);
    words[1] = (uint32_t)second;
    words[2] = snnrt_pack_low16((uint32_t)(first >> 32), (uint32_t)(second >> 32));
  } else {
    words[1] = (uint32_t)(first >> 32);
  }
}

/* The maxima, or sums, of a window: words 3 * group and following. A sum of
   triples holds the offset of every position but one too often. */
SNNRT_KERNEL void snnrt_window_words(const uint8_t *window, int32_t group,
                                     const snnrt_window_shape *shape,
                                     uint32_t *words) {
  const int32_t bytes = shape->elements * snnrt_element_bytes(shape->triples);
  const uint32_t extra = (uint32_t)shape->offset * 0x00010001u;
  SNNRT_UNROLL_WINDOW
  for (int32_t y = 0; y < shape->window_height; ++y) {
    SNNRT_UNROLL_WINDOW
    for (int32_t x = 0; x < shape->window_width; ++x) {
      uint32_t next[SNNRT_GROUP_WORDS] = {0, 0, 0};
      snnrt_position_words(window + y * shape->row_bytes + x * bytes, group,
                           shape, next);
      for (int32_t i = 0; i < SNNRT_GROUP_WORDS; ++i) {
        if (y == 0 && x == 0) {
          words[i] = next[i];
        } else if (shape->sum) {
          words[i] = snnrt_sadd16(words[i], snnrt_ssub16(next[i], extra));
        } else {
          words[i] = snnrt_max16(words[i], next[i]);
        }
      }
    }
  }
  if (shape->triples && 2 * group + 1 == shape->elements) {
    /* A lane that no current reaches. */
    words[1] = snnrt_pack_low16(words[1], (uint32_t)shape->offset);
  }
}

#if SNNRT_DOUBLE_UNIT
/* Copies a position of n triples to `count` neighbouring ones. */
#define SNNRT_COPY_CASE(n, registers)                                \
  case n:                                                            \
    if (count == 2) {                                                \
      __asm__ volatile("vldmia %1, {" registers "}\n\t"              \
                       "vstmia %0!, {" registers "}\n\t"             \
                       "vstmia %0!, {" registers "}"                 \
                       : "+r"(position)                              \
                       : "r"(initial)                                \
                       : SNNRT_DOUBLE_REGISTERS);                    \
    } else {                                                         \
      for (int32_t i = 0; i < count; ++i) {                          \
        __asm__ volatile("vldmia %1, {" registers "}\n\t"            \
                         "vstmia %0!, {" registers "}"               \
                         : "+r"(position)                            \
                         : "r"(initial)                              \
                         : SNNRT_DOUBLE_REGISTERS);                  \
      }                                                              \
    }                                                                \
    return;
#endif

SNNRT_KERNEL void snnrt_copy_triples(uint8_t *position, const double *initial,
                                     int32_t count, int32_t elements) {
#if SNNRT_DOUBLE_UNIT
  switch (elements) {
    SNNRT_COPY_CASE(1, "d0")
    SNNRT_COPY_CASE(2, "d0-d1")
    SNNRT_COPY_CASE(3, "d0-d2")
    SNNRT_COPY_CASE(4, "d0-d3")
    SNNRT_COPY_CASE(5, "d0-d4")
    SNNRT_COPY_CASE(6, "d0-d5")
    SNNRT_COPY_CASE(7, "d0-d6")
    SNNRT_COPY_CASE(8, "d0-d7")
    SNNRT_COPY_CASE(9, "d0-d8")
    SNNRT_COPY_CASE(10, "d0-d9")
    SNNRT_COPY_CASE(11, "d0-d10")
    SNNRT_COPY_CASE(12, "d0-d11")
    default:
      break;
  }
#endif
  double *out = (double *)(void *)position;
  for (int32_t i = 0; i < count; ++i) {
    for (int32_t k = 0; k < elements; ++k) {
      *out++ = initial[k];
    }
  }
}

/* Sets a window back to no current; `initial` is a position of triples without
   current. */
SNNRT_KERNEL void snnrt_clear_window(uint8_t *window, const double *initial,
                                     const snnrt_window_shape *shape) {
  SNNRT_UNROLL_WINDOW
  for (int32_t y = 0; y < shape->window_height; ++y) {
    uint8_t *const row = window + y * shape->row_bytes;
    if (shape->triples) {
      snnrt_copy_triples(row, initial, shape->window_width, shape->elements);
      continue;
    }
    SNNRT_UNROLL_ROW
    for (int32_t i = 0; i < shape->window_width * shape->elements; ++i) {
      snnrt_store32(row + 4 * i, 0);
    }
  }
}

#endif
