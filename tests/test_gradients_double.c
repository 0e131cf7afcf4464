/* tests/test_gradients.c in double precision (tests/in_double.h): there the compositions are checked too. */
#include "test_gradients.c"
