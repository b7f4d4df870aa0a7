/* Event-driven fully connected layers, output by output.

   The sums of a tile of outputs stay in registers while the list of active
   inputs is walked, and are stored once: these kernels SET `current`. Rows of a
   tile are whole words, whatever the number of outputs; that is faster than
   scattering for few outputs, and for numbers that are no multiple of 4.

   list: uint16[count], indices below shape->inputs;
   weights: words of 4 bytes, for each tile of up to SNNRT_GATHER_QUADS (of the
   kernel with values SNNRT_GATHER_VALUE_QUADS) words, for each input those of
   the tile; the bytes belong to the outputs n, n+2, n+1, n+3, and are 0 behind
   the last output;
   current: int16[outputs], aligned to 4 bytes, or int32[outputs]. The caller
   guarantees that no sum, in list order or any other, leaves its range. */
#ifndef SNNRT_LINEAR_GATHER_H
#define SNNRT_LINEAR_GATHER_H

#include "byte_rows.h"
#include "linear_shape.h"

/* Words of a row of a tile: two sums for each, and what else a loop needs, fit
   the registers. */
#define SNNRT_GATHER_QUADS 4
#define SNNRT_GATHER_VALUE_QUADS 3

/* Rows whose sums lanes of 16 bits hold: 256 * -128 = -2^15. */
#define SNNRT_GATHER_LANE_ROWS 256u

/* The row of one input of a tile; `quads` is a constant when inlined. */
SNNRT_KERNEL const int32_t *snnrt_gather_address(const int32_t *weights,
                                                 uint32_t index,
                                                 int32_t quads) {
  const int32_t *row;
#if SNNRT_DSP
  if (quads == 3) {
    /* Compilers would take a shift and two additions. */
    __asm__("mla %0, %1, %2, %3"
            : "=r"(row)
            : "r"(index), "r"(12), "r"(weights));
    return row;
  }
#endif
  row = weights + index * (uint32_t)quads;
  return row;
}

/* Two words of a row. */
typedef struct snnrt_gather_words {
  uint32_t first, second;
} snnrt_gather_words;

/* The words at row[0] or, of the `upper` ones, row[2]. Compilers would load
   those of several inputs ahead and run out of registers. */
SNNRT_KERNEL snnrt_gather_words snnrt_gather_load(const int32_t *row,
                                                  bool upper) {
  snnrt_gather_words words;
#if SNNRT_DSP
  const snnrt_gather_words *const two =
      (const snnrt_gather_words *)(const void *)(row + (upper ? 2 : 0));
  if (upper) {
    __asm__ volatile("ldrd %0, %1, [%2, #8]"
                     : "=r"(words.first), "=r"(words.second)
                     : "r"(row), "m"(*two));
  } else {
    __asm__ volatile("ldrd %0, %1, [%2]"
                     : "=r"(words.first), "=r"(words.second)
                     : "r"(row), "m"(*two));
  }
#else
  words.first = (uint32_t)row[upper ? 2 : 0];
  words.second = (uint32_t)row[upper ? 3 : 1];
#endif
  return words;
}

/* Adds a word times a value to the sums of the outputs (n, n+1) and (n+2, n+3):
   as one number the lanes of a pair are weight[n] + 65536 * weight[n+1]. In one
   piece, as snnrt_gather_load. */
SNNRT_KERNEL void snnrt_gather_product(uint32_t word, int32_t value,
                                       uint32_t *sums) {
#if SNNRT_DSP
  uint32_t pair;
  __asm__ volatile(
      "sxtb16 %2, %3\n\t"
      "mla %0, %2, %4, %0\n\t"
      "sxtb16 %2, %3, ror #8\n\t"
      "mla %1, %2, %4, %1"
      : "+r"(sums[0]), "+r"(sums[1]), "=&r"(pair)
      : "r"(word), "r"(value));
#else
  sums[0] += (uint32_t)value * snnrt_sxtab16(0, word);
  sums[1] += (uint32_t)value * snnrt_sxtab16_ror8(0, word);
#endif
}

/* Adds a word, times a value if it is `counted`, to the sums of its outputs. */
SNNRT_KERNEL void snnrt_gather_quad(uint32_t word, bool counted, int32_t value,
                                    uint32_t *sums) {
  if (counted) {
    snnrt_gather_product(word, value, sums);
  } else {
    sums[0] = snnrt_sxtab16(sums[0], word);
    sums[1] = snnrt_sxtab16_ror8(sums[1], word);
  }
}

/* Adds the row of one input, times its value unless `values` is NULL. */
SNNRT_KERNEL void snnrt_gather_row(uint32_t index, const int8_t *values,
                                   const int32_t *weights, uint32_t *sums,
                                   int32_t quads) {
  const bool counted = values != NULL;
  const int32_t value = counted ? values[index] : 1;
  const int32_t *const row = snnrt_gather_address(weights, index, quads);
  if (quads >= 2) {
    const snnrt_gather_words words = snnrt_gather_load(row, false);
    snnrt_gather_quad(words.first, counted, value, sums);
    snnrt_gather_quad(words.second, counted, value, sums + 2);
  }
  if (quads == 4) {
    const snnrt_gather_words words = snnrt_gather_load(row, true);
    snnrt_gather_quad(words.first, counted, value, sums + 4);
    snnrt_gather_quad(words.second, counted, value, sums + 6);
  }
  if (quads % 2 == 1) {
    snnrt_gather_quad((uint32_t)row[quads - 1], counted, value,
                      sums + 2 * (quads - 1));
  }
}

/* Adds the rows of the list: first those that make no four. */
SNNRT_KERNEL void snnrt_gather_rows(const uint16_t *list, uint32_t count,
                                    const int8_t *values,
                                    const int32_t *weights, uint32_t *sums,
                                    int32_t quads) {
  const uint16_t *const some = list + count % 4u;
  const uint16_t *const end = list + count;
  while (list != some) {
    snnrt_gather_row(*list++, values, weights, sums, quads);
  }
  while (list != end) {
    snnrt_gather_row(*list++, values, weights, sums, quads);
    snnrt_gather_row(*list++, values, weights, sums, quads);
    snnrt_gather_row(*list++, values, weights, sums, quads);
    snnrt_gather_row(*list++, values, weights, sums, quads);
  }
}

/* Stores up to 4 currents; `outputs` is a constant when inlined and may be any
   number. */
SNNRT_KERNEL void snnrt_store_quad(const uint32_t *sums, int16_t *current,
                                   int32_t outputs) {
  if (outputs == 1) {
    snnrt_store16(current, sums[0]);
  } else if (outputs > 1) {
    snnrt_store32(current, sums[0]);
  }
  if (outputs == 3) {
    snnrt_store16(current + 2, sums[1]);
  } else if (outputs > 3) {
    snnrt_store32(current + 2, sums[1]);
  }
}

/* Makes lanes of sums of products, which are pairs of outputs as one number. */
SNNRT_KERNEL void snnrt_gather_split(uint32_t *sums) {
  SNNRT_UNROLL_ROW
  for (int32_t i = 0; i < 2 * SNNRT_GATHER_QUADS; ++i) {
    /* A negative lower lane has taken one from the upper. */
    sums[i] += (sums[i] & 0x8000u) << 1;
  }
}

/* Sets the currents of a tile; `outputs` is a constant when inlined. */
SNNRT_KERNEL void snnrt_gather_tile(const uint16_t *list, uint32_t count,
                                    const int8_t *values,
                                    const int32_t *weights, int16_t *current,
                                    int32_t outputs) {
  uint32_t sums[2 * SNNRT_GATHER_QUADS] = {0, 0, 0, 0, 0, 0, 0, 0};
  snnrt_gather_rows(list, count, values, weights, sums,
                    (outputs + SNNRT_QUAD_LANES - 1) / SNNRT_QUAD_LANES);
  if (values != NULL) {
    snnrt_gather_split(sums);
  }
  SNNRT_UNROLL_ROW
  for (int32_t i = 0; i < SNNRT_GATHER_QUADS; ++i) {
    snnrt_store_quad(sums + 2 * i, current + SNNRT_QUAD_LANES * i,
                     outputs - SNNRT_QUAD_LANES * i);
  }
}

/* All currents, in tiles of up to `quads` words. */
SNNRT_KERNEL void snnrt_gather_tiles(const uint16_t *list, uint32_t count,
                                     const int8_t *values,
                                     const int32_t *weights, int16_t *current,
                                     const snnrt_linear_shape *shape,
                                     int32_t quads) {
  const int32_t width = SNNRT_QUAD_LANES * quads;
  const int32_t rest = shape->outputs % width;
  const int16_t *const end = current + (shape->outputs - rest);
  while (current != end) {
    snnrt_gather_tile(list, count, values, weights, current, width);
    current += width;
    weights += quads * shape->inputs;
  }
  if (rest > 0) {
    snnrt_gather_tile(list, count, values, weights, current, rest);
  }
}

/* Sets up to 4 currents to their lanes or, if `add`, adds these; `outputs` is a
   constant when inlined. */
SNNRT_KERNEL void snnrt_widen_quad(const uint32_t *sums, int32_t *current,
                                   int32_t outputs, bool add) {
  const int32_t lanes[SNNRT_QUAD_LANES] = {
      snnrt_low16(sums[0]), snnrt_high16(sums[0]), snnrt_low16(sums[1]),
      snnrt_high16(sums[1])};
  SNNRT_UNROLL_ROW
  for (int32_t i = 0; i < SNNRT_QUAD_LANES; ++i) {
    if (i < outputs) {
      current[i] = lanes[i] + (add ? current[i] : 0);
    }
  }
}

/* The currents of a tile from the lanes of some rows, as snnrt_widen_quad. */
SNNRT_KERNEL void snnrt_widen_tile(const uint32_t *sums, int32_t *current,
                                   int32_t outputs, bool add) {
  SNNRT_UNROLL_ROW
  for (int32_t i = 0; i < SNNRT_GATHER_QUADS; ++i) {
    snnrt_widen_quad(sums + 2 * i, current + SNNRT_QUAD_LANES * i,
                     outputs - SNNRT_QUAD_LANES * i, add);
  }
}

/* Sets the currents of a tile of 32 bits; lanes hold the sums of `lane_rows`
   rows. `outputs` is a constant when inlined. */
SNNRT_KERNEL void snnrt_gather_wide_tile(const uint16_t *list, uint32_t count,
                                         const int8_t *values,
                                         const int32_t *weights,
                                         int32_t *current, int32_t outputs,
                                         uint32_t lane_rows) {
  bool add = false;
  do {
    const uint32_t rows = count < lane_rows ? count : lane_rows;
    uint32_t sums[2 * SNNRT_GATHER_QUADS] = {0, 0, 0, 0, 0, 0, 0, 0};
    snnrt_gather_rows(list, rows, values, weights, sums,
                      (outputs + SNNRT_QUAD_LANES - 1) / SNNRT_QUAD_LANES);
    if (values != NULL) {
      snnrt_gather_split(sums);
    }
    if (add) {
      snnrt_widen_tile(sums, current, outputs, true);
    } else {
      snnrt_widen_tile(sums, current, outputs, false);
    }
    add = true;
    list += rows;
    count -= rows;
  } while (count > 0);
}

/* All currents of 32 bits, in tiles of up to `quads` words. */
SNNRT_KERNEL void snnrt_gather_wide_tiles(const uint16_t *list, uint32_t count,
                                          const int8_t *values,
                                          const int32_t *weights,
                                          int32_t *current,
                                          const snnrt_linear_shape *shape,
                                          int32_t quads, uint32_t lane_rows) {
  const int32_t width = SNNRT_QUAD_LANES * quads;
  const int32_t rest = shape->outputs % width;
  const int32_t *const end = current + (shape->outputs - rest);
  while (current != end) {
    snnrt_gather_wide_tile(list, count, values, weights, current, width,
                           lane_rows);
    current += width;
    weights += quads * shape->inputs;
  }
  if (rest > 0) {
    snnrt_gather_wide_tile(list, count, values, weights, current, rest,
                           lane_rows);
  }
}

/* current[o] = sum over i of weights[list[i]][o]. */
SNNRT_KERNEL void snnrt_linear_gather_s32(const uint16_t *list, uint32_t count,
                                          const int32_t *weights,
                                          int32_t *current,
                                          const snnrt_linear_shape *shape) {
  snnrt_gather_wide_tiles(list, count, NULL, weights, current, shape,
                          SNNRT_GATHER_QUADS, SNNRT_GATHER_LANE_ROWS);
}

/* The same for int16 currents. */
SNNRT_KERNEL void snnrt_linear_gather_s16(const uint16_t *list, uint32_t count,
                                          const int32_t *weights,
                                          int16_t *current,
                                          const snnrt_linear_shape *shape) {
  snnrt_gather_tiles(list, count, NULL, weights, current, shape,
                     SNNRT_GATHER_QUADS);
}

/* current[o] = sum over i of values[list[i]] * weights[list[i]][o];
   values: int8[inputs]. Weights of odd outputs are stored less one where that
   of the output before is negative, so that the two are one number. */
SNNRT_KERNEL void snnrt_linear_gather_values_s16(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const int32_t *weights, int16_t *current,
    const snnrt_linear_shape *shape) {
  snnrt_gather_tiles(list, count, values, weights, current, shape,
                     SNNRT_GATHER_VALUE_QUADS);
}

/* The same for int32 currents; 16 bits hold the sum of any `lane_rows` products
   of a value and a weight. */
SNNRT_KERNEL void snnrt_linear_gather_values_s32(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const int32_t *weights, int32_t *current, uint32_t lane_rows,
    const snnrt_linear_shape *shape) {
  snnrt_gather_wide_tiles(list, count, values, weights, current, shape,
                          SNNRT_GATHER_VALUE_QUADS, lane_rows);
}

#endif
