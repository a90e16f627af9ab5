/* What orchestration and golden agree on. */
#ifndef SCALAR_DATA_LAYOUT_H
#define SCALAR_DATA_LAYOUT_H

enum { PROBE = 5, MARK = 6, LOOP = 7 }; /* elements that the orchestration reads or writes */
enum { STEP = 8, LIMIT = 40, CHANGE = 100 };
enum { ROW_INITIAL, ROW_CONFIG, ROWS_PORTABLE, ROW_OLD = ROWS_PORTABLE, ROW_NEW, ROW_LOOP, ROW_SET, ROWS };

#endif
