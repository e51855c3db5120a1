#include "collectors/event_xml/event_xml_mark_vector.h"
