#!/bin/sh
# A thousand agents connect to a collector at once: herd.sh BIN-FOLDER [AGENTS]
set -eu
bin=$1
shift
ninja -C "$bin/.." herd >/dev/null
exec "$bin/herd" "$@"
