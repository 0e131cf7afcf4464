/* tests/test_ops.c in double precision (tests/in_double.h): there the derivatives are checked too. */
#include "test_ops.c"
