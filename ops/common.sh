# shellcheck shell=bash
# What the scripts in ops/ share: paths, ports, messages. Sourced, not run.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# All state lives under RUN: database, checkpoints, logs. Remove it to start afresh.
RUN=${SASREC_RUN:-$ROOT/.run}
BUILD=${SASREC_BUILD:-$ROOT/build/release}
SASREC=$BUILD/sasrec
BIND=${SASREC_BIND:-127.0.0.1}
HTTP_PORT=${SASREC_HTTP_PORT:-8000}
UI_PORT=${SASREC_UI_PORT:-8501}
ADMIN_PORT=${SASREC_ADMIN_PORT:-8004}
# How people and curl write that address; every address is reached as this machine.
case "$BIND" in
0.0.0.0 | ::) HOST=localhost ;;
*:*) HOST="[$BIND]" ;;
*) HOST=$BIND ;;
esac
# Not a service's settings that lie on this machine: its database is none of ours.
export SASREC_CONFIG=${SASREC_CONFIG:-/dev/null}
export SASREC_CHECKPOINTS=${SASREC_CHECKPOINTS:-$RUN/checkpoints}

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# port_busy PORT: something accepts connections there.
port_busy() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# wait_until SECONDS COMMAND...: asks ten times a second.
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

# How to reach our database, once ops/postgres has chosen the port, whatever the
# environment says of another one: what these scripts do (made-up data) is not for that.
others_database=(POSTGRES_URL POSTGRES_URL_FILE PGPASSWORD_FILE PGHOSTADDR PGPASSFILE PGSERVICE
    PGSERVICEFILE PGOPTIONS PGSSLMODE PGSSLROOTCERT PGCHANNELBINDING PGTARGETSESSIONATTRS SASREC_SCHEMA)
load_env() {
    [ -r "$RUN/env" ] || return 1
    unset "${others_database[@]}"
    set -a
    # shellcheck disable=SC1091
    . "$RUN/env"
    set +a
}

postgres_answers() {
    load_env && pg_isready -q -h "$PGHOST" -p "$PGPORT" -d postgres
}
