/* A compressed file, read as if it were not. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_PACKED_H
#define SASREC_CLI_FILES_PACKED_H

#include <stdio.h>

/* What a file's first bytes say: "gzip", "zstd", or NULL for neither. Constant. The file
 * is at its beginning before and after. */
const char *packed_kind (FILE *file);

/* A stream of what is inside, from the beginning; rewind works, other seeks do not. file
 * (seekable) is the stream's: fclose closes both. Damaged or cut short: a read fails
 * with EBADMSG. */
FILE *packed_open (FILE *file, const char *kind);

#endif
