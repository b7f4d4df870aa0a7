/* Event-driven fully connected layers with sparse weights.

   The outputs are split into panels of shape->panel_outputs, at most 256, the
   last one perhaps smaller. A panel lists the weights that are not zero by
   input:
   starts: uint16[panels][inputs + 1]; the entries of input i in panel p are
     starts[p][i] to starts[p][i + 1] (exclusive) of those of the panel, and
     starts[p][0] is 0;
   entries: uint16[], panel after panel: the number of the output in its panel in
     the low byte, the int8 weight in the high byte. No output occurs twice
     among the entries of an input;
   list: uint16[count], indices below shape->inputs;
   values: int8[inputs], any; without them every listed input counts once;
   current: [outputs]. Every kernel ADDS to it. The caller guarantees that no
   sum, in list order or any other, leaves the range of the accumulator.

   An entry costs four instructions (extract the output, load, add the byte,
   store) and its share of a load and of the loop. */
#ifndef SNNRT_LINEAR_SCATTER_SPARSE_H
#define SNNRT_LINEAR_SCATTER_SPARSE_H

#include "linear_shape.h"
#include "pair_runs.h"

typedef struct snnrt_sparse_shape {
  int32_t inputs, outputs, panel_outputs;
} snnrt_sparse_shape;

/* The entries of one input in one panel. */
typedef struct snnrt_sparse_row {
  const uint16_t *entry;
  uint32_t count;
} snnrt_sparse_row;

/* Adds two entries, of different outputs: so both are loaded before any is
   stored. */
SNNRT_KERNEL void snnrt_sparse_add_pair(uint32_t entries,
                                        snnrt_current current) {
  const uint32_t first = entries & 0xFFu;
  const uint32_t second = entries >> 16 & 0xFFu;
  const uint32_t sum0 = snnrt_current_get(current, first);
  const uint32_t sum1 = snnrt_current_get(current, second);
  snnrt_current_set(current, first, snnrt_sxtab_byte1(sum0, entries));
  snnrt_current_set(current, second, snnrt_sxtab_byte3(sum1, entries));
}

/* Adds the entries of a row. */
SNNRT_KERNEL void snnrt_sparse_add_row(snnrt_sparse_row row,
                                       snnrt_current current) {
  const uint16_t *end = row.entry + row.count;
  /* In short arrays compilers would warn of the cases that never come. */
  SNNRT_OPAQUE(end);
  uint32_t pairs = row.count >> 1;
  if (row.count & 1u) {
    const uint32_t first = *row.entry;
    const uint32_t sum = snnrt_current_get(current, first & 0xFFu);
    snnrt_current_set(current, first & 0xFFu, snnrt_sxtab_byte1(sum, first));
  }
#define SNNRT_ADD_PAIR(n) \
  snnrt_sparse_add_pair(snnrt_load32(end - 2 * (n)), current)
#define SNNRT_ADVANCE(n) (end -= 2 * (n))
  if (pairs > SNNRT_UNROLLED_PAIRS) {
    SNNRT_LOOP_OVER_PAIRS(pairs, SNNRT_ADD_PAIR, SNNRT_ADVANCE)
    return;
  }
  SNNRT_JUMP_INTO_PAIRS(pairs, SNNRT_ADD_PAIR)
#undef SNNRT_ADD_PAIR
#undef SNNRT_ADVANCE
}

/* Adds the entries of a row times `value`. */
SNNRT_KERNEL void snnrt_sparse_add_product(snnrt_sparse_row row, int32_t value,
                                           snnrt_current current) {
  const uint16_t *const end = row.entry + row.count;
  for (const uint16_t *entry = row.entry; entry != end; ++entry) {
    const uint32_t output = *entry & 0xFFu;
    const int32_t weight = (int16_t)*entry >> 8;
    const uint32_t sum = snnrt_current_get(current, output);
    snnrt_current_set(current, output, sum + (uint32_t)(value * weight));
  }
}

/* Adds the rows of the list, times their values unless `values` is NULL, which
   is known when inlined. Counts of 1 are the most frequent values. */
SNNRT_KERNEL void snnrt_sparse_add_rows(const uint16_t *list, uint32_t count,
                                        const int8_t *values,
                                        const uint16_t *starts,
                                        const uint16_t *entries,
                                        snnrt_current current,
                                        const snnrt_sparse_shape *shape) {
  for (int32_t output = 0; output < shape->outputs;
       output += shape->panel_outputs) {
    const snnrt_current panel = snnrt_current_at(current, output);
    for (uint32_t i = 0; i < count; ++i) {
      const uint16_t *const start = starts + list[i];
      const snnrt_sparse_row row = {entries + start[0],
                                    (uint32_t)start[1] - start[0]};
      const int32_t value = values == NULL ? 1 : values[list[i]];
      if (value == 1) {
        snnrt_sparse_add_row(row, panel);
      } else {
        snnrt_sparse_add_product(row, value, panel);
      }
    }
    entries += starts[shape->inputs];
    starts += shape->inputs + 1;
  }
}

/* current[o] += sum over i of weight(list[i], o); int16 current. */
SNNRT_KERNEL void snnrt_linear_scatter_sparse_s16(
    const uint16_t *list, uint32_t count, const uint16_t *starts,
    const uint16_t *entries, int16_t *current,
    const snnrt_sparse_shape *shape) {
  const snnrt_current currents = snnrt_current_s16(current);
  snnrt_sparse_add_rows(list, count, NULL, starts, entries, currents, shape);
}

/* current[o] += sum over i of weight(list[i], o); int32 current. */
SNNRT_KERNEL void snnrt_linear_scatter_sparse_s32(
    const uint16_t *list, uint32_t count, const uint16_t *starts,
    const uint16_t *entries, int32_t *current,
    const snnrt_sparse_shape *shape) {
  const snnrt_current currents = snnrt_current_s32(current);
  snnrt_sparse_add_rows(list, count, NULL, starts, entries, currents, shape);
}

/* current[o] += sum over i of values[list[i]] * weight(list[i], o); int16
   current. */
SNNRT_KERNEL void snnrt_linear_scatter_sparse_values_s16(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const uint16_t *starts, const uint16_t *entries, int16_t *current,
    const snnrt_sparse_shape *shape) {
  const snnrt_current currents = snnrt_current_s16(current);
  snnrt_sparse_add_rows(list, count, values, starts, entries, currents, shape);
}

/* current[o] += sum over i of values[list[i]] * weight(list[i], o); int32
   current. */
SNNRT_KERNEL void snnrt_linear_scatter_sparse_values_s32(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const uint16_t *starts, const uint16_t *entries, int32_t *current,
    const snnrt_sparse_shape *shape) {
  const snnrt_current currents = snnrt_current_s32(current);
  snnrt_sparse_add_rows(list, count, values, starts, entries, currents, shape);
}

#endif
