# usage: awk -f layers.awk layers.txt FILES...   fails on any include the table does not allow
FNR == NR { if (/^[^#]/) for (i = 1; i <= NF; i++) ok[$1, $i] = known[$1] = 1; next }
FNR == 1  { split(FILENAME, dir, "/"); me = dir[1] == "lib" ? dir[2] : dir[1] }
/^#include "[a-z_-]+\// {
	split($2, part, /["\/]/)
	if (known[part[2]] && !ok[me, part[2]]) { printf "%s:%d: %s may not include %s\n", FILENAME, FNR, me, part[2]; bad = 1 }
}
END { exit bad }
