/* Reset and fault handling for the Cortex-M7 of an STM32H747XI, enough to link
   and start a bare image: clocks stay at their reset values and caches off. A
   product uses the start-up code of its board instead. */
#include <stddef.h>
#include <stdint.h>

extern uint32_t __data_start[], __data_end[], __data_load[];
extern uint32_t __bss_start[], __bss_end[];
extern uint32_t __stack_top[];

int main(void);
void Reset_Handler(void);

/* Coprocessor access control register. */
#define CPACR (*(volatile uint32_t *)0xE000ED88u)
#define CPACR_FPU_FULL_ACCESS (0xFu << 20)

__attribute__((noreturn)) static void Fault_Handler(void) {
  for (;;) {
  }
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
  (void)main();
  for (;;) {
  }
}

/* Initial stack pointer, reset, then all system exceptions. */
__attribute__((section(".vectors"), used)) static const void *const
    vectors[16] = {__stack_top,   Reset_Handler, Fault_Handler, Fault_Handler,
                   Fault_Handler, Fault_Handler, Fault_Handler, NULL,
                   NULL,          NULL,          NULL,          Fault_Handler,
                   Fault_Handler, NULL,          Fault_Handler, Fault_Handler};
