#include "collectors/event_xml/event_xml_delimiter_vector.h"
