/* Event-driven fully connected layers with block-sparse weights: for each input,
   blocks of 4 consecutive outputs of which not all weights are zero.

   starts: uint16[inputs + 1]; the blocks of input i are starts[i] to
     starts[i + 1] (exclusive);
   blocks: uint8[], which 4 outputs: 4 * block to 4 * block + 3. No block occurs
     twice among those of an input;
   weights: int32[], for each block its 4 int8 weights in the order n, n+2, n+1,
     n+3 from the lowest byte on;
   list: uint16[count], indices below shape->inputs;
   values: int8[inputs], any; without them every listed input counts once;
   current: [outputs], aligned to 4 bytes; outputs is a multiple of 4 and at most
     1024. Every kernel ADDS to it. The caller guarantees that no sum, in list
   order or any other, leaves the range of the accumulator. */
#ifndef SNNRT_LINEAR_SCATTER_BLOCKS_H
#define SNNRT_LINEAR_SCATTER_BLOCKS_H

#include "linear_shape.h"

/* Block-sparse weights as above. */
typedef struct snnrt_block_weights {
  const uint16_t *starts;
  const uint8_t *blocks;
  const int32_t *weights;
} snnrt_block_weights;

/* Adds the bytes of one block. */
SNNRT_KERNEL void snnrt_add_block(uint32_t weights, snnrt_current current,
                                  uint32_t block) {
#if SNNRT_DSP
  if (current.narrow) {
    uint32_t low, high;
    int16_t *const sums = (int16_t *)current.data + 4 * block;
    /* Compilers do not know that the currents are aligned. */
    __asm__("ldrd %0, %1, [%2]"
            : "=r"(low), "=r"(high)
            : "r"(sums), "m"(*(const int16_t(*)[4])sums));
    low = snnrt_sxtab16(low, weights);
    high = snnrt_sxtab16_ror8(high, weights);
    __asm__("strd %1, %2, [%3]"
            : "=m"(*(int16_t(*)[4])sums)
            : "r"(low), "r"(high), "r"(sums));
    return;
  }
#endif
  snnrt_add_bytes(weights, snnrt_current_at(current, 4 * (int32_t)block));
}

/* Adds `value` times the bytes of one block. */
SNNRT_KERNEL void snnrt_add_block_product(uint32_t weights, int32_t value,
                                          snnrt_current current,
                                          uint32_t block) {
  const int32_t products[4] = {
      value * (int8_t)weights, value * (int8_t)(weights >> 16),
      value * (int8_t)(weights >> 8), value * ((int32_t)weights >> 24)};
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t sum = snnrt_current_get(current, 4 * block + i);
    snnrt_current_set(current, 4 * block + i, sum + (uint32_t)products[i]);
  }
}

/* The blocks of one input. */
typedef struct snnrt_block_row {
  const uint8_t *blocks;
  const int32_t *weights;
  uint32_t count;
} snnrt_block_row;

/* Adds the blocks of a row. */
SNNRT_KERNEL void snnrt_add_block_row(snnrt_block_row row,
                                      snnrt_current current) {
  const int32_t *weights = row.weights;
  const uint8_t *const end = row.blocks + row.count;
  for (const uint8_t *block = row.blocks; block != end; ++block) {
    snnrt_add_block((uint32_t)*weights++, current, *block);
  }
}

/* Adds the blocks of a row times `value`. */
SNNRT_KERNEL void snnrt_add_block_row_product(snnrt_block_row row,
                                              int32_t value,
                                              snnrt_current current) {
  for (uint32_t i = 0; i < row.count; ++i) {
    snnrt_add_block_product((uint32_t)row.weights[i], value, current,
                            row.blocks[i]);
  }
}

/* Adds the blocks of the list, times their values unless `values` is NULL, which
   is known when inlined. Counts of 1 are the most frequent values. */
SNNRT_KERNEL void snnrt_add_blocks(const uint16_t *list, uint32_t count,
                                   const int8_t *values,
                                   const snnrt_block_weights *sparse,
                                   snnrt_current current) {
  for (const uint16_t *const end = list + count; list != end; ++list) {
    const uint16_t *const start = sparse->starts + *list;
    const snnrt_block_row row = {sparse->blocks + start[0],
                                 sparse->weights + start[0],
                                 (uint32_t)start[1] - start[0]};
    const int32_t value = values == NULL ? 1 : values[*list];
    if (value == 1) {
      snnrt_add_block_row(row, current);
    } else {
      snnrt_add_block_row_product(row, value, current);
    }
  }
}

/* current[o] += sum over i of weight(list[i], o); int16 current. */
SNNRT_KERNEL void snnrt_linear_scatter_blocks_s16(
    const uint16_t *list, uint32_t count, const uint16_t *starts,
    const uint8_t *blocks, const int32_t *weights, int16_t *current) {
  const snnrt_block_weights sparse = {starts, blocks, weights};
  const snnrt_current currents = snnrt_current_s16(current);
  snnrt_add_blocks(list, count, NULL, &sparse, currents);
}

/* current[o] += sum over i of weight(list[i], o); int32 current. */
SNNRT_KERNEL void snnrt_linear_scatter_blocks_s32(
    const uint16_t *list, uint32_t count, const uint16_t *starts,
    const uint8_t *blocks, const int32_t *weights, int32_t *current) {
  const snnrt_block_weights sparse = {starts, blocks, weights};
  const snnrt_current currents = snnrt_current_s32(current);
  snnrt_add_blocks(list, count, NULL, &sparse, currents);
}

/* current[o] += sum over i of values[list[i]] * weight(list[i], o); int16
   current. */
SNNRT_KERNEL void snnrt_linear_scatter_blocks_values_s16(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const uint16_t *starts, const uint8_t *blocks, const int32_t *weights,
    int16_t *current) {
  const snnrt_block_weights sparse = {starts, blocks, weights};
  const snnrt_current currents = snnrt_current_s16(current);
  snnrt_add_blocks(list, count, values, &sparse, currents);
}

/* current[o] += sum over i of values[list[i]] * weight(list[i], o); int32
   current. */
SNNRT_KERNEL void snnrt_linear_scatter_blocks_values_s32(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const uint16_t *starts, const uint8_t *blocks, const int32_t *weights,
    int32_t *current) {
  const snnrt_block_weights sparse = {starts, blocks, weights};
  const snnrt_current currents = snnrt_current_s32(current);
  snnrt_add_blocks(list, count, values, &sparse, currents);
}

#endif
