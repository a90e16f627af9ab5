#include "card.h"
#include "check.h"
TEST(todo_idle){SKIP("later");}
TEST_MAIN
