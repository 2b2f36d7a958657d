#!/usr/bin/env python3
"""The shipped rules, their catalogues and their tests fit together, and docs/rules-reference.md is what they say.

usage: pack.py [--write]    --write makes docs/rules-reference.md anew. Exit code: 0 all is well, 1 not, 77 no YAML reader here.
"""
import glob
import os
import re
import sys

try:
    import yaml
except ImportError:
    print("skipped: python3-yaml is not installed")
    sys.exit(77)

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
REFERENCE = os.path.join(ROOT, "docs", "rules-reference.md")
CONTROL = re.compile(r"^(T\d{4}(\.\d{3})?|mitre_\w+|(PCI_DSS|SOC2|NIST_800-53|NIST_800-190)_.+)$")
wrong = []


def items(kind, key):
    for path in sorted(glob.glob(os.path.join(ROOT, "rules", kind, "*.yaml"))):
        with open(path, encoding="utf-8") as file:
            yield from (item for item in yaml.safe_load(file) or [] if key in item)


def rules():
    return [rule for kind in ("runtime", "cloudtrail") for rule in items(kind, "rule")]


def catalogue_tags():
    tags, entries = set(), 0
    for path in sorted(glob.glob(os.path.join(ROOT, "rules", "catalogues", "*.yaml"))):
        name = os.path.basename(path)
        with open(path, encoding="utf-8") as file:
            catalogue = yaml.safe_load(file)
        for entry in catalogue["entries"]:
            entries += 1
            if not isinstance(entry.get("id"), str) or not isinstance(entry.get("title"), str):
                wrong.append(f"{name}: an entry without id or title as text: {entry}")
                continue
            tags.add(entry.get("tag") or catalogue["tag_prefix"] + entry["id"])
            tags.add(catalogue["tag_prefix"] + entry.get("replaces", entry["id"]))
    if not entries:
        wrong.append("no catalogue has an entry")
    return tags


def check_tests(names):
    must, must_not = set(), set()
    for kind in ("runtime/tests", "cloudtrail/tests"):
        for case in items(kind, "test"):
            must.update(case.get("must") or [])
            must_not.update(case.get("must_not") or [])
    for name in names:
        if name not in must:
            wrong.append(f'rule "{name}": no test where it must hold')
        if name not in must_not:
            wrong.append(f'rule "{name}": no test where it must not hold')


def reference(pack):
    lines = ["# The shipped rules", "", "Made from rules/ by `tests/lint/pack.py --write`; what tags mean stands in rules/catalogues.", ""]
    for source, title in (("syscall", "Runtime"), ("aws_cloudtrail", "CloudTrail")):
        of_source = sorted((r for r in pack if r.get("source", "syscall") == source), key=lambda r: r["rule"])
        lines += [f"## {title}: {len(of_source)} rules", ""]
        for rule in of_source:
            lines += [f"### {rule['rule']}", "", f"{rule['priority']}. {' '.join(rule['desc'].split())}", ""]
            lines += [" ".join(f"`{tag}`" for tag in rule.get("tags", [])), ""]
    return "\n".join(lines).rstrip() + "\n"


def main():
    pack, known = rules(), catalogue_tags()
    for rule in pack:
        for tag in rule.get("tags", []):
            if CONTROL.match(tag) and tag not in known:
                wrong.append(f'rule "{rule["rule"]}": tag "{tag}" is in no catalogue')
    check_tests([rule["rule"] for rule in pack])
    text = reference(pack)
    if "--write" in sys.argv[1:]:
        with open(REFERENCE, "w", encoding="utf-8") as file:
            file.write(text)
    elif not os.path.exists(REFERENCE) or open(REFERENCE, encoding="utf-8").read() != text:
        wrong.append("docs/rules-reference.md is not what rules/ says: run tests/lint/pack.py --write")
    for line in wrong:
        print(line)
    sys.exit(1 if wrong else 0)


main()
