#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the JSON Schemas and the parser against the same files.

    corpus.py --check-program tests/unit/spec-check [--rewrite]

tests/data/spec/good/                must please both
tests/data/spec/bad/                 must please neither
tests/data/spec/bad-beyond-schema/   only the parser can see what is wrong
schemas/examples/                    must please both

Each has host/ and vm/.  Beside FILE.json of the bad ones, FILE.err holds the
parser's exact messages; --rewrite writes them anew, for a look at the diff.
"""

import argparse
import glob
import json
import os
import re
import subprocess
import sys

import jsonschema

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DATA = os.path.join(TOP, "tests", "data", "spec")


def pattern(validator, regex, instance, schema):
    """JSON Schema's "$" is the end of the text; Python's also matches before
    a newline there."""
    if validator.is_type(instance, "string"):
        if not re.search(re.sub(r"\$$", r"\\Z", regex), instance):
            yield jsonschema.ValidationError(
                "%r does not match %r" % (instance, regex))


Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator, {"pattern": pattern})


def load_validator(kind):
    with open(os.path.join(TOP, "schemas", kind + ".schema.json"),
              encoding="utf-8") as f:
        schema = json.load(f)
    Validator.check_schema(schema)
    return Validator(schema)


def no_constant(name):
    raise ValueError("%s is not JSON" % name)


def schema_accepts(validator, path):
    """True or False, or None if it is not even JSON to Python."""
    try:
        with open(path, encoding="utf-8") as f:
            instance = json.load(f, parse_constant=no_constant)
    except (ValueError, RecursionError):
        return None
    return validator.is_valid(instance)


def parse(program, kind, path):
    """The parser's messages; [] if the file is good."""
    result = subprocess.run([program, kind, path], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, check=False)
    lines = result.stdout.decode("utf-8", "backslashreplace").splitlines()
    if result.returncode not in (0, 1) or result.stderr:
        lines.append("exit %d: %s" % (result.returncode,
                                      result.stderr.decode()[:2000]))
    elif (result.returncode == 0) != (not lines):
        lines.append("exit %d does not fit" % result.returncode)
    return lines


def expected_messages(path):
    try:
        with open(path[:-len(".json")] + ".err", encoding="utf-8") as f:
            return f.read().splitlines()
    except FileNotFoundError:
        return ["(there is no .err file)"]


def check_file(args, validator, group, kind, path):
    """Returns what is wrong with our judgement of one file."""
    problems = []
    accepted = schema_accepts(validator, path)
    messages = parse(args.check_program, kind, path)

    if args.rewrite and group != "good":
        with open(path[:-len(".json")] + ".err", "w", encoding="utf-8") as f:
            f.writelines(m + "\n" for m in messages)

    if group == "good":
        if accepted is not True:
            problems.append("the schema refuses it")
        problems += ["the parser refuses it: " + m for m in messages]
        return problems

    if group == "bad" and accepted is not False:
        problems.append("the schema accepts it" if accepted
                        else "not JSON: belongs in bad-beyond-schema")
    if group == "bad-beyond-schema" and accepted is False:
        problems.append("the schema refuses it: belongs in bad")
    if not messages:
        problems.append("the parser accepts it")
    wanted = expected_messages(path)
    if messages != wanted:
        problems += ["- " + m for m in wanted] + ["+ " + m for m in messages]
    return problems


def resolve(schema, root):
    if "$ref" in schema:
        target = root["$defs"][schema["$ref"].split("/")[-1]]
        schema = {**resolve(target, root),
                  **{k: v for k, v in schema.items() if k != "$ref"}}
    return schema


def note_keys(schema, root, instance, used, where=""):
    """Notes in used["nics/*"] which keys of the schema occur there."""
    schema = resolve(schema, root)
    properties = schema.get("properties", {})
    if properties:
        used.setdefault(where, (set(properties), set()))
    if isinstance(instance, list):
        for item in instance:
            note_keys(schema.get("items", {}), root, item, used,
                      where + "/*")
    elif isinstance(instance, dict):
        for key, value in instance.items():
            if key in properties:
                used[where][1].add(key)
                note_keys(properties[key], root, value, used,
                          where + "/" + key)
            elif isinstance(schema.get("additionalProperties"), dict):
                note_keys(schema["additionalProperties"], root, value, used,
                          where + "/*")


def unused_keys(validators):
    """Keys of the schemas that no good file uses: nobody has asked the
    parser about them."""
    used = {"host": {}, "vm": {}}
    for group, kind, path in all_files():
        if group == "good":
            schema = validators[kind].schema
            with open(path, encoding="utf-8") as f:
                note_keys(schema, schema, json.load(f), used[kind])
    for kind in sorted(used):
        for where, (known, seen) in sorted(used[kind].items()):
            for key in sorted(known - seen):
                yield "%s: no good file has %s/%s" % (kind, where, key)


def all_files():
    for group in ("good", "bad", "bad-beyond-schema"):
        for kind in ("host", "vm"):
            for path in sorted(glob.glob(
                    os.path.join(DATA, group, kind, "*.json"))):
                yield group, kind, path
    examples = os.path.join(TOP, "schemas", "examples")
    yield "good", "host", os.path.join(examples, "host.json")
    for path in sorted(glob.glob(os.path.join(examples, "vms.d", "*.json"))):
        yield "good", "vm", path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check-program", required=True)
    parser.add_argument("--rewrite", action="store_true")
    args = parser.parse_args()

    validators = {kind: load_validator(kind) for kind in ("host", "vm")}
    passed = failed = 0
    for group, kind, path in all_files():
        problems = check_file(args, validators[kind], group, kind, path)
        if problems:
            failed += 1
            print("FAILED %s" % os.path.relpath(path, TOP))
            for problem in problems:
                print("    " + problem)
        else:
            passed += 1
    for problem in unused_keys(validators):
        failed += 1
        print("FAILED " + problem)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
