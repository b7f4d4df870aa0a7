/* Calls of the kernels that connect inputs with outputs by weights. */
#ifndef LAYER_KERNELS_H
#define LAYER_KERNELS_H

#include "kernel_wrappers.h"

/* integers: count, then the shape; arrays: list, weights, current. */
#define SCATTER_KERNEL(name, family)                                          \
  static int32_t run_##name(const call *arguments) {                          \
    const snnrt_##family##_shape shape = family##_shape(&INTEGER(1));         \
    snnrt_##name(ARRAY(0), (uint32_t)INTEGER(0), ARRAY(1), ARRAY(2), &shape); \
    return 0;                                                                 \
  }

/* integers: count, then the shape; arrays: list, values, weights, current. */
#define SCATTER_VALUES_KERNEL(name, family)                                   \
  static int32_t run_##name(const call *arguments) {                          \
    const snnrt_##family##_shape shape = family##_shape(&INTEGER(1));         \
    snnrt_##name(ARRAY(0), (uint32_t)INTEGER(0), ARRAY(1), ARRAY(2),          \
                 ARRAY(3), &shape);                                           \
    return 0;                                                                 \
  }

SCATTER_KERNEL(linear_scatter_s16, linear)
SCATTER_KERNEL(linear_scatter_s32, linear)
SCATTER_VALUES_KERNEL(linear_scatter_values_s16, linear)
SCATTER_VALUES_KERNEL(linear_scatter_values_s32, linear)
SCATTER_KERNEL(linear_scatter_packed4_s16, linear)
SCATTER_KERNEL(linear_scatter_packed4_s32, linear)
SCATTER_VALUES_KERNEL(linear_scatter_packed4_values_s16, linear)
SCATTER_VALUES_KERNEL(linear_scatter_packed4_values_s32, linear)
SCATTER_KERNEL(linear_scatter_packed2_s16, linear)
SCATTER_KERNEL(linear_scatter_packed2_s32, linear)
SCATTER_VALUES_KERNEL(linear_scatter_packed2_values_s16, linear)
SCATTER_VALUES_KERNEL(linear_scatter_packed2_values_s32, linear)
SCATTER_KERNEL(conv2d_scatter_s16, conv2d)
SCATTER_KERNEL(conv2d_scatter_s32, conv2d)
SCATTER_VALUES_KERNEL(conv2d_scatter_values_s16, conv2d)
SCATTER_VALUES_KERNEL(conv2d_scatter_values_s32, conv2d)
SCATTER_KERNEL(conv2d_scatter_packed4_s16, conv2d)
SCATTER_KERNEL(conv2d_scatter_packed4_s32, conv2d)
SCATTER_VALUES_KERNEL(conv2d_scatter_packed4_values_s16, conv2d)
SCATTER_VALUES_KERNEL(conv2d_scatter_packed4_values_s32, conv2d)
SCATTER_KERNEL(conv2d_scatter_packed2_s16, conv2d)
SCATTER_KERNEL(conv2d_scatter_packed2_s32, conv2d)
SCATTER_VALUES_KERNEL(conv2d_scatter_packed2_values_s16, conv2d)
SCATTER_VALUES_KERNEL(conv2d_scatter_packed2_values_s32, conv2d)

SCATTER_KERNEL(linear_gather_s16, linear)
SCATTER_KERNEL(linear_gather_s32, linear)
SCATTER_VALUES_KERNEL(linear_gather_values_s16, linear)
SCATTER_VALUES_KERNEL(linear_gather_packed4_values_s16, linear)

/* integers: count, shape, rows of lanes; arrays: list, values, weights,
   current. */
#define GATHER_WIDE_VALUES_KERNEL(name)                                       \
  static int32_t run_##name(const call *arguments) {                          \
    const snnrt_linear_shape shape = linear_shape(&INTEGER(1));               \
    snnrt_##name(ARRAY(0), (uint32_t)INTEGER(0), ARRAY(1), ARRAY(2),          \
                 ARRAY(3), (uint32_t)INTEGER(3), &shape);                     \
    return 0;                                                                 \
  }

GATHER_WIDE_VALUES_KERNEL(linear_gather_values_s32)
GATHER_WIDE_VALUES_KERNEL(linear_gather_packed4_values_s32)

/* integers: shape; arrays: values, weights, current. */
#define LINEAR_COUNTS_KERNEL(name)                                   \
  static int32_t run_##name(const call *arguments) {                 \
    const snnrt_linear_shape shape = linear_shape(&INTEGER(0));      \
    snnrt_##name(ARRAY(0), ARRAY(1), ARRAY(2), &shape);              \
    return 0;                                                        \
  }

LINEAR_COUNTS_KERNEL(linear_counts_s16)
LINEAR_COUNTS_KERNEL(linear_counts_s32)

/* integers: shape; arrays: values, pairs, weights, current. */
#define LINEAR_DOT_KERNEL(name)                                      \
  static int32_t run_##name(const call *arguments) {                 \
    const snnrt_linear_shape shape = linear_shape(&INTEGER(0));      \
    snnrt_##name(ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3), &shape);    \
    return 0;                                                        \
  }

LINEAR_DOT_KERNEL(linear_dot_s16)
LINEAR_DOT_KERNEL(linear_dot_s32)

/* integers: shape; arrays: values, strip, pairs, weights, current. */
#define CONV2D_DOT_KERNEL(name)                                       \
  static int32_t run_##name(const call *arguments) {                  \
    const snnrt_conv2d_shape shape = conv2d_shape(&INTEGER(0));       \
    snnrt_##name(ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4),    \
                 &shape);                                             \
    return 0;                                                         \
  }

CONV2D_DOT_KERNEL(conv2d_dot_s16)
CONV2D_DOT_KERNEL(conv2d_dot_s32)

/* integers: shape of the convolution, then of a row of windows; arrays: values,
   strip, pairs, weights, current, output. */
#define CONV2D_DOT_POOL_KERNEL(name)                                          \
  static int32_t run_##name(const call *arguments) {                          \
    const snnrt_conv2d_shape shape = conv2d_shape(&INTEGER(0));               \
    const snnrt_pool2d_shape window = pool2d_shape(&INTEGER(15));             \
    snnrt_##name(ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4), ARRAY(5),  \
                 &shape, &window);                                            \
    return 0;                                                                 \
  }
CONV2D_DOT_POOL_KERNEL(conv2d_dot_max_pool2d_s16)
CONV2D_DOT_POOL_KERNEL(conv2d_dot_max_pool2d_s32)
CONV2D_DOT_POOL_KERNEL(conv2d_dot_sum_pool2d_s16_s16)
CONV2D_DOT_POOL_KERNEL(conv2d_dot_sum_pool2d_s16_s32)
CONV2D_DOT_POOL_KERNEL(conv2d_dot_sum_pool2d_s32_s32)

/* integers: count, then the shape; arrays: list, values where there are any,
   starts, entries, current. */
#define SPARSE_KERNEL(name, ...)                                           \
  static int32_t run_##name(const call *arguments) {                       \
    const snnrt_sparse_shape shape = sparse_shape(&INTEGER(1));            \
    snnrt_##name(ARRAY(0), (uint32_t)INTEGER(0), __VA_ARGS__, &shape);     \
    return 0;                                                              \
  }

SPARSE_KERNEL(linear_scatter_sparse_s16, ARRAY(1), ARRAY(2), ARRAY(3))
SPARSE_KERNEL(linear_scatter_sparse_s32, ARRAY(1), ARRAY(2), ARRAY(3))
SPARSE_KERNEL(linear_scatter_sparse_values_s16, ARRAY(1), ARRAY(2), ARRAY(3),
              ARRAY(4))
SPARSE_KERNEL(linear_scatter_sparse_values_s32, ARRAY(1), ARRAY(2), ARRAY(3),
              ARRAY(4))

/* integers: count, then the shape; arrays: list, values where there are any,
   starts, distances, weights or blocks, current. */
#define SPARSE_CONV_KERNEL(name, ...)                                      \
  static int32_t run_##name(const call *arguments) {                       \
    const snnrt_conv2d_shape shape = conv2d_shape(&INTEGER(1));            \
    snnrt_##name(ARRAY(0), (uint32_t)INTEGER(0), __VA_ARGS__, &shape);     \
    return 0;                                                              \
  }

SPARSE_CONV_KERNEL(conv2d_scatter_sparse_s16, ARRAY(1), ARRAY(2), ARRAY(3),
                   ARRAY(4))
SPARSE_CONV_KERNEL(conv2d_scatter_sparse_s32, ARRAY(1), ARRAY(2), ARRAY(3),
                   ARRAY(4))
SPARSE_CONV_KERNEL(conv2d_scatter_sparse_values_s16, ARRAY(1), ARRAY(2),
                   ARRAY(3), ARRAY(4), ARRAY(5))
SPARSE_CONV_KERNEL(conv2d_scatter_sparse_values_s32, ARRAY(1), ARRAY(2),
                   ARRAY(3), ARRAY(4), ARRAY(5))
SPARSE_CONV_KERNEL(conv2d_scatter_blocks_s16, ARRAY(1), ARRAY(2), ARRAY(3),
                   ARRAY(4))
SPARSE_CONV_KERNEL(conv2d_scatter_blocks_s32, ARRAY(1), ARRAY(2), ARRAY(3),
                   ARRAY(4))
SPARSE_CONV_KERNEL(conv2d_scatter_blocks_values_s16, ARRAY(1), ARRAY(2),
                   ARRAY(3), ARRAY(4), ARRAY(5))
SPARSE_CONV_KERNEL(conv2d_scatter_blocks_values_s32, ARRAY(1), ARRAY(2),
                   ARRAY(3), ARRAY(4), ARRAY(5))

/* integers: count; arrays: list, values where there are any, starts, blocks,
   weights, current. */
VOID_KERNEL(linear_scatter_blocks_s16, ARRAY(0), (uint32_t)INTEGER(0), ARRAY(1),
            ARRAY(2), ARRAY(3), ARRAY(4))
VOID_KERNEL(linear_scatter_blocks_s32, ARRAY(0), (uint32_t)INTEGER(0), ARRAY(1),
            ARRAY(2), ARRAY(3), ARRAY(4))
VOID_KERNEL(linear_scatter_blocks_values_s16, ARRAY(0), (uint32_t)INTEGER(0),
            ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4), ARRAY(5))
VOID_KERNEL(linear_scatter_blocks_values_s32, ARRAY(0), (uint32_t)INTEGER(0),
            ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4), ARRAY(5))

#endif
