/* Points in time as text. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_TIMESTAMP_H
#define SASREC_CLI_FILES_TIMESTAMP_H

#include <stdint.h>

#define TIMESTAMP_SIZE 32

/* RFC 3339 ("2026-02-28T09:30:00.25+01:00", a space for the T too), a day
 * ("2026-02-28", its beginning in UTC) or unix seconds ("1772267400.25"), years 1 to
 * 9999, as unix microseconds. -1: none of these. */
int timestamp_parse (const char *text, int64_t *unix_us);

/* RFC 3339 in UTC with microseconds. */
void timestamp_format (int64_t unix_us, char text[TIMESTAMP_SIZE]);

#endif
