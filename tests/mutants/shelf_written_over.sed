# file: src/aicpu/shelf.h
# fault: a list put on a shelf that is not empty takes the place of what lies there
# caught by: cross_scheduler_units a_shelf_keeps_order_*
/^static inline uint32_t shelf_put/,/^}/s/if (shelf_take(.*$/if (word) {/
/^static inline uint32_t shelf_put/,/^}/s/shelf_join(.*;//
/^static inline uint32_t shelf_put/,/^}/s/list = there;//
/^static inline uint32_t shelf_put/,/^}/s/word = 0; .*$//
