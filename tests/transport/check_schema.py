#!/usr/bin/python3
"""Are the encoder's documents what config/alert.schema.json says, and does the schema refuse what is not?

usage: check_schema.py SCHEMA DIRECTORY

DIRECTORY: documents written by test_encode_ecs, one a file. Besides each document as it is, every object in it is
tried with an unknown field, every text of ECS with nothing in it, and the document without each field that it must
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


def reach(value, path):
    for key in path:
        value = value[key]
    return value


def required(schema, path):
    """The fields that the schema demands of the object at path."""
    for key in path:
        schema = schema["properties"][key]
    return schema["required"]


def variants(document, schema):
    """Documents that must be refused, each with what is wrong with it."""
    for path, found in objects(document):
        wrong = copy.deepcopy(document)
        reach(wrong, path)["unknown_field"] = "x"
        yield f"unknown field in {'.'.join(path) or 'the document'}", wrong
        for key, value in found.items():
            if isinstance(value, str) and path[:1] != ("sentinel",):
                wrong = copy.deepcopy(document)
                reach(wrong, path)[key] = ""
                yield f"empty {'.'.join(path + (key,))}", wrong
        for key in required(schema, path):
            wrong = copy.deepcopy(document)
            del reach(wrong, path)[key]
            yield f"without {'.'.join(path + (key,))}", wrong


def main():
    schema = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    documents = sorted(pathlib.Path(sys.argv[2]).glob("*.json"))
    failures = tried = 0
    for path in documents:
        document = json.loads(path.read_bytes().decode("utf-8"))
        for error in validator.iter_errors(document):
            failures += 1
            print(f"{path.name}: {error.json_path}: {error.message[:200]}")
        for what, wrong in variants(document, schema):
            tried += 1
            if validator.is_valid(wrong):
                failures += 1
                print(f"{path.name}: taken with {what}")
    print(f"{len(documents)} documents, {tried} wrong variants, {failures} failures")
    return 0 if documents and tried and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
