/* The safetensors container: 8 bytes header length (little-endian), a JSON header, the
 * tensors' bytes. Nothing in it is code. The parser believes nothing: the header is
 * bounded, shapes are multiplied with overflow checks, the tensors must cover the data
 * exactly, without overlap, each name once.
 * https://github.com/huggingface/safetensors#format SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_CHECKPOINT_SAFETENSORS_H
#define SASREC_MODEL_CHECKPOINT_SAFETENSORS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define SAFETENSORS_HEADER_LIMIT ((size_t)16 << 20)
#define SAFETENSORS_TENSOR_LIMIT 4096
#define SAFETENSORS_DIM_LIMIT    4

typedef enum { SAFETENSORS_F32, SAFETENSORS_I64, SAFETENSORS_U8 } safetensors_type_t;

const char *safetensors_type_name (safetensors_type_t type); /* "F32" */

typedef struct {
    const char *name; /* lives with the table */
    safetensors_type_t type;
    size_t dims[SAFETENSORS_DIM_LIMIT];
    size_t dim_count;
    size_t begin, end; /* in the data, behind the header */
} safetensors_tensor_t;

typedef struct {
    json_t *header;                /* the parsed header */
    safetensors_tensor_t *tensors; /* in the order of their data */
    size_t count;
    size_t data_start; /* of the data in the file: 8 + header length */
    size_t data_length;
} safetensors_t;

/* NULL with error. bytes: of a file of this length the header at least, and the 8 bytes
 * before it (the first 8 say how many); not kept. */
safetensors_t *safetensors_parse (const char *bytes, size_t length, char error[160]);
void safetensors_destroy (safetensors_t **self_p);

/* NULL when there is none. */
const safetensors_tensor_t *safetensors_find (
    const safetensors_t *self, const char *name);

/* __metadata__: an object of strings, or NULL when there is none. */
const json_t *safetensors_metadata (const safetensors_t *self);

/* The length of the header's JSON text in a file of file_size (at least 8) bytes that
 * starts with these 8. -1 with error. */
int safetensors_header_length (
    const char start[8], uint64_t file_size, size_t *length, char error[160]);

#endif
