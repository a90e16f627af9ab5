# file: src/aicpu/gate.c
# fault: a task whose gate opens while somebody stages it is sent once more
# caught by: test_staging --target emu:a5?clusters=5&explore=uniform&seed=7 --aicpu-threads 4 drawn_graphs
/^    case GATE_STAGING:$/,/^        return true;$/s/return true;/return false;/
