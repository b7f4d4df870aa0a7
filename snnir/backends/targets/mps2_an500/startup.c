/* Reset and fault handling for a Cortex-M7 image without CMSIS-Core. The
   program's main() takes no arguments; its result is the exit status. */
#include <stddef.h>
#include <stdint.h>

#include "semihosting.h"

extern uint32_t __data_start[], __data_end[], __data_load[];
extern uint32_t __bss_start[], __bss_end[];

int main(void);
void Reset_Handler(void);

#define FAULT_EXIT_STATUS 99

/* Coprocessor access control and configurable fault status registers. */
#define CPACR (*(volatile uint32_t *)0xE000ED88u)
#define CFSR (*(volatile uint32_t *)0xE000ED28u)
#define CPACR_FPU_FULL_ACCESS (0xFu << 20)

/* Program counter in the exception frame that the processor stacks. */
enum { FRAME_PROGRAM_COUNTER = 6 };

__attribute__((used)) static void report_fault(const uint32_t *frame) {
  snn_write0("fault at pc ");
  snn_write_unsigned(frame[FRAME_PROGRAM_COUNTER]);
  snn_write0(", cfsr ");
  snn_write_unsigned(CFSR);
  snn_write0("\n");
  snn_exit(FAULT_EXIT_STATUS);
}

__attribute__((naked)) static void Fault_Handler(void) {
  __asm__ volatile("mov r0, sp\n\tb report_fault");
}

__attribute__((noreturn)) void Reset_Handler(void) {
  CPACR |= CPACR_FPU_FULL_ACCESS;
  __asm__ volatile("dsb\n\tisb" ::: "memory");
  const uint32_t *source = __data_load;
  for (uint32_t *word = __data_start; word != __data_end; ++word) {
    *word = *source++;
  }
  for (uint32_t *word = __bss_start; word != __bss_end; ++word) {
    *word = 0;
  }
  /* Only below this function's own frame is the stack free. */
  uint32_t *const frame = (uint32_t *)__builtin_frame_address(0);
  for (uint32_t *word = __stack_limit; word < frame - 16; ++word) {
    *word = SNN_STACK_PATTERN;
  }
  snn_exit(main());
}

/* Initial stack pointer, reset, then all system exceptions. */
__attribute__((section(".vectors"), used)) static const void *const
    vectors[16] = {__stack_top,   Reset_Handler, Fault_Handler, Fault_Handler,
                   Fault_Handler, Fault_Handler, Fault_Handler, NULL,
                   NULL,          NULL,          NULL,          Fault_Handler,
                   Fault_Handler, NULL,          Fault_Handler, Fault_Handler};
