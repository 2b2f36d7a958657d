#!/bin/sh
# Files and functions stay small, and no file is named for holding what had no place. Exceptions: sizes.txt.
set -eu
here=$(dirname "$0")
find agent bus cli cloudtrail collector deploy lib scanner tests -name '*.[ch]' 2>/dev/null | sort | awk -v table="$here/sizes.txt" '
	function complain(file, text) {
		if (file in allowed)
			used[file] = 1
		else {
			print file ": " text
			bad = 1
		}
	}
	BEGIN {
		while ((getline line < table) > 0) {
			if (line ~ /^#/ || split(line, word, " ") < 2)
				continue
			allowed[word[1]] = 1
		}
	}
	{
		file = $0
		lines = start = 0
		name = file
		sub(/.*\//, "", name)
		if (name ~ /(^|_)(util|utils|helper|helpers|common|misc)\.[ch]$/)
			complain(file, "is named for nothing in particular")
		while ((getline line < file) > 0) {
			lines++
			if (line ~ /^\{/)
				start = lines
			if (line ~ /^\}/ && start) {
				if (lines - start - 1 > 70)
					complain(file, "line " start ": a function of " lines - start - 1 " lines; 70 at the most")
				start = 0
			}
		}
		close(file)
		max = file ~ /\.h$/ ? 140 : 600
		if (lines > max)
			complain(file, lines " lines; " max " at the most")
	}
	END {
		for (file in allowed) {
			if (!(file in used)) {
				print table ": " file " is no exception any more"
				bad = 1
			}
		}
		exit bad
	}'
