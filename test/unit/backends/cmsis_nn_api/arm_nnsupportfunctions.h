/* The support functions of CMSIS-NN that generated code calls, see
   arm_nn_types.h, and the macro by which versions are told apart. */
#ifndef ARM_NNSUPPORTFUNCTIONS_H
#define ARM_NNSUPPORTFUNCTIONS_H

#include "arm_nn_types.h"

#define MAX(A, B) ((A) > (B) ? (A) : (B))
#define MIN(A, B) ((A) < (B) ? (A) : (B))

#if LIBRARY_VERSION >= 6
#define MAX_COL_COUNT (512)

arm_cmsis_nn_status arm_nn_vec_mat_mul_result_acc_s8_s16(
    const int8_t *lhs, const int8_t *rhs, const int32_t *effective_bias,
    int16_t *dst, const int32_t dst_multiplier, const int32_t dst_shift,
    const int32_t rhs_cols, const int32_t rhs_rows, const int32_t batches,
    const int32_t batch_offset);
#else
void arm_nn_vec_mat_mul_result_acc_s8(
    const int8_t *lhs, const int8_t *rhs, const int32_t *bias, int16_t *dst,
    const int32_t dst_offset, const int32_t dst_multiplier,
    const int32_t dst_shift, const int32_t rhs_cols, const int32_t rhs_rows,
    const int32_t batch);
#endif

arm_cmsis_nn_status arm_nn_mat_mult_nt_t_s8_s32(
    const int8_t *lhs, const int8_t *rhs, int32_t *dst, const int32_t lhs_rows,
    const int32_t rhs_rows, const int32_t rhs_cols, const int32_t lhs_offset,
    const int32_t dst_idx_offset);

#endif
