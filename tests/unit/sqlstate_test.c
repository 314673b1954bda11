/* What an SQLSTATE means for the caller. SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/sqlstate.h"

static const struct {
    const char *code;
    db_status_t status;
} s_cases[] = {
    {NULL, DB_AWAY},                   /* the connection broke */
    {"", DB_AWAY}, {"08006", DB_AWAY}, /* connection_failure */
    {"08007", DB_AWAY},                /* transaction_resolution_unknown */
    {"57P01", DB_AWAY},                /* admin_shutdown */
    {"57P03", DB_AWAY},                /* cannot_connect_now */
    {"25006", DB_AWAY},                /* read_only_sql_transaction */
    {"42P01", DB_UNABLE},              /* undefined_table */
    {"42501", DB_UNABLE},              /* insufficient_privilege */
    {"3D000", DB_AWAY},                /* invalid_catalog_name */
    {"57014", DB_RETRY},               /* query_canceled */
    {"40001", DB_RETRY},               /* serialization_failure */
    {"40P01", DB_RETRY},               /* deadlock_detected */
    {"55P03", DB_LOCKED},              /* lock_not_available */
    {"53100", DB_UNABLE},              /* disk_full */
    {"53200", DB_RETRY},               /* out_of_memory */
    {"3F000", DB_UNABLE},              /* invalid_schema_name */
    {"XX000", DB_REFUSED},             /* internal_error */
    {"XX001", DB_REFUSED},             /* data_corrupted */
    {"45000", DB_REFUSED},             /* what an owner's trigger says */
    {"SHOP1", DB_REFUSED},             /* as well */
    {"22P02", DB_DATA},                /* invalid_text_representation */
    {"22021", DB_DATA},                /* character_not_in_repertoire */
    {"23505", DB_DATA},                /* unique_violation */
    {"23514", DB_DATA},                /* check_violation */
    {"54000", DB_DATA},                /* program_limit_exceeded */
    {"P0001", DB_DATA},                /* raise_exception */
    {"P0004", DB_DATA},                /* assert_failure */
};

static void
s_codes_have_their_status (void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_cases / sizeof *s_cases; i++)
        if (sqlstate_status (s_cases[i].code) != s_cases[i].status)
            fail_msg ("%s", s_cases[i].code);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (s_codes_have_their_status)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
