#!/bin/sh
# Make the Python environment in $1 from requirements.lock: exactly those versions, checked by their hashes.
set -eu
venv=$1

python=
found=
for candidate in python3.12 python3.11 python3 python; do
    version=$("$candidate" -c 'import sys; print(sys.implementation.name, "%d.%d" % sys.version_info[:2])' \
        2>/dev/null) || continue
    case $version in
        'cpython 3.11' | 'cpython 3.12') python=$candidate && break ;;
        *) found="${found:+$found, }$candidate = $version" ;;
    esac
done
if [ -z "$python" ]; then
    echo "dialer needs CPython 3.11 or 3.12; found: ${found:-none}. Install one of them and run make again." >&2
    echo "dialer 需要 CPython 3.11 或 3.12；本机有：${found:-无}。请安装其中之一后重新运行 make。" >&2
    exit 1
fi

if ! "$python" -m venv --clear "$venv"; then
    echo "$python can't make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2
    echo "$python 无法创建虚拟环境；Debian/Ubuntu 请先执行：apt-get install python3-venv" >&2
    exit 1
fi
echo "Installing into $venv ($("$python" --version)) …"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
