#include "fixture.h"
#include "port/port.h"

#define ENTRY __attribute__((visibility("default"))) void
ENTRY fixture_mix_aic(uint64_t address);
ENTRY fixture_mix_aiv(uint64_t address);
ENTRY fixture_two_aic(uint64_t a, uint64_t b);

static void work(uint64_t address)
{
    struct fixture_control *control = (struct fixture_control *)(uintptr_t)address;
    uint32_t number = 3 * port_core_block() + (port_core_type() ? 1 + port_core_sub_block() : 0), last = 0;

    control->hello[number].physical = port_core_physical();
    control->hello[number].type = port_core_type();
    control->hello[number].block = port_core_block();
    control->hello[number].sub_block = port_core_sub_block();
    port_publish32(&control->hello[number].here, 1);
    port_kick(PORT_AGENT_ALL_AICPU);
    for (;;) {
        port_token token = port_wait_begin();
        uint32_t task = port_core_dmb();
        if (task == last) {
            port_wait(token);
            continue;
        }
        last = task;
        if (task == FIXTURE_EXIT) break;
        if (control->image) port_core_run(control->image, control->payload[number].args);
        port_core_set_cond(FIXTURE_DONE | task);
    }
    port_core_set_cond(FIXTURE_EXIT);
}

ENTRY fixture_mix_aic(uint64_t address)
{
    work(address);
}

ENTRY fixture_mix_aiv(uint64_t address)
{
    work(address);
}

/* Two parameters: adds the second to the word at the first. */
ENTRY fixture_two_aic(uint64_t a, uint64_t b)
{
    *(uint64_t *)(uintptr_t)a += b;
}
