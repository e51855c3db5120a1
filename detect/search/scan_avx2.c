/* The build compiles this file for AVX2. */
#include "detect/search/scan_vector.h"
