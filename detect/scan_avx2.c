/* The build compiles this file for AVX2. */
#include "detect/scan_vector.h"
