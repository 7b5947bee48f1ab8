"""The settings: every one stands in config.yaml with its meaning, in the schema, and is used by a rule."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
DEFAULTS = yaml.safe_load((ROOT / "config/config.yaml").read_text())
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
FREE_FORM = {"runs", "sweep", "provenance"}  # names chosen by the user


def keys_of(settings, prefix=""):
    for key, value in settings.items():
        yield prefix + key
        if isinstance(value, dict) and key not in FREE_FORM:
            yield from keys_of(value, f"{prefix}{key}.")


def keys_of_schema(schema, prefix=""):
    for key, value in schema["properties"].items():
        yield prefix + key
        if value.get("type") == "object" and key not in FREE_FORM:
            yield from keys_of_schema(value, f"{prefix}{key}.")


def objects_of(schema):
    if schema.get("type") == "object":
        yield schema
        for value in schema.get("properties", {}).values():
            yield from objects_of(value)


def test_config_and_schema_have_the_same_keys():
    defaults, schema = set(keys_of(DEFAULTS)), set(keys_of_schema(SCHEMA))
    assert defaults - schema == set(), "add these to workflow/schemas/config.schema.yaml"
    assert schema - defaults == set(), "add these, with unit and meaning, to config/config.yaml"


def test_unknown_keys_are_errors_everywhere():
    assert all("additionalProperties" in schema for schema in objects_of(SCHEMA))


def test_schema_holds_no_defaults():
    assert "default:" not in (ROOT / "workflow/schemas/config.schema.yaml").read_text()


def test_every_setting_has_its_meaning_beside_it():
    lines = (ROOT / "config/config.yaml").read_text().splitlines()
    bare = [line for line in lines if re.match(r"\s*\w+: ?\S", line) and " # " not in line]
    assert bare == []


def test_names_that_others_build_on_are_there():
    fixed = {"dataset", "sequences", "samples", "depth", "labels", "min_length", "separator", "seed", "results", "runs"}
    assert fixed <= DEFAULTS.keys()
    assert (DEFAULTS["min_length"], DEFAULTS["separator"], DEFAULTS["results"]) == (2000, "C", "results")


@pytest.mark.parametrize("preset", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.stem)
def test_presets_hold_differences_alone(preset):
    if preset.name == "config.yaml":
        return
    settings = yaml.safe_load(preset.read_text())
    known = set(keys_of(DEFAULTS))
    assert set(keys_of(settings)) <= known
    same = [key for key, value in settings.items() if DEFAULTS[key] == value]
    assert same == []
