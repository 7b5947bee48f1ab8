#!/bin/sh
# Install the programs from Debian's or Ubuntu's packages that some tests use; without them those tests are skipped.
# Asks for nothing: installs as root, or with a sudo that wants no password, else says what is missing.
set -eu
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" # daemons are not on the path of plain users
missing=""
command -v chromium >/dev/null || missing="$missing chromium"
command -v minimap2 >/dev/null || missing="$missing minimap2"
command -v munged >/dev/null || missing="$missing munge"
command -v slurmctld >/dev/null || missing="$missing slurm-wlm"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ]; then as_root=""; elif sudo -n true 2>/dev/null; then as_root="sudo"; else
    echo "Not installed:$missing. The tests that need them are skipped (apt-get install$missing)."
    exit 0
fi
if command -v apt-get >/dev/null; then
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "Not installed:$missing. The tests that need them are skipped."
fi
