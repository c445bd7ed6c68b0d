#!/bin/sh
# What udhcpc runs in a station when a lease comes, changes or goes. STATION is the station's folder. Its resolv.conf is
# written in place: programs of the station have this very file mounted over theirs.
set -eu
case $1 in
deconfig)
    rm -f "$STATION/lease"
    : >"$STATION/resolv.conf"
    ip -4 address flush dev "$interface"
    ip link set "$interface" up
    ;;
bound | renew)
    ip -4 address replace "$ip/$mask" dev "$interface"
    # shellcheck disable=SC2086 # a list of words: the first router counts
    set -- ${router:-}
    if [ $# -gt 0 ]; then ip -4 route replace default via "$1" dev "$interface"; fi
    {
        if [ -n "${domain:-}" ]; then echo "search $domain"; fi
        for server in ${dns:-}; do echo "nameserver $server"; done
    } >"$STATION/resolv.conf"
    env >"$STATION/lease.new"
    mv "$STATION/lease.new" "$STATION/lease"
    ;;
esac
