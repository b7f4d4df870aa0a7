/* Short runs of pairs, such as the weights that an input keeps.

   ADD(n) adds the pair that begins n pairs before the end of a run, ADVANCE(n)
   moves that end n pairs back; pairs are added in any order. Runs are short, so
   that a jump into unrolled code is cheaper than a loop:
     if (pairs > SNNRT_UNROLLED_PAIRS) {
       SNNRT_LOOP_OVER_PAIRS(pairs, ADD, ADVANCE)
       return;
     }
     SNNRT_JUMP_INTO_PAIRS(pairs, ADD) */
#ifndef SNNRT_PAIR_RUNS_H
#define SNNRT_PAIR_RUNS_H

#include "base.h"

/* Most pairs that SNNRT_JUMP_INTO_PAIRS can add. */
#define SNNRT_UNROLLED_PAIRS 8

#define SNNRT_JUMP_INTO_PAIRS(pairs, ADD)  \
  switch (pairs) {                         \
    case 8: ADD(8); SNNRT_FALL_THROUGH;    \
    case 7: ADD(7); SNNRT_FALL_THROUGH;    \
    case 6: ADD(6); SNNRT_FALL_THROUGH;    \
    case 5: ADD(5); SNNRT_FALL_THROUGH;    \
    case 4: ADD(4); SNNRT_FALL_THROUGH;    \
    case 3: ADD(3); SNNRT_FALL_THROUGH;    \
    case 2: ADD(2); SNNRT_FALL_THROUGH;    \
    case 1: ADD(1); SNNRT_FALL_THROUGH;    \
    default: break;                        \
  }

/* Uses the variable `pairs` up. */
#define SNNRT_LOOP_OVER_PAIRS(pairs, ADD, ADVANCE)  \
  for (; (pairs) >= 4; (pairs) -= 4) {              \
    ADD(1);                                         \
    ADD(2);                                         \
    ADD(3);                                         \
    ADD(4);                                         \
    ADVANCE(4);                                     \
  }                                                 \
  for (; (pairs) > 0; --(pairs)) {                  \
    ADD(1);                                         \
    ADVANCE(1);                                     \
  }

#endif
