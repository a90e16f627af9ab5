# file: src/aicpu/balance.c
# fault: a scheduler with work of its own takes more from the shelf
# caught by: cross_scheduler_units idle_cores_fetch_*
s/if (!s->shelf_seen\[shape\] || s->ready\[shape\]\.count > 0) continue;/if (!s->shelf_seen[shape]) continue;/
