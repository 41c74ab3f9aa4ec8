"""hadyn check: manifests judged as run would."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.invoking import SHOP, invoke

WRONG = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: shop
  annotations:
    hadyn.io/slots: many
spec:
  ingressClassName: hadyn
  rules:
    - host: shop.example
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: web, port: {number: 80}}}
          - path: cart
            pathType: Prefix
            backend: {service: {name: web, port: {number: 80}}}
"""


def test_manifests_without_a_problem_end_with_a_summary():
    ended = invoke("check", SHOP)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout == "no problem; 8 objects in 4 files; 3 backends, 2 Ingresses\n"


def test_each_problem_is_told_with_file_line_object_field_and_remedy(tmp_path: Path):
    (tmp_path / "shop.yaml").write_text(WRONG)
    ended = invoke("check", tmp_path)
    slots, path = ended.stdout.splitlines()
    file = tmp_path / "shop.yaml"
    assert ended.exit_code == 1
    assert slots.startswith(f"{file}:12: ingress shop/shop: metadata.annotations[hadyn.io/slots]: 'many': ")
    assert path.startswith(f"{file}:22: ingress shop/shop: spec.rules[0].http.paths[1].path: 'cart' ")
    assert ended.stderr == "2 problems; 2 objects in 1 file; 1 backend, 1 Ingress\n"


def test_problems_are_told_to_programs_as_json(tmp_path: Path):
    (tmp_path / "shop.yaml").write_text(WRONG)
    ended = invoke("check", tmp_path, "-o", "json")
    found = json.loads(ended.stdout)
    assert ended.exit_code == 1
    assert [(problem["object"], problem["reason"]) for problem in found] == [("ingress shop/shop", "InvalidValue")] * 2
    assert {"field", "said", "remedy", "file"} <= found[0].keys()


def test_a_file_that_does_not_parse_is_a_problem_with_its_place(tmp_path: Path):
    (tmp_path / "shop.yaml").write_text("kind: [Ingress\n")
    ended = invoke("check", tmp_path)
    assert ended.exit_code == 1
    assert f"{tmp_path / 'shop.yaml'}:2:1: file shop.yaml: does not parse" in ended.stdout


def test_a_document_that_is_no_object_is_a_problem(tmp_path: Path):
    (tmp_path / "shop.yaml").write_text("kind: Service\nmetadata: {name: web}\n---\nreplicas: 3\n---\njust words\n")
    ended = invoke("check", tmp_path / "shop.yaml")
    assert "shop.yaml:4: file" in ended.stdout
    assert "a document has no kind, so it is no object" in ended.stdout
    assert "shop.yaml:6: file" in ended.stdout
    assert "a document is not a mapping, so it is no object" in ended.stdout


def test_an_ingress_of_another_class_is_counted_apart(tmp_path: Path):
    (tmp_path / "shop.yaml").write_text(WRONG.replace("ingressClassName: hadyn", "ingressClassName: other"))
    ended = invoke("check", tmp_path)
    assert ended.stdout == "no problem; 2 objects in 1 file; 0 backends, 0 Ingresses; 1 of other classes than hadyn\n"


def test_a_path_that_is_not_there_is_wrong_usage(tmp_path: Path):
    ended = invoke("check", tmp_path / "nothing")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"hadyn: cannot read {tmp_path / 'nothing'}: No such file or directory.")
