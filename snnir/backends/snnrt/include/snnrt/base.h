/* Definitions shared by every snnrt header. */
#ifndef SNNRT_BASE_H
#define SNNRT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) && defined(__OPTIMIZE__)
/* Forced inlining is what turns a shape known at compile time into
   specialised code, also at -O2 and for kernels called more than once. At -O0
   nothing is specialised, and every copy would only take flash. */
#define SNNRT_KERNEL static inline __attribute__((always_inline))
#else
#define SNNRT_KERNEL static inline
#endif

/* Before a loop over a pooling window or over the words of a row: these are
   short, and at -O2 compilers would keep even those of constant size as loops. */
#if defined(__clang__)
#define SNNRT_UNROLL_WINDOW _Pragma("unroll(4)")
#define SNNRT_UNROLL_ROW _Pragma("unroll(32)")
#elif defined(__GNUC__) && defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)
#define SNNRT_UNROLL_WINDOW _Pragma("GCC unroll 4")
#define SNNRT_UNROLL_ROW _Pragma("GCC unroll 32")
#else
#define SNNRT_UNROLL_WINDOW
#define SNNRT_UNROLL_ROW
#endif

/* Before a loop over the steps of a batch, whose bits become immediate operands.
   Where shapes are not constants, code for each step would be for nothing. */
#ifndef SNNRT_UNROLL_STEPS
#if defined(__clang__)
#define SNNRT_UNROLL_STEPS _Pragma("unroll(16)")
#elif defined(__GNUC__) && defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)
#define SNNRT_UNROLL_STEPS _Pragma("GCC unroll 16")
#else
#define SNNRT_UNROLL_STEPS
#endif
#endif

/* Before a loop whose body is long enough: compilers would unroll it for its
   small number of turns. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#define SNNRT_KEEP_LOOP _Pragma("GCC unroll 1")
#else
#define SNNRT_KEEP_LOOP
#endif

/* Before loops over lanes that compilers for computers turn into vector
   instructions; what they read and write does not overlap. A short loop gcc
   would unroll before it looks for such instructions. Clang needs no help, and
   warns of hints that it cannot take. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#define SNNRT_VECTOR_LOOP _Pragma("GCC ivdep")
#define SNNRT_SHORT_VECTOR_LOOP _Pragma("GCC unroll 1") _Pragma("GCC ivdep")
#else
#define SNNRT_VECTOR_LOOP
#define SNNRT_SHORT_VECTOR_LOOP
#endif

/* Hides from the compiler what is known of a pointer, so that it is kept. */
#if defined(__GNUC__)
#define SNNRT_OPAQUE(pointer) __asm__("" : "+r"(pointer))
#else
#define SNNRT_OPAQUE(pointer) ((void)(pointer))
#endif

/* Before a `case`: that control goes on into it is meant. */
#if defined(__GNUC__)
#define SNNRT_FALL_THROUGH __attribute__((fallthrough))
#else
#define SNNRT_FALL_THROUGH ((void)0)
#endif

/* Whether element-wise kernels use packed arithmetic. The portable fallbacks
   of packed.h give the same bits but are slower than plain loops, so the
   default is packed only where the instructions exist. */
#ifndef SNNRT_PACKED
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
#define SNNRT_PACKED 1
#else
#define SNNRT_PACKED 0
#endif
#endif

/* How many values a parameter array holds: one for the layer, one for each
   channel, or one for each neuron (positions * channels in HWC order). */
typedef enum snnrt_extent {
  SNNRT_EXTENT_LAYER,
  SNNRT_EXTENT_CHANNEL,
  SNNRT_EXTENT_NEURON
} snnrt_extent;

/* Index into a parameter array of the given extent for the neuron with flat
   HWC index `neuron`, which lies in channel `channel`. */
SNNRT_KERNEL int32_t snnrt_extent_index(snnrt_extent extent, int32_t neuron,
                                        int32_t channel) {
  if (extent == SNNRT_EXTENT_LAYER) {
    return 0;
  }
  return extent == SNNRT_EXTENT_CHANNEL ? channel : neuron;
}

SNNRT_KERNEL int32_t snnrt_min(int32_t a, int32_t b) { return a < b ? a : b; }

SNNRT_KERNEL int32_t snnrt_max(int32_t a, int32_t b) { return a > b ? a : b; }

#endif
