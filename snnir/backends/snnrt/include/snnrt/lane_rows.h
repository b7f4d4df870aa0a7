/* Sums of rows of packed lanes: the inner loop of convolutions whose kernels,
   or sums of kernels, are stored in the form of the currents.

   Lanes are packed into elements in one of two ways. A pair is a word with two
   int16 lanes, which wrap. A triple is a double with three lanes of 16 bits,
     2^52 + f0 + f1 * 2^16 + f2 * 2^32,
   for processors whose floating-point unit adds doubles: three lanes in one
   addition, in 16 registers of their own. Lanes of a triple hold
   value + offset, which the compiler has proven to stay within 0 to 32767 for
   every partial sum, so that none borrows from its neighbour; weights are
   w0 + w1 * 2^16 + w2 * 2^32 with signs. All sums are exact integers below
   2^53. */
#ifndef SNNRT_LANE_ROWS_H
#define SNNRT_LANE_ROWS_H

#include "packed.h"

/* Without optimisation compilers keep too many registers for themselves. */
#if SNNRT_DSP && defined(__OPTIMIZE__)
#define SNNRT_LANE_BLOCKS 1
#else
#define SNNRT_LANE_BLOCKS 0
#endif

#if SNNRT_LANE_BLOCKS && defined(__ARM_FP) && (__ARM_FP & 8)
#define SNNRT_DOUBLE_UNIT 1
#else
#define SNNRT_DOUBLE_UNIT 0
#endif

/* Rows of currents and of one kernel, or of two; functions that add a row move
   all pointers behind it. */
SNNRT_KERNEL void snnrt_pass_row(uint8_t **current, const uint8_t **first,
                                 const uint8_t **second, int32_t bytes) {
  *current += bytes;
  *first += bytes;
  if (second != NULL) {
    *second += bytes;
  }
}

/* Bytes of an element. */
SNNRT_KERNEL int32_t snnrt_element_bytes(bool triples) { return triples ? 8 : 4; }

#if SNNRT_LANE_BLOCKS

#define SNNRT_LANE_REGISTERS \
  "r0", "r1", "r2", "r3", "r5", "r6", "r8", "r9", "memory"

/* Pairs that are added together; five would take more registers than compilers
   can always spare. */
#define SNNRT_CHUNK_PAIRS 4

#define SNNRT_SUM_1 "sadd16 r0, r0, r5\n\t"
#define SNNRT_SUM_2 SNNRT_SUM_1 "sadd16 r1, r1, r6\n\t"
#define SNNRT_SUM_3 SNNRT_SUM_2 "sadd16 r2, r2, r8\n\t"
#define SNNRT_SUM_4 SNNRT_SUM_3 "sadd16 r3, r3, r9\n\t"

/* Adds n elements of one row, or of two, to n elements of currents; all
   pointers advance. Multiple-register transfers take one instruction. */
#define SNNRT_DEFINE_ADD(kind, n, load, store, sum, sums, terms, registers)  \
  SNNRT_KERNEL void snnrt_add_##kind##_##n(uint8_t **current,                \
                                           const uint8_t **row) {            \
    __asm__ volatile(load " %0, {" sums "}\n\t" load " %1!, {" terms "}\n\t" \
                     sum store " %0!, {" sums "}"                            \
                     : "+r"(*current), "+r"(*row)                            \
                     :                                                       \
                     : registers);                                           \
  }                                                                          \
  SNNRT_KERNEL void snnrt_add_two_##kind##_##n(                              \
      uint8_t **current, const uint8_t **first, const uint8_t **second) {    \
    __asm__ volatile(load " %0, {" sums "}\n\t" load " %1!, {" terms "}\n\t" \
                     sum load " %2!, {" terms "}\n\t" sum store              \
                     " %0!, {" sums "}"                                      \
                     : "+r"(*current), "+r"(*first), "+r"(*second)           \
                     :                                                       \
                     : registers);                                           \
  }

#define SNNRT_DEFINE_ADD_PAIRS(n, sums, terms)                     \
  SNNRT_DEFINE_ADD(pairs, n, "ldmia", "stmia", SNNRT_SUM_##n, sums, \
                   terms, SNNRT_LANE_REGISTERS)

SNNRT_DEFINE_ADD_PAIRS(1, "r0", "r5")
SNNRT_DEFINE_ADD_PAIRS(2, "r0, r1", "r5, r6")
SNNRT_DEFINE_ADD_PAIRS(3, "r0, r1, r2", "r5, r6, r8")
SNNRT_DEFINE_ADD_PAIRS(4, "r0, r1, r2, r3", "r5, r6, r8, r9")

/* The `elements` (a constant when inlined) left after whole chunks. */
#define SNNRT_ADD_CASE(kind, n)                               \
  if (left == (n)) {                                          \
    if (!two) {                                               \
      snnrt_add_##kind##_##n(current, first);                 \
    } else {                                                  \
      snnrt_add_two_##kind##_##n(current, first, second);     \
    }                                                         \
    return;                                                   \
  }

SNNRT_KERNEL void snnrt_add_pairs(uint8_t **current, const uint8_t **first,
                                  const uint8_t **second, bool two,
                                  int32_t elements) {
  const int32_t last = elements % SNNRT_CHUNK_PAIRS == 2 ? 6 : SNNRT_CHUNK_PAIRS;
  int32_t left = elements;
  SNNRT_UNROLL_ROW
  for (; left > last; left -= SNNRT_CHUNK_PAIRS) {
    if (!two) {
      snnrt_add_pairs_4(current, first);
    } else {
      snnrt_add_two_pairs_4(current, first, second);
    }
  }
  if (left == 6) {
    if (!two) {
      snnrt_add_pairs_3(current, first);
    } else {
      snnrt_add_two_pairs_3(current, first, second);
    }
    left = 3;
  }
  SNNRT_ADD_CASE(pairs, 1)
  SNNRT_ADD_CASE(pairs, 2)
  SNNRT_ADD_CASE(pairs, 3)
  SNNRT_ADD_CASE(pairs, 4)
}

#else

/* Plain loops, which compilers for computers turn into vector instructions. */
SNNRT_KERNEL void snnrt_add_pairs(uint8_t **current, const uint8_t **first,
                                  const uint8_t **second, bool two,
                                  int32_t elements) {
  int16_t *const sums = (int16_t *)(void *)*current;
  const int16_t *const a = (const int16_t *)(const void *)*first;
  const int16_t *const b = (const int16_t *)(const void *)(two ? *second : NULL);
  SNNRT_VECTOR_LOOP
  for (int32_t i = 0; i < 2 * elements; ++i) {
    sums[i] = (int16_t)(sums[i] + a[i] + (two ? b[i] : 0));
  }
  snnrt_pass_row(current, first, two ? second : NULL, 4 * elements);
}

#endif

#if SNNRT_DOUBLE_UNIT

#define SNNRT_DOUBLE_REGISTERS                                              \
  "d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9", "d10", "d11", \
      "d12", "d13", "d14", "d15", "memory"

#define SNNRT_DSUM_1 "vadd.f64 d0, d0, d8\n\t"
#define SNNRT_DSUM_2 SNNRT_DSUM_1 "vadd.f64 d1, d1, d9\n\t"
#define SNNRT_DSUM_3 SNNRT_DSUM_2 "vadd.f64 d2, d2, d10\n\t"
#define SNNRT_DSUM_4 SNNRT_DSUM_3 "vadd.f64 d3, d3, d11\n\t"
#define SNNRT_DSUM_5 SNNRT_DSUM_4 "vadd.f64 d4, d4, d12\n\t"
#define SNNRT_DSUM_6 SNNRT_DSUM_5 "vadd.f64 d5, d5, d13\n\t"
#define SNNRT_DSUM_7 SNNRT_DSUM_6 "vadd.f64 d6, d6, d14\n\t"
#define SNNRT_DSUM_8 SNNRT_DSUM_7 "vadd.f64 d7, d7, d15\n\t"

#define SNNRT_DEFINE_ADD_TRIPLES(n, sums, terms)                         \
  SNNRT_DEFINE_ADD(triples, n, "vldmia", "vstmia", SNNRT_DSUM_##n, sums, \
                   terms, SNNRT_DOUBLE_REGISTERS)

SNNRT_DEFINE_ADD_TRIPLES(1, "d0", "d8")
SNNRT_DEFINE_ADD_TRIPLES(2, "d0-d1", "d8-d9")
SNNRT_DEFINE_ADD_TRIPLES(3, "d0-d2", "d8-d10")
SNNRT_DEFINE_ADD_TRIPLES(4, "d0-d3", "d8-d11")
SNNRT_DEFINE_ADD_TRIPLES(5, "d0-d4", "d8-d12")
SNNRT_DEFINE_ADD_TRIPLES(6, "d0-d5", "d8-d13")
SNNRT_DEFINE_ADD_TRIPLES(7, "d0-d6", "d8-d14")
SNNRT_DEFINE_ADD_TRIPLES(8, "d0-d7", "d8-d15")

SNNRT_KERNEL void snnrt_add_triples(uint8_t **current, const uint8_t **first,
                                    const uint8_t **second, bool two,
                                  int32_t elements) {
  int32_t left = elements;
  SNNRT_UNROLL_ROW
  for (; left > 8; left -= 8) {
    if (!two) {
      snnrt_add_triples_8(current, first);
    } else {
      snnrt_add_two_triples_8(current, first, second);
    }
  }
  SNNRT_ADD_CASE(triples, 1)
  SNNRT_ADD_CASE(triples, 2)
  SNNRT_ADD_CASE(triples, 3)
  SNNRT_ADD_CASE(triples, 4)
  SNNRT_ADD_CASE(triples, 5)
  SNNRT_ADD_CASE(triples, 6)
  SNNRT_ADD_CASE(triples, 7)
  SNNRT_ADD_CASE(triples, 8)
}

#else

SNNRT_KERNEL void snnrt_add_triples(uint8_t **current, const uint8_t **first,
                                    const uint8_t **second, bool two,
                                    int32_t elements) {
  double *const sums = (double *)(void *)*current;
  const double *const a = (const double *)(const void *)*first;
  const double *const b = (const double *)(const void *)(two ? *second : NULL);
  SNNRT_VECTOR_LOOP
  for (int32_t i = 0; i < elements; ++i) {
    sums[i] = sums[i] + a[i] + (two ? b[i] : 0.0);
  }
  snnrt_pass_row(current, first, two ? second : NULL, 8 * elements);
}

#endif

/* A rectangle of kernel elements and the currents that it reaches. */
typedef struct snnrt_rectangle {
  int32_t rows;
  /* Bytes from one row to the next. */
  int32_t current_stride, weight_stride;
} snnrt_rectangle;

/* Adds one rectangle or the sum of `two`; `elements` in a row, a constant when
   inlined. */
SNNRT_KERNEL void snnrt_add_rectangle(uint8_t *current, const uint8_t *first,
                                      const uint8_t *second, bool two,
                                      int32_t elements, bool triples,
                                      const snnrt_rectangle *rectangle) {
  const int32_t bytes = elements * snnrt_element_bytes(triples);
  int32_t row = rectangle->rows;
  do {
    if (triples) {
      snnrt_add_triples(&current, &first, &second, two, elements);
    } else {
      snnrt_add_pairs(&current, &first, &second, two, elements);
    }
    current += rectangle->current_stride - bytes;
    first += rectangle->weight_stride - bytes;
    if (two) {
      second += rectangle->weight_stride - bytes;
    }
  } while (--row != 0);
}

/* As above for 0 <= columns <= width columns of `elements` elements each; each
   width up to 8 has code of its own, without loops over the columns. */
SNNRT_KERNEL void snnrt_add_columns(uint8_t *current, const uint8_t *first,
                                    const uint8_t *second, bool two,
                                    int32_t columns, int32_t width,
                                    int32_t elements, bool triples,
                                    const snnrt_rectangle *rectangle) {
#define SNNRT_COLUMNS(n)                                           \
  if (width > (n) && columns == (n)) {                             \
    snnrt_add_rectangle(current, first, second, two,               \
                        (n) * elements, triples, rectangle);       \
    return;                                                        \
  }
  if (width <= 8) {
    if (columns == width) {
      snnrt_add_rectangle(current, first, second, two, width * elements,
                          triples, rectangle);
      return;
    }
    SNNRT_COLUMNS(1)
    SNNRT_COLUMNS(2)
    SNNRT_COLUMNS(3)
    SNNRT_COLUMNS(4)
    SNNRT_COLUMNS(5)
    SNNRT_COLUMNS(6)
    SNNRT_COLUMNS(7)
    return;
  }
#undef SNNRT_COLUMNS
  for (int32_t column = 0; column < columns; ++column) {
    const int32_t offset = column * elements * snnrt_element_bytes(triples);
    snnrt_add_rectangle(current + offset, first + offset,
                        two ? second + offset : NULL, two, elements, triples,
                        rectangle);
  }
}

#endif
