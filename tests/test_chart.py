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


def test_every_value_that_the_pages_speak_of_exists():
    pages = "".join((ROOT / "docs" / page).read_text() for page in ("kubernetes.md", "rbac.md"))
    spelled = re.findall(r"`([a-z]\w*(?:\.\w+)*):? [^`]+`|\(chart: `([\w.]+)`\)|--set (\S+)=", pages)
    named = {next(filter(None, names)) for names in spelled}
    known = {prefix for path in described() for prefix in (path, path.rpartition(".")[0])}
    commands = {"hadyn", "helm", "kubectl"}
    assert {"readOnly", "publish.nodes", "rbac.onlySecrets"} <= named
    assert named - known - commands == set()


def test_every_role_has_its_line_on_the_page_about_rights():
    roles = {f"hadyn{suffix}" for suffix in re.findall(r'"hadyn\.grant" \(list [$.] "(|-[a-z-]+)"', TEMPLATES)}
    page = (ROOT / "docs" / "rbac.md").read_text()
    assert {"hadyn", "hadyn-lease", "hadyn-nodes"} <= roles
    assert {role for role in roles if f"`{role}`" not in page} == set()


def test_the_pod_on_the_page_about_sidecars_is_that_of_the_base():
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs" / "sidecar.md").read_text(), re.MULTILINE | re.DOTALL)
    page = yaml.safe_load(shown)
    base = yaml.safe_load((ROOT / "deploy" / "base" / "deployment.yaml").read_text())["spec"]["template"]["spec"]
    told = ("name", "image", "command", "restartPolicy", "lifecycle")
    for part in ("initContainers", "containers"):
        assert [pick(each, told) for each in page[part]] == [pick(each, told) for each in base[part]]
    assert page["terminationGracePeriodSeconds"] == base["terminationGracePeriodSeconds"]
    assert page["securityContext"].items() <= base["securityContext"].items()


def pick(container, keys):
    return {key: container.get(key) for key in keys}
