#!/bin/sh
# Run Asterisk in the foreground on the configuration in folder $1, which tools/asterisk_config.py has written.
set -eu
if [ ! -r "$1/asterisk.conf" ] || [ ! -r "$1/dialer.secrets.toml" ]; then
    echo "No configuration in $1: run the service \`install\` first (docker/compose.yaml)." >&2
    echo "$1 中没有配置：请先运行 install 服务（docker/compose.yaml）。" >&2
    exit 1
fi
umask 027
exec asterisk -f -C "$1/asterisk.conf"
