"""Text of manifests, as documents with their lines."""

from __future__ import annotations

import pytest

from hadyn.sources.documents import DoesNotParse, documents


def contents(text: bytes) -> list[object]:
    return [document.content for document in documents(text)]


def test_every_document_knows_the_line_where_it_begins():
    found = documents(b"# a shop\nkind: A\n---\n---\n\nkind: B\n")
    assert [(document.content, document.line) for document in found] == [({"kind": "A"}, 2), ({"kind": "B"}, 6)]


def test_a_file_without_content_has_no_documents():
    assert documents(b"") == documents(b"# nothing\n---\n") == []


def test_the_objects_of_a_list_count_one_by_one():
    found = documents(b"apiVersion: v1\nkind: List\nitems:\n- kind: A\n  x: 1\n- kind: B\n")
    assert [(document.content["kind"], document.line) for document in found] == [("A", 4), ("B", 6)]


def test_the_objects_of_a_typed_list_take_their_kind_from_it():
    text = b'{"apiVersion": "networking.k8s.io/v1", "kind": "IngressList", "items": [{"metadata": {"name": "shop"}}]}'
    wanted = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "shop"}}
    assert documents(text, is_json=True)[0].content == contents(text)[0] == wanted


@pytest.mark.parametrize("text", ["2026-11-22T10:00:00Z", "2026-11-22", "10:30", "=", "0x", "1.2.3"])
def test_what_is_text_for_kubernetes_stays_text(text: str):
    assert contents(f"value: {text}".encode()) == [{"value": text}]


@pytest.mark.parametrize(
    ("text", "value"), [("80", 80), ("0x10", 16), ("1.5", 1.5), ("1e3", 1000.0), ("yes", True), ("~", None)]
)
def test_numbers_and_truth_are_read_as_kubectl_does(text: str, value: object):
    assert contents(f"value: {text}".encode()) == [{"value": value}]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (b"kind: A\n---\nports: [80\n", 4, 1),
        (b"\tkind: A\n", 1, 1),
        (b"kind: A\nname: \xe9\n", 2, 7),
        (b"kind: A\nname: \x00\n", 2, 7),
        (b"kind: A\nname: !!python/object:os.system {}\n", 2, 7),
        (b"kind: *unknown\n", 1, 7),
        (b"? [a, b]\n: 1\n", 1, 3),
    ],
)
def test_what_does_not_parse_is_named_by_line_and_column(text: bytes, line: int, column: int):
    with pytest.raises(DoesNotParse) as failure:
        documents(text)
    assert (failure.value.line, failure.value.column) == (line, column)


def test_json_that_does_not_parse_is_named_by_line_and_column():
    with pytest.raises(DoesNotParse) as failure:
        documents(b'{\n "kind": Ingress\n}', is_json=True)
    assert (failure.value.line, failure.value.column) == (2, 10)


@pytest.mark.parametrize("text", [b"a: !!int x", b"a: !!int ''", b"a: !!bool maybe", b"a: !!binary x", b"!!map [a]"])
def test_a_value_that_does_not_fit_its_tag_is_refused(text: bytes):
    with pytest.raises(DoesNotParse):
        documents(text)


@pytest.mark.parametrize(
    "text", [b"[" * 5000 + b"]" * 5000, b"{a: " * 5000, b"\n".join(b" " * n + b"a:" for n in range(2000))]
)
def test_nesting_without_end_is_refused(text: bytes):
    with pytest.raises(DoesNotParse):
        documents(text)


def test_json_nested_without_end_is_refused():
    with pytest.raises(DoesNotParse, match="nested too deeply"):
        documents(b"[" * 100_000, is_json=True)


def test_aliases_that_repeat_without_end_are_refused():
    levels = [b"l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [b"l%d: &l%d [%s]" % (n, n, b", ".join([b"*l%d" % (n - 1)] * 10)) for n in range(1, 10)]
    with pytest.raises(DoesNotParse, match="aliases repeat more than 100,000 values"):
        documents(b"\n".join(levels))


def test_an_alias_inside_itself_is_refused():
    with pytest.raises(DoesNotParse, match="an alias contains itself"):
        documents(b"a: &a [*a]\n")


def test_a_few_aliases_are_everyday_life():
    text = b"base: &base {port: 80}\nweb: *base\ncart:\n  <<: *base\n  name: cart\n"
    assert contents(text)[0] == {"base": {"port": 80}, "web": {"port": 80}, "cart": {"port": 80, "name": "cart"}}
