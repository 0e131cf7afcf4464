/* tests/test_spectral.c in double precision (tests/in_double.h): there derivatives are checked too. */
#include "test_spectral.c"
