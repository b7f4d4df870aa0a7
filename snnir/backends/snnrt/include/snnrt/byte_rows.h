/* Adds rows of int8 weights to rows of packed 16-bit currents (pairs, see
   lane_rows.h): half the weights' memory, and as many instructions, since
   SXTAB16 widens and adds two bytes at once.

   Lanes come in quads. The bytes of a quad are those of its lanes 0, 2, 1, 3,
   which is how SXTAB16 takes them. */
#ifndef SNNRT_BYTE_ROWS_H
#define SNNRT_BYTE_ROWS_H

#include "lane_rows.h"

/* Lanes of a quad. */
#define SNNRT_QUAD_LANES 4

#if SNNRT_LANE_BLOCKS

/* Three quads are the most that leave registers for three pointers and a
   counter. r12 is one of those: without it gcc 12 found no place for the
   pointers in a function with three such loops. */
#define SNNRT_QUAD_REGISTERS_1 "r0", "r1", "r8", "memory"
#define SNNRT_QUAD_REGISTERS_2 \
  SNNRT_QUAD_REGISTERS_1, "r2", "r3", "r9"
#define SNNRT_QUAD_REGISTERS_3 \
  SNNRT_QUAD_REGISTERS_2, "r5", "r6", "r10"

#define SNNRT_QUAD_SUMS_3 "r0, r1, r2, r3, r5, r6"
#define SNNRT_QUAD_BYTES_3 "r8, r9, r10"

#define SNNRT_QUAD_SUM(low, high, bytes)            \
  "sxtab16 " low ", " low ", " bytes "\n\t"         \
  "sxtab16 " high ", " high ", " bytes ", ror #8\n\t"

#define SNNRT_QUADS_1 SNNRT_QUAD_SUM("r0", "r1", "r8")
#define SNNRT_QUADS_2 SNNRT_QUADS_1 SNNRT_QUAD_SUM("r2", "r3", "r9")
#define SNNRT_QUADS_3 SNNRT_QUADS_2 SNNRT_QUAD_SUM("r5", "r6", "r10")

#define SNNRT_ADD_TWO_QUADS(n, sums, bytes, current, first, second)          \
  __asm__ volatile("ldmia %0, {" sums "}\n\tldmia %1!, {" bytes "}\n\t"      \
                   SNNRT_QUADS_##n "ldmia %2!, {" bytes "}\n\t"              \
                   SNNRT_QUADS_##n "stmia %0!, {" sums "}"                   \
                   : "+r"(current), "+r"(first), "+r"(second)                \
                   :                                                         \
                   : SNNRT_QUAD_REGISTERS_##n)

/* Adds n quads of one row of weights, or of two, to n quads of currents; all
   pointers advance. */
#define SNNRT_DEFINE_ADD_QUADS(n, sums, bytes)                               \
  SNNRT_KERNEL void snnrt_add_quads_##n(uint8_t **current,                   \
                                        const int8_t **row) {                \
    __asm__ volatile("ldmia %0, {" sums "}\n\tldmia %1!, {" bytes "}\n\t"    \
                     SNNRT_QUADS_##n "stmia %0!, {" sums "}"                 \
                     : "+r"(*current), "+r"(*row)                            \
                     :                                                       \
                     : SNNRT_QUAD_REGISTERS_##n);                            \
  }                                                                          \
  SNNRT_KERNEL void snnrt_add_two_quads_##n(                                 \
      uint8_t **current, const int8_t **first, const int8_t **second) {      \
    SNNRT_ADD_TWO_QUADS(n, sums, bytes, *current, *first, *second);          \
  }

SNNRT_DEFINE_ADD_QUADS(1, "r0, r1", "r8")
SNNRT_DEFINE_ADD_QUADS(2, "r0, r1, r2, r3", "r8, r9")
SNNRT_DEFINE_ADD_QUADS(3, SNNRT_QUAD_SUMS_3, SNNRT_QUAD_BYTES_3)

#define SNNRT_ADD_QUADS(n)                               \
  if (two) {                                             \
    snnrt_add_two_quads_##n(current, first, second);     \
  } else {                                               \
    snnrt_add_quads_##n(current, first);                 \
  }

/* Adds `quads` (a constant when inlined) of one row, or of two, to currents; the
   pointers advance. */
SNNRT_KERNEL void snnrt_add_quads(uint8_t **current, const int8_t **first,
                                  const int8_t **second, bool two,
                                  int32_t quads) {
  int32_t left = quads;
  SNNRT_UNROLL_ROW
  for (; left > 4; left -= 3) {
    SNNRT_ADD_QUADS(3)
  }
  if (left == 4) {
    SNNRT_ADD_QUADS(2)
    SNNRT_ADD_QUADS(2)
  } else if (left == 3) {
    SNNRT_ADD_QUADS(3)
  } else if (left == 2) {
    SNNRT_ADD_QUADS(2)
  } else {
    SNNRT_ADD_QUADS(1)
  }
}

/* As snnrt_add_quads, for a whole row of an unrolled kernel. Around two rows of
   three quads, gcc 12 finds no place for pointers of its own choice. */
SNNRT_KERNEL void snnrt_add_row_of_quads(uint8_t **current,
                                         const int8_t **first,
                                         const int8_t **second, bool two,
                                         int32_t quads) {
  if (two && quads == 3) {
    register uint8_t *sums __asm__("r4") = *current;
    register const int8_t *row __asm__("r11") = *first;
    register const int8_t *other __asm__("r12") = *second;
    SNNRT_ADD_TWO_QUADS(3, SNNRT_QUAD_SUMS_3, SNNRT_QUAD_BYTES_3, sums, row,
                        other);
    *current = sums;
    *first = row;
    *second = other;
  } else {
    snnrt_add_quads(current, first, second, two, quads);
  }
}

#else

SNNRT_KERNEL void snnrt_add_quads(uint8_t **current, const int8_t **first,
                                  const int8_t **second, bool two,
                                  int32_t quads) {
  static const int8_t lanes[SNNRT_QUAD_LANES] = {0, 2, 1, 3};
  int16_t *sums = (int16_t *)(void *)*current;
  for (int32_t i = 0; i < SNNRT_QUAD_LANES * quads; ++i) {
    int16_t *const sum = sums + (i & ~3) + lanes[i & 3];
    *sum = (int16_t)(*sum + (*first)[i] + (two ? (*second)[i] : 0));
  }
  *current += 2 * SNNRT_QUAD_LANES * quads;
  *first += SNNRT_QUAD_LANES * quads;
  if (two) {
    *second += SNNRT_QUAD_LANES * quads;
  }
}

SNNRT_KERNEL void snnrt_add_row_of_quads(uint8_t **current,
                                         const int8_t **first,
                                         const int8_t **second, bool two,
                                         int32_t quads) {
  snnrt_add_quads(current, first, second, two, quads);
}

#endif

/* Quads of a position up to which a row of the whole width of a kernel has code
   of its own, without a loop over its positions. */
#define SNNRT_UNROLLED_QUADS 3

/* As snnrt_add_rectangle, for 1 <= columns <= width positions of `quads` quads
   in a row. Strides are bytes from the end of a row to the start of the next:
   that needs no copies of the pointers. */
SNNRT_KERNEL void snnrt_add_quad_rectangle(uint8_t *current,
                                           const int8_t *first,
                                           const int8_t *second, bool two,
                                           int32_t columns, int32_t width,
                                           int32_t quads,
                                           const snnrt_rectangle *rectangle) {
  int32_t row = rectangle->rows;
  if (quads <= SNNRT_UNROLLED_QUADS && width <= 8 && columns == width) {
    do {
      SNNRT_UNROLL_ROW
      for (int32_t column = 0; column < width; ++column) {
        snnrt_add_quads(&current, &first, &second, two, quads);
      }
      current += rectangle->current_stride;
      first += rectangle->weight_stride;
      if (two) {
        second += rectangle->weight_stride;
      }
    } while (--row != 0);
    return;
  }
  do {
    int32_t column = columns;
    SNNRT_KEEP_LOOP
    do {
      snnrt_add_quads(&current, &first, &second, two, quads);
    } while (--column != 0);
    current += rectangle->current_stride;
    first += rectangle->weight_stride;
    if (two) {
      second += rectangle->weight_stride;
    }
  } while (--row != 0);
}

#endif
