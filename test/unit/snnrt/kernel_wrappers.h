/* What functions that call kernels of one kind with arguments from a file need. */
#ifndef KERNEL_WRAPPERS_H
#define KERNEL_WRAPPERS_H

#include "kernel_call.h"
#include "snnrt/snnrt.h"

/* Arguments of the call in the scope of a kernel wrapper. */
#define INTEGER(i) (arguments->integers[i])
#define ARRAY(i) (arguments->arrays[i].data)

/* An empty array stands for a NULL pointer. */
static void *optional(const array *argument) {
  return argument->bytes == 0 ? NULL : argument->data;
}

#define VOID_KERNEL(name, ...)                              \
  static int32_t run_##name(const call *arguments) {        \
    snnrt_##name(__VA_ARGS__);                              \
    return 0;                                               \
  }

#define RESULT_KERNEL(name, ...)                            \
  static int32_t run_##name(const call *arguments) {        \
    return (int32_t)snnrt_##name(__VA_ARGS__);              \
  }

static snnrt_conv2d_shape conv2d_shape(const int32_t *integers) {
  snnrt_conv2d_shape shape;
  memcpy(&shape, integers, sizeof shape);
  return shape;
}

static snnrt_pool2d_shape pool2d_shape(const int32_t *integers) {
  snnrt_pool2d_shape shape;
  memcpy(&shape, integers, sizeof shape);
  return shape;
}

static snnrt_linear_shape linear_shape(const int32_t *integers) {
  const snnrt_linear_shape shape = {integers[0], integers[1]};
  return shape;
}

static snnrt_sparse_shape sparse_shape(const int32_t *integers) {
  const snnrt_sparse_shape shape = {integers[0], integers[1], integers[2]};
  return shape;
}

static snnrt_lif_shape lif_shape(const int32_t *integers) {
  const snnrt_lif_shape shape = {integers[0],
                                 integers[1],
                                 (snnrt_reset)integers[2],
                                 (snnrt_reset_timing)integers[3],
                                 (snnrt_compare)integers[4],
                                 integers[5],
                                 integers[6] != 0,
                                 integers[7] != 0,
                                 (snnrt_extent)integers[8],
                                 (snnrt_extent)integers[9],
                                 (snnrt_extent)integers[10],
                                 integers[11] != 0};
  return shape;
}

static snnrt_alpha_shape alpha_shape(const int32_t *integers) {
  const snnrt_alpha_shape shape = {
      integers[0],
      integers[1],
      (snnrt_reset)integers[2],
      (snnrt_compare)integers[3],
      integers[4],
      integers[5] != 0,
      integers[6] != 0,
      (snnrt_extent)integers[7],
      (snnrt_extent)integers[8],
      (snnrt_extent)integers[9],
      (snnrt_extent)integers[10],
      (snnrt_extent)integers[11],
      (snnrt_extent)integers[12],
      integers[13] != 0};
  return shape;
}

#endif
