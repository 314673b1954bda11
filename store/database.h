/* Makes sure that the database itself is there. Private to store/.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_DATABASE_H
#define SASREC_STORE_DATABASE_H

/* Creates the database that conninfo names when the server has none of that name and
 * the role may. -1 with an error that says which of server, login and right is missing. */
int database_ensure (const char *conninfo, char error[160]);

#endif
