#!/bin/sh
# manuals.sh BIN MAN: each program's page names every command and option of its --help, and holds no request but those we write.
set -eu
bin=$1
man=$2
bad=0

complain() {
	echo "$1"
	bad=1
}

# The page as it reads: escapes undone, requests kept.
plain() {
	sed 's/\\-/-/g; s/\\e/\\/g; s/\\&//g' "$1"
}

check_options() { # PAGE HELP
	for option in $(echo "$2" | sed -n '/^Options/,$s/^  \(-.,\|   \) \(--[a-z0-9-]*\).*/\2/p'); do
		case $option in
		--help | --version) continue ;;
		esac
		plain "$1" | grep -q -- "^\.B .*$option" || complain "$1: says nothing of $option"
	done
}

for program in secagent seclaunch seccollector seccloudtrail secscan secctl; do
	page=$man/man1/$program.1
	[ -s "$page" ] || { complain "$page: is not there"; continue; }
	if grep -n "^[.']" "$page" | grep -Ev '^[0-9]+:\.(TH .+|SH .+|SS .+|TP|B .+|PP|nf|fi)$'; then
		complain "$page: a line begins with an unescaped full stop or quote"
	fi
	help=$("$bin/$program" --help)
	check_options "$page" "$help"
	echo "$help" | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z -]*[a-z]\)  .*/\1/p' | {
		bad=0
		while read -r command; do
			plain "$page" | grep -q "^\.SS $program $command\( \|\$\)" || complain "$page: says nothing of $command"
			# shellcheck disable=SC2086 # a command may be two words
			check_options "$page" "$("$bin/$program" $command --help)"
		done
		exit $bad
	} || bad=1
done
exit $bad
