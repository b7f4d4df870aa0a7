/* CMSIS-NN as generated code calls it, for versions 5 to 7 of the library.

   The library has no version macro. MAX_COL_COUNT came to its header of support
   functions with the biases as structs and is in every release from 6 on.
   Define SNNRT_CMSIS_NN_VERSION where another copy needs it. */
#ifndef SNNRT_CMSIS_NN_H
#define SNNRT_CMSIS_NN_H

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef SNNRT_CMSIS_NN_VERSION
#ifdef MAX_COL_COUNT
#define SNNRT_CMSIS_NN_VERSION 6
#else
#define SNNRT_CMSIS_NN_VERSION 5
#endif
#endif

#if SNNRT_CMSIS_NN_VERSION < 5
#error "CMSIS-NN 5 or later is needed"
#endif

/* Requantisation parameters with which the library returns its accumulator. */
#define SNNRT_CMSIS_NN_MULTIPLIER ((int32_t)1 << 30)
#define SNNRT_CMSIS_NN_SHIFT 1

/* arm_convolve_wrapper_s16 without a bias. Version 5 takes biases of 64 bits or
   none; from 6 on it reads a struct, which must exist and says that sums have
   32 bits. */
static inline void snnrt_cmsis_convolve_wrapper_s16(
    const cmsis_nn_context *context, const cmsis_nn_conv_params *parameters,
    const cmsis_nn_per_channel_quant_params *quantization,
    const cmsis_nn_dims *input_dims, const int16_t *input,
    const cmsis_nn_dims *filter_dims, const int8_t *filter,
    const cmsis_nn_dims *bias_dims, const cmsis_nn_dims *output_dims,
    int16_t *output) {
#if SNNRT_CMSIS_NN_VERSION >= 6
  const cmsis_nn_bias_data no_bias = {NULL, true};
  const cmsis_nn_bias_data *bias = &no_bias;
#else
  const int64_t *bias = NULL;
#endif
  (void)arm_convolve_wrapper_s16(context, parameters, quantization, input_dims,
                                 input, filter_dims, filter, bias_dims, bias,
                                 output_dims, output);
}

/* output += filter input, saturating. filter: [rows][columns]; bias: zeros,
   which the library reads. It has another name and other parameters from
   version 6 on. */
static inline void snnrt_cmsis_accumulate_s8_s16(
    const int8_t *input, const int8_t *filter, const int32_t *bias,
    int16_t *output, int32_t columns, int32_t rows) {
#if SNNRT_CMSIS_NN_VERSION >= 6
  (void)arm_nn_vec_mat_mul_result_acc_s8_s16(
      input, filter, bias, output, SNNRT_CMSIS_NN_MULTIPLIER,
      SNNRT_CMSIS_NN_SHIFT, columns, rows, 1, 1);
#else
  arm_nn_vec_mat_mul_result_acc_s8(input, filter, bias, output, 0,
                                   SNNRT_CMSIS_NN_MULTIPLIER,
                                   SNNRT_CMSIS_NN_SHIFT, columns, rows, 1);
#endif
}

#endif
