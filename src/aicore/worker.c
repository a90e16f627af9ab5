/* The AICore program: what every core runs between the launch and EXIT.
 *
 * A core announces itself in its hello line, waits until the AICPU thread that owns it stores something to
 * DATA_MAIN_BASE, and from then on runs what the numbers there name, in order. The AICPU never stores a number before
 * the core has acknowledged the last one, so each new value is one task. Only the two entries are global symbols: the
 * driver takes every global function of the ELF for a kernel. C11, no static data, no library: the vendor's compiler.
 */
#include "protocol/protocol.h"
#include "port/port.h"

#ifndef PORT_CORE_ENTRY
#define PORT_CORE_ENTRY __attribute__((visibility("default")))
#define PORT_CORE_FUNCTION
#define PORT_GM
#define PORT_CORE_HALF 3 /* both halves of the MIX kernel in one program: bit 0 AIC, bit 1 AIV */
#endif

/* Index among the launch's cores: AICs first, then the AIVs of block 0, 1, … in pairs. */
PORT_CORE_FUNCTION static uint32_t core_index(PORT_GM const struct run_control *control)
{
    uint32_t block = port_core_block();
    return port_core_type() == 0 ? block : control->block_dim + 2 * block + port_core_sub_block();
}

PORT_CORE_FUNCTION static void say_hello(PORT_GM const struct run_control *control, uint32_t index)
{
    PORT_GM struct core_hello *hello = (PORT_GM struct core_hello *)(uintptr_t)control->hello + index;
    hello->physical_core = port_core_physical();
    hello->core_type = port_core_type();
    hello->block = port_core_block();
    hello->sub_block = port_core_sub_block();
    hello->protocol_version = PROTOCOL_VERSION;
    port_publish32(&hello->run_number, control->run_number);
    port_core_cache_clean(hello, sizeof *hello);
    port_kick(PORT_AGENT_ALL_AICPU);
}

/* Waits for a value of DATA_MAIN_BASE other than `last` and returns it. */
PORT_CORE_FUNCTION static uint32_t next_number(uint32_t last)
{
    for (;;) {
        port_token token = port_wait_begin();
        uint32_t number = port_core_dmb();
        if (number != last) return number;
        port_wait(token);
    }
}

/* Waits until the doorbell opens the gate of `number`. False: DATA_MAIN_BASE has another value, so it never will. */
PORT_CORE_FUNCTION static bool pass_gate(uint32_t number)
{
    for (;;) {
        port_token token = port_wait_begin();
        if (port_core_doorbell() == number) return true;
        if (port_core_dmb() != (number | DMB_GATED)) return false;
        port_wait(token);
    }
}

/* With a gate, what precedes the kernel is done before it: invalidated, the cache holds nothing but the payload until the
 * kernel reads, because waiting reads registers only. */
PORT_CORE_FUNCTION static void run_task(PORT_GM struct dispatch_payload *payload, uint32_t value)
{
    uint32_t number = value & DMB_NUMBER_MASK;
    PORT_GM struct dispatch_payload *p = payload + (number & 1);
    bool gated = (value & DMB_GATED) != 0;
    if (gated) {
        port_core_cache_invalidate_all();
        port_core_prepare(p->kernel, p->args);
        if (!pass_gate(number)) return;
    }
    port_core_set_cond(number); /* acknowledged: the AICPU may stage the next, in the other payload */
    if (!gated) port_core_cache_invalidate_all();
    port_core_run(p->kernel, p->args);
    port_core_cache_clean_all();
    port_core_set_cond(COND_FIN | number);
}

PORT_CORE_FUNCTION static void work(uint64_t control_address)
{
    PORT_GM const struct run_control *control = (PORT_GM const struct run_control *)(uintptr_t)control_address;
    port_core_cache_invalidate(control, sizeof *control);
    if (control->protocol_version != PROTOCOL_VERSION) return; /* nothing in it can be trusted, hello's place neither */
    uint32_t index = core_index(control);
    port_core_set_cond(COND_IDLE);
    say_hello(control, index);

    uint32_t number = next_number(0); /* a launch leaves 0 in DATA_MAIN_BASE */
    PORT_GM const struct core_welcome *welcome =
        (PORT_GM const struct core_welcome *)(uintptr_t)control->welcome + index;
    port_core_cache_invalidate(welcome, sizeof *welcome);
    PORT_GM struct dispatch_payload *payload = (PORT_GM struct dispatch_payload *)(uintptr_t)welcome->payload;
    for (; number != DMB_EXIT; number = next_number(number))
        if (number != DMB_IDLE) run_task(payload, number);
    port_core_set_cond(COND_EXITED);
}

#if PORT_CORE_HALF & 1
PORT_CORE_ENTRY void npurt_aicore_0_mix_aic(uint64_t control);
PORT_CORE_ENTRY void npurt_aicore_0_mix_aic(uint64_t control)
{
    work(control);
}
#endif

#if PORT_CORE_HALF & 2
PORT_CORE_ENTRY void npurt_aicore_0_mix_aiv(uint64_t control);
PORT_CORE_ENTRY void npurt_aicore_0_mix_aiv(uint64_t control)
{
    work(control);
}
#endif
