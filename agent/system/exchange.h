/* exchange: where Microsoft Exchange Server and its files stand on this computer (exchange_win.c, exchange_posix.c). */
#ifndef AGENT_SYSTEM_EXCHANGE_H
#define AGENT_SYSTEM_EXCHANGE_H

/*
 * The directory that Exchange 2013 or later is installed in, for the caller to free. Returns 0, -ENOENT: it is not
 * installed, or another negative errno value. Source: the value MsiInstallPath of
 * HKLM\SOFTWARE\Microsoft\ExchangeServer\v15\Setup, as Exchange's own scripts read it.
 */
int exchange_directory(char **out);

/*
 * The directory of its cmdlet log files of local runs, for the caller to free; configured: that one (NULL: Exchange's
 * own). Returns as exchange_directory().
 */
int exchange_cmdlet_files(char **out, const char *configured);

#endif
