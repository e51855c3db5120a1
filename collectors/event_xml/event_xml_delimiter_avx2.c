/* The build compiles this file for AVX2. */
#include "collectors/event_xml/event_xml_delimiter_vector.h"
