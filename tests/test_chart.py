"""The Helm chart's files agree with each other and with hadyn; rendered it is in integration/."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import yaml

import hadyn

ROOT = Path(__file__).parents[1]
CHART = ROOT / "deploy" / "chart"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
TEMPLATES = "\n".join(path.read_text() for path in sorted((CHART / "templates").iterdir()))


def leaves(schema, *path):
    """The dotted paths of a schema that have no properties of their own."""
    properties = schema.get("properties", {})
    if not properties or path[-1:] == ("resources",):
        return {".".join(path)}
    return {leaf for name, below in properties.items() for leaf in leaves(below, *path, name)}


def described():
    documents = runpy.run_path(str(ROOT / "docs" / "generate.py"))
    pairs = documents["_described_values"]((CHART / "values.yaml").read_text())
    return {".".join(path): sentence for path, sentence in pairs}


def value_at(path):
    value = VALUES
    for name in path.split("."):
        value = value[name]
    return value


def test_every_value_of_the_schema_is_described_and_has_a_default():
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert leaves(schema) - {"global"} == set(described())
    for path in described():
        value_at(path)


def test_every_value_is_used_by_a_template():
    unused = {path for path in described() if not re.search(rf"\.Values\.{re.escape(path)}\b", TEMPLATES)}
    assert unused == set()


def test_templates_use_no_value_that_there_is_not():
    used = set(re.findall(r"\.Values\.([A-Za-z.]+[A-Za-z])", TEMPLATES))
    assert used - set(described()) == set()


def test_the_chart_is_of_this_hadyn():
    about = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert about["appVersion"] == hadyn.__version__


def test_templates_of_flags_name_flags_that_there_are():
    flags = set(re.findall(r'\$_ := set \$own "([a-z-]+)"', TEMPLATES)) | set(
        re.findall(r'"([a-z-]+)" "[a-z]+\.?[a-zA-Z]*"', TEMPLATES[TEMPLATES.index("$elsewhere :=") :].split("-}}")[0])
    )
    listed = (ROOT / "docs" / "cli.md").read_text()
    assert "http-port" in flags
    assert {flag for flag in flags if f"`--{flag}`" not in listed} == set()
