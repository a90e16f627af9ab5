#include "timed.h"
#include <stdlib.h>
bool timed_on;
uint64_t timed_now(void){return 0;}
void timed_advance(const struct emu_command *command, uint32_t reply){(void)command,(void)reply;}
uint64_t timed_clock(void){return 0;}
uint32_t timed_observe32(const uint32_t *p){return *p;}
uint64_t timed_observe64(const uint64_t *p){return *p;}
void timed_publish(const void *p, uint64_t v){(void)p,(void)v;}
void timed_atomic(const void *p, uint64_t v){(void)p,(void)v;}
uint32_t timed_reg_load(struct core_registers *r, uint32_t o){(void)r,(void)o;return 0;}
void timed_reg_store(struct core_registers *r, uint32_t o, uint32_t v){(void)r,(void)o,(void)v;}
uint32_t timed_core_dmb(struct agent *s){(void)s;return 0;}
void timed_core_set_cond(struct agent *s, uint32_t v){(void)s,(void)v;}
void timed_core_clean(struct agent *s){(void)s;}
void timed_kernel_begin(struct agent *s, uint64_t i, uint64_t d){(void)s,(void)i,(void)d;}
void timed_kernel_end(struct agent *s, uint64_t i){(void)s,(void)i;}
static void init(void){abort();}
const struct engine engine_timed={.name="timed",.init=init};
