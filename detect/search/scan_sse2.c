#include "detect/search/scan_vector.h"
