/* What the thread sanitizer must not believe, compiled in so that every run knows it.
 * SPDX-License-Identifier: Apache-2.0 */

const char *__tsan_default_suppressions (void);

/* librdkafka counts references by atomic instructions, which are not instrumented in
 * Debian's build: a free after the last reference looks like a race with any earlier use.
 * Only what libc does for it is ignored; what we do in its callbacks is still seen. */
const char *
__tsan_default_suppressions (void)
{
    return "called_from_lib:librdkafka.so.1\n";
}
