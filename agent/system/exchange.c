#include "agent/system/exchange.h"

#include "agent/system/file.h"
#include "detect/base/text.h"

#include <errno.h>
#include <stdlib.h>

#define BELOW "Logging\\CmdletInfra\\LocalPowerShell\\Cmdlet"

int exchange_cmdlet_files(char **out, const char *configured)
{
    char *exchange = NULL;
    if (configured != NULL) {
        *out = text_dup(text_from(configured));
        return *out == NULL ? -ENOMEM : 0;
    }
    int rc = exchange_directory(&exchange);
    if (rc == 0)
        rc = file_join(out, exchange, BELOW);
    free(exchange);
    return rc;
}
