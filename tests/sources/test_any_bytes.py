"""A file of manifests may hold anything: it gives objects, problems, or the one documented error."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hadyn.sources.content import file_content
from hadyn.sources.documents import DoesNotParse
from tests.given import ingress_document, rule

YAML, JSON = Path("shop.yaml"), Path("shop.json")
OBJECT = json.dumps(ingress_document("shop", "web", [rule()])).encode()
LIST = b'{"apiVersion": "v1", "kind": "List", "items": [' + OBJECT + b", " + OBJECT + b"]}"
SAMPLES = [
    OBJECT,
    LIST,
    b"kind: Service\napiVersion: v1\nmetadata: {name: web, namespace: shop}\nspec:\n  ports:\n  - port: 80\n",
    b"a: &a [1, 2]\nb: *a\nc: !!int 3\nd: {<<: {e: 1}}\n---\n# next\n- |\n  text\n- >-\n  folded\n",
]
PIECES = st.one_of(
    st.binary(max_size=4),
    st.sampled_from([b"\x00", b"\xff\xfe", b"*a", b"&a ", b"!!int ", b"!!map", b"<<: ", b"---\n", b"? ", b"\\ud800"]),
    st.sampled_from([b"[", b"{a: ", b"9"]).map(lambda piece: piece * 5000),
)


def read(text, path):
    with contextlib.suppress(DoesNotParse):
        file_content(text, path)


@pytest.mark.parametrize("path", [YAML, JSON], ids=str)
@given(text=st.binary())
def test_any_bytes_give_objects_problems_or_the_one_documented_error(path, text):
    read(text, path)


@pytest.mark.parametrize("path", [YAML, JSON], ids=str)
@given(sample=st.sampled_from(SAMPLES), where=st.integers(0, 600), length=st.integers(0, 40), inserted=PIECES)
@example(sample=b"", where=0, length=0, inserted=b"9" * 5000)
@example(sample=b'{"kind": "List", "items": []}', where=27, length=0, inserted=b"9" * 5000)
@example(sample=LIST, where=339, length=0, inserted=b"\\ud800")
def test_a_damaged_file_gives_objects_problems_or_the_one_documented_error(path, sample, where, length, inserted):
    read(sample[:where] + inserted + sample[where + length :], path)
