#!/bin/sh
# Writes the story's CloudTrail files: cloudtrail.sh FOLDER < records (one {region, record} a line)
#
# Key layout and format are those of a trail's bucket: AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/*.json.gz, one document
# {"Records": [...]} each. Records are shuffled, and every one is delivered twice, in different files.
set -eu
folder=$1
records=$(mktemp)
trap 'rm -f "$records"' EXIT
cat >"$records"
account=$(jq -r '.record.recipientAccountId' "$records" | head -n 1)
day=$(date -u +%Y/%m/%d)
stamp=$(date -u +%Y%m%dT%H%MZ)

for region in $(jq -r .region "$records" | sort -u); do
	path=$folder/AWSLogs/$account/CloudTrail/$region/$day
	mkdir -p "$path"
	for part in A B; do
		random=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n' | cut -c1-16)
		jq -c --arg region "$region" 'select(.region == $region) | .record' "$records" | shuf |
			jq -cs '{Records: .}' | gzip -n >"$path/${account}_CloudTrail_${region}_${stamp}_$part$random.json.gz"
	done
done
