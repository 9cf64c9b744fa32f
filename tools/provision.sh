#!/bin/sh
# Install the real parts that tests use: postgres, browser, sipp. Needs root and apt; what is there already is left alone.
set -eu

there() {
    case $1 in
        postgres) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 ;;
        browser) command -v chromium >/dev/null && fc-list :lang=zh 2>/dev/null | grep -q . ;;
        sipp) command -v sipp >/dev/null ;;
    esac
}

packages() {
    case $1 in
        postgres) echo postgresql ;;
        browser) echo chromium fontconfig fonts-wqy-microhei ;;
        sipp) echo sip-tester ;;
        *) echo "provision.sh knows postgres, browser and sipp, not $1" >&2 && exit 2 ;;
    esac
}

wanted=
for part in "$@"; do
    names=$(packages "$part")
    there "$part" || wanted="$wanted $names"
done
[ -n "$wanted" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "As root on Debian or Ubuntu: apt-get install$wanted" >&2
    echo "请以 root 在 Debian/Ubuntu 上执行：apt-get install$wanted" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086  # the names are words of one list
apt-get install -y -qq --no-install-recommends $wanted >/dev/null
