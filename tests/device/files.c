#include "card.h"
#include "check.h"
TEST(todo_files){SKIP("later");}
TEST_MAIN
