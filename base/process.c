/* The process_* families, from /proc/self. SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void
s_add (
    strbuf_t *out, const char *name, const char *type, const char *help, double value)
{
    strbuf_addf (out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help, name, type,
        name, value);
}

/* A small file of /proc whole, "" when it cannot be read. */
static void
s_read (const char *path, char *text, size_t size)
{
    text[0] = '\0';
    FILE *file = fopen (path, "re");
    if (!file)
        return;
    text[fread (text, 1, size - 1, file)] = '\0';
    fclose (file);
}

/* Seconds since 1970 at which the machine started; 0 when unknown. */
static double
s_boot_time (void)
{
    FILE *file = fopen ("/proc/stat", "re");
    if (!file)
        return 0;
    double boot = 0;
    char *line = NULL;
    size_t size = 0;
    while (getline (&line, &size, file) > 0)
        if (strncmp (line, "btime ", 6) == 0)
            boot = strtod (line + 6, NULL);
    free (line);
    fclose (file);
    return boot;
}

static void
s_add_stat (strbuf_t *out)
{
    char text[2048];
    s_read ("/proc/self/stat", text, sizeof text);
    const char *at = strrchr (text, ')'); /* the name in front may hold anything */
    unsigned long long user, kernel, start, virtual_bytes;
    long pages;
    if (!at || sscanf (at,
                   ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu %*s %*s "
                   "%*s %*s %*s %*s %llu %llu %ld",
                   &user, &kernel, &start, &virtual_bytes, &pages) != 5)
        return;
    double ticks = (double)sysconf (_SC_CLK_TCK);
    s_add (out, "process_cpu_seconds_total", "counter",
        "Total user and system CPU time spent in seconds.",
        (double)(user + kernel) / ticks);
    s_add (out, "process_resident_memory_bytes", "gauge",
        "Resident memory size in bytes.",
        (double)pages * (double)sysconf (_SC_PAGESIZE));
    s_add (out, "process_virtual_memory_bytes", "gauge",
        "Virtual memory size in bytes.", (double)virtual_bytes);
    double boot = s_boot_time ();
    if (boot > 0)
        s_add (out, "process_start_time_seconds", "gauge",
            "Start time of the process since unix epoch in seconds.",
            boot + (double)start / ticks);
}

static void
s_add_descriptors (strbuf_t *out)
{
    DIR *folder = opendir ("/proc/self/fd");
    if (folder) {
        int open = -3; /* ".", ".." and the folder itself */
        while (readdir (folder))
            open++;
        closedir (folder);
        s_add (
            out, "process_open_fds", "gauge", "Number of open file descriptors.", open);
    }
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
        s_add (out, "process_max_fds", "gauge",
            "Maximum number of open file descriptors.", (double)limit.rlim_cur);
}

void
process_render (strbuf_t *out)
{
    assert (out);
    s_add_stat (out);
    s_add_descriptors (out);
}
