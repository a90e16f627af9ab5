#include "card.h"
#include "check.h"
TEST(todo_timed){SKIP("later");}
TEST_MAIN
