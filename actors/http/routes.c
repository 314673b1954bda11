/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/routes.h"

#define ROUTES_ROW(method, path, handler) {method, path, handler},

const route_t routes[] = {ROUTES (ROUTES_ROW)};
const size_t route_count = sizeof routes / sizeof routes[0];
