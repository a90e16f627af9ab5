# file: src/aicpu/balance.c
# fault: who takes from the shelf loses what it does not want
# caught by: cross_scheduler_units a_loaded_scheduler_feeds_a_hungry_one_*
/^static bool pull/,/^}/s/shelf_put(shelf, s->state, list, true);//
