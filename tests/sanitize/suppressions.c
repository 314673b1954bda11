/* What the sanitizers must not believe, compiled in so that every run knows it. Debian's
 * builds of the libraries are not instrumented: what they hand from thread to thread by
 * atomic instructions looks unordered. SPDX-License-Identifier: Apache-2.0 */

const char *__lsan_default_suppressions (void);
const char *__tsan_default_suppressions (void);

const char *
__lsan_default_suppressions (void)
{
    return "leak:make_hol\n"; /* glibc's, of a command without options of its own */
}

const char *
__tsan_default_suppressions (void)
{
    return
        /* librdkafka counts references: a free after the last one looks like a race with
         * any earlier use. Only what libc does for librdkafka is ignored; what we do in
         * its callbacks is still seen. */
        "called_from_lib:librdkafka.so.1\n"
        /* A mutex or condition of librdkafka's, reached through such a reference by a
         * thread that did not see it made (c11_threads.c calls the twins for it). */
        "race:mtx_lock\n"
        "race:mtx_trylock\n"
        "race:mtx_unlock\n"
        "race:mtx_destroy\n"
        "race:cnd_\n"
        /* The bytes of a libzmq message that waited in the pipe already when it was asked
         * for. Ours hold pointers; what those point to is handed over by base/actor/wire. */
        "race:libzmq.so.5\n";
}
