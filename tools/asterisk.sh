#!/bin/bash
# Unpack Asterisk 22 and SIPp into a folder (default .parts/asterisk), with their own libraries and loader: nothing is
# installed on the machine, and nothing of the machine's is used. Needs apt with Debian's archive keys. Some 20 s, 270 MB.
# The mirror is the one this machine's apt uses. What is there already is left alone.
set -euo pipefail

folder=${1:-.parts/asterisk}
suite=sid  # Debian's stable releases have no Asterisk 22
[ -x "$folder/usr/sbin/asterisk" ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "This needs Debian's or Ubuntu's apt; elsewhere install Asterisk 20 or newer and put it on the PATH." >&2
    echo "需要 Debian/Ubuntu 的 apt；其他系统请自行安装 Asterisk 20 以上版本并放入 PATH。" >&2
    exit 1
fi
# shellcheck disable=SC2016  # the dollar is apt's
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sort -u | grep -v security | head -n 1)
[ -n "$mirror" ] || { echo "apt has no mirror: run apt-get update" >&2; exit 1; }

work=$(mktemp -d)
new="$folder.new"
trap 'rm -rf "$work" "$new"' EXIT
chmod 755 "$work"
rm -rf "$new"
mkdir -p "$(dirname "$folder")"

apt-get -q update >/dev/null
(cd "$work" && apt-get -q download mmdebstrap >/dev/null 2>&1 && dpkg -x mmdebstrap_*.deb .)
mode=root
[ "$(id -u)" = 0 ] || mode=unshare
# the release file of sid may be past its date on a mirror that is behind
PATH="$work/usr/bin:$PATH" mmdebstrap --quiet --variant=extract --mode=$mode \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "3"' \
    --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
    --include=asterisk,sip-tester "$suite" "$new" "$mirror"
ln -sfn en_US_f_Allison "$new/usr/share/asterisk/sounds/en"
rm -rf "$new"/usr/share/{doc,man,locale,info} "$new"/var/cache/apt/* "$new/dev"
rm -rf "$folder"
mv "$new" "$folder"
"$folder"/usr/lib*/ld-linux-*.so.* --library-path "$(echo "$folder"/usr/lib/*-linux-gnu)" "$folder/usr/sbin/asterisk" -V
