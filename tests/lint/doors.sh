#!/bin/sh
# One door per outside library: only the named folder may include its header.
set -eu
bad=0
door() { # HEADER-PATTERN FOLDER...
	pattern=$1
	shift
	allowed=$(printf '|^%s/' "$@")
	found=$(grep -rlE "#include <$pattern" lib agent collector cloudtrail scanner cli deploy | grep -vE "${allowed#|}" || true)
	[ -z "$found" ] || { echo "$pattern may be included only in $*, but is in:" "$found"; bad=1; }
}
door 'libpq-fe\.h' lib/store
door 'nng/' lib/bus lib/aws
door 'openssl/ssl\.h' lib/bus
door 'openssl/(x509|x509v3|pem|bio)\.h' lib/pki lib/bus
door 'microhttpd\.h' collector/api deploy/story
door 'curl/' lib/http
door 'archive' scanner/image
door 'bpf/libbpf\.h' agent/sensor/bpf
door 'libfyaml\.h' lib/yaml
door 'libsmartcols' lib/table
door 'pcre2\.h' lib/rules
door 'uthash\.h' lib/base
door 'utf8proc\.h' lib/text
if grep -rl '#include.*pb-c\.h' lib agent collector cloudtrail scanner cli | grep -v '^lib/wire/'; then
	echo "generated protobuf code may be included only in lib/wire"
	bad=1
fi
exit $bad
