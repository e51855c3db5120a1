#include "detect/scan_vector.h"
