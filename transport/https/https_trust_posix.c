#include "transport/https/https_trust.h"

void https_trust_use_system(SSL_CTX *tls)
{
    (void)tls;
}
