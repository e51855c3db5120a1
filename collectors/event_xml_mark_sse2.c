#include "collectors/event_xml_mark_vector.h"
