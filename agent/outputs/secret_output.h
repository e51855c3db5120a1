/*
 * secret_output: one output's settings with their secrets in the place of the references, and a fingerprint of all that
 * was read from outside the config for it.
 */
#ifndef AGENT_OUTPUTS_SECRET_OUTPUT_H
#define AGENT_OUTPUTS_SECRET_OUTPUT_H

#include "agent/config/config.h"
#include "detect/base/fault.h"
#include "transport/document/sha256.h"

/* Copies from into *to, with secrets read; what is no secret is borrowed from from. Returns 0, or as secret_read();
 * then *to is empty. secret_output_close() wipes and frees. */
int secret_output_open(struct config_output *to, const struct config_output *from, struct fault *fault);
void secret_output_close(struct config_output *opened);

/* The SHA-256 of opened's secrets and of the contents of the files that it names (a file that can't be read counts as
 * empty): another one means that something changed. Returns 0, -ENOMEM or -EIO. */
int secret_output_stamp(char hex[SHA256_HEX_SIZE], const struct config_output *opened);

#endif
