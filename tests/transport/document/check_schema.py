#!/usr/bin/python3
"""Are an encoder's documents what their schema in config/ says, and does the schema refuse what is not?

usage: check_schema.py SCHEMA DIRECTORY [COLUMNS]

DIRECTORY: documents written by the encoder's test, one a file. COLUMNS: where the rule's own row is, whose columns may
be empty ("sentinel", "unmapped.sentinel", "." for the whole document). Besides each document as it is, every object in it is
tried with an unknown field, every other text with nothing in it, and the document without each field that it must
have: all of those must be refused. Exit code 0 only if all is so and there was a document.
"""

import copy
import json
import pathlib
import sys

import jsonschema


def objects(value, path=()):
    """Each object in value, with the way to it."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from objects(inner, path + (key,))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from objects(inner, path + (i,))


def reach(value, path):
    for key in path:
        value = value[key]
    return value


def part_of(schema, path):
    """What the schema says of the object at path."""
    for key in path:
        schema = schema["items"] if isinstance(key, int) else schema["properties"][key]
    return schema


def is_free(schema, path):
    """May the object have fields of any name?"""
    for key in path:
        if not isinstance(key, int) and key not in schema.get("properties", {}):
            return True
        schema = schema["items"] if isinstance(key, int) else schema["properties"][key]
    return isinstance(schema.get("additionalProperties"), dict)


def required(schema, path, document):
    """The fields that the schema demands of the object at path, in general and of the rule that is built in."""
    found = list(part_of(schema, path).get("required", []))
    for case in schema.get("allOf", []):
        if document["rule"]["id"] != case["if"]["properties"]["rule"]["properties"]["id"]["const"]:
            continue
        then = case["then"]
        for key in path:
            then = then.get("properties", {}).get(key, {})
        if "$ref" in then:
            then = schema["$defs"][then["$ref"].rsplit("/", 1)[1]]
        found += then.get("required", [])
    return found


def dotted(path):
    return ".".join(map(str, path))


def variants(document, schema, columns):
    """Documents that must be refused, each with what is wrong with it."""
    for path, found in objects(document):
        wrong = copy.deepcopy(document)
        reach(wrong, path)["unknown_field"] = "x"
        if not is_free(schema, path) or (path == ("sentinel",) and len(required(schema, path, document)) > 1):
            yield f"unknown field in {dotted(path) or 'the document'}", wrong
        for key, value in found.items():
            if isinstance(value, str) and (path != columns or key == "AlertId"):
                wrong = copy.deepcopy(document)
                reach(wrong, path)[key] = ""
                yield f"empty {dotted(path + (key,))}", wrong
        for key in required(schema, path, document):
            wrong = copy.deepcopy(document)
            del reach(wrong, path)[key]
            yield f"without {dotted(path + (key,))}", wrong


def main():
    schema = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    documents = sorted(pathlib.Path(sys.argv[2]).glob("*.json"))
    where = sys.argv[3] if len(sys.argv) > 3 else "sentinel"
    columns = () if where == "." else tuple(where.split("."))
    failures = tried = 0
    for path in documents:
        document = json.loads(path.read_bytes().decode("utf-8"))
        for error in validator.iter_errors(document):
            failures += 1
            print(f"{path.name}: {error.json_path}: {error.message[:200]}")
        for what, wrong in variants(document, schema, columns):
            tried += 1
            if validator.is_valid(wrong):
                failures += 1
                print(f"{path.name}: taken with {what}")
    print(f"{len(documents)} documents, {tried} wrong variants, {failures} failures")
    return 0 if documents and tried and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
