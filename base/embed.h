/* Files that are built into the program (cmake/Embed.cmake).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_EMBED_H
#define SASREC_BASE_EMBED_H

#include <stddef.h>

typedef struct {
    const char *name; /* file name without folder */
    const unsigned char *bytes;
    const unsigned char *end; /* holds a NUL, so that text is a string */
} embed_file_t;

extern const embed_file_t embed_schema[]; /* store/schema/NNN_name.sql, in order */
extern const size_t embed_schema_count;
extern const embed_file_t embed_adopt[]; /* store/schema/adopt/finish.sql */
/* What ui/build.mjs made, in order of the names: the page, the documentation and
 * openapi.json, plain and compressed. */
extern const embed_file_t embed_ui[];
extern const size_t embed_ui_count;

#endif
