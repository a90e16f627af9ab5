# file: src/host/handle.c
# fault: the next object in an entry of the handles' table has the handle of the one before
# caught by: host_test_handles a_stale_handle_*
s/memory_order_relaxed) + 1, memory_order_relaxed/memory_order_relaxed) + 0, memory_order_relaxed/
s/atomic_fetch_add(&e->use, 1); /if (!e->use) atomic_fetch_add(\&e->use, 1); /
