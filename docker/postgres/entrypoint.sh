#!/bin/sh
# Serve the cluster in folder $1 on a socket in folder $2. The first start makes it, with the role and database `dialer`.
set -eu
cluster=$1/cluster
if [ ! -d "$cluster" ]; then
    new=$1/new  # what a killed first start left is not taken for a cluster
    rm -rf "$new"
    initdb -D "$new" --username="$(id -un)" --auth=peer --encoding=UTF8 --locale=C.UTF-8 >/dev/null
    for statement in 'CREATE ROLE dialer LOGIN' 'CREATE DATABASE dialer OWNER dialer'; do
        echo "$statement" | postgres --single -D "$new" postgres >/dev/null
    done
    mv "$new" "$cluster"
fi
exec postgres -D "$cluster" -c listen_addresses= -c unix_socket_directories="$2"
