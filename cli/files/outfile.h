/* A file that is written: complete or not at all where that is possible, and never in
 * the place of a device or a link. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_OUTFILE_H
#define SASREC_CLI_FILES_OUTFILE_H

#include <stdio.h>

typedef struct outfile outfile_t;

/* A new path, or a regular file of one name: written beside it, and put in its place (of
 * what a symbolic link leads to) with its permissions by outfile_commit; a signal that
 * ends the process leaves nothing. Anything else, like a device, a FIFO or a file with
 * several names, is opened and written into. NULL with error. One at a time. */
outfile_t *outfile_new (const char *path, char error[160]);
FILE *outfile_file (outfile_t *self);

/* Complete: -1 with error, then the old file is as it was. */
int outfile_commit (outfile_t **self_p, char error[160]);
/* Given up: the old file is as it was. */
void outfile_destroy (outfile_t **self_p);

#endif
