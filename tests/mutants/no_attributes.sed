# file: src/emu/lib/launch.c
# fault: a launch configuration without attributes is refused
# caught by: test_emu_checks every_check_answers_the_code_that_the_page_states
s/if (config \&\& !config->attrs)/if (config \&\& (!config->attrs || !config->numAttrs))/
