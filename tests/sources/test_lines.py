"""Where a field of an object stands in its file."""

from __future__ import annotations

import pytest

from hadyn.sources.lines import field_line

TEXT = b"""\
kind: Service
metadata: {name: web}
---
kind: Ingress
metadata:
  name: shop
  annotations:
    hadyn.io/slots: many
spec:
  rules:
    - host: shop.example
      http:
        paths:
          - path: /
          - path: cart
"""


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("metadata.annotations[hadyn.io/slots]", 8),
        ("spec.rules[0].host", 11),
        ("spec.rules[0].http.paths[1].path", 15),
        ("spec.rules[0].http.paths[1].pathType", 15),
        ("spec.tls[0].hosts", 9),
        ("", 4),
        ("status", 4),
    ],
)
def test_a_field_is_found_or_else_what_is_around_it(field: str, line: int):
    assert field_line(TEXT, 4, field) == line


def test_an_object_in_a_list_is_found_by_its_line():
    text = b"kind: List\nitems:\n- kind: Service\n- kind: Ingress\n  spec:\n    rules: 7\n"
    assert field_line(text, 4, "spec.rules") == 6


def test_a_file_that_changed_meanwhile_gives_the_line_of_the_object():
    assert field_line(b"kind: [", 4, "spec") == field_line(b"kind: A\n", 4, "spec") == 4
