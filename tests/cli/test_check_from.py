"""hadyn check --from: what becomes of another controller's annotations."""

import json
from pathlib import Path

import pytest

from hadyn.model.options.foreign.peers import PEERS
from hadyn.model.options.foreign.verdicts import Verdict
from hadyn.model.options.table import BY_ALIAS
from tests.cli.invoking import invoke

EXAMPLES = Path(__file__).parent / "peers"
SHOP = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/app-root: /shop
    nginx.ingress.kubernetes.io/canary-weight: ten
    nginx.ingress.kubernetes.io/proxy-buffering: "on"
    nginx.ingress.kubernetes.io/configuration-snippet: 'more_set_headers "X-A: b";'
    nginx.ingress.kubernetes.io/never-heard-of: "1"
    example.com/other: "1"
spec: {ingressClassName: nginx}
"""


@pytest.mark.parametrize("name", PEERS)
def test_every_annotation_that_a_peer_documents_has_a_verdict(name):
    peer = PEERS[name]
    verdicts = {listed: {peer.judge(prefix + listed).verdict for prefix in peer.prefixes} for listed in peer.names}
    assert [listed for listed, found in verdicts.items() if found == {Verdict.UNKNOWN}] == []


@pytest.mark.parametrize("name", PEERS)
def test_no_annotation_has_two_verdicts(name):
    peer = PEERS[name]
    aliases = {listed for listed in peer.names if any(prefix + listed in BY_ALIAS for prefix in peer.prefixes)}
    assert aliases.isdisjoint({*peer.not_needed, *peer.no_equal})
    assert set(peer.differing) <= aliases
    assert set(peer.not_needed).isdisjoint(peer.no_equal)


@pytest.mark.parametrize("name", PEERS)
def test_what_is_said_of_an_annotation_is_said_of_one_that_exists(name):
    peer = PEERS[name]
    assert {*peer.differing, *peer.not_needed, *peer.no_equal} <= set(peer.names)


def test_each_annotation_is_judged_with_its_value(tmp_path):
    (tmp_path / "shop.yaml").write_text(SHOP)
    ended = invoke("check", "--from", "nginx", tmp_path, "-o", "json")
    assert ended.exit_code == 1
    verdicts = {each["annotation"].partition("/")[2]: each["verdict"] for each in json.loads(ended.stdout)}
    assert verdicts == {
        "app-root": "understood",
        "canary-weight": "no equal",
        "proxy-buffering": "not needed",
        "configuration-snippet": "no equal",
        "never-heard-of": "unknown",
    }


def test_an_annotation_that_belongs_elsewhere_is_not_simply_understood(tmp_path):
    for kind, name in (("Ingress", "app-root"), ("Service", "app-root"), ("Service", "load-balance")):
        annotations = {f"nginx.ingress.kubernetes.io/{name}": {"app-root": "/shop"}.get(name, "round_robin")}
        document = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "annotations": annotations}}
        (tmp_path / f"{kind}-{name}.yaml").write_text(json.dumps(document))
    ended = invoke("check", "--from", "nginx", tmp_path, "-o", "json")
    found = {(each["annotation"].partition("/")[2], each["verdict"]): each for each in json.loads(ended.stdout)}
    assert set(found) == {("app-root", "understood"), ("app-root", "differs"), ("load-balance", "understood")}
    assert found["app-root", "differs"]["said"] == "as hadyn.io/app-root, which belongs on Ingress"


@pytest.mark.parametrize("name", PEERS)
def test_four_in_five_annotations_mean_something_as_a_peers_own_pages_show_them(name):
    ended = invoke("check", "--from", name, EXAMPLES / f"{name}.yaml", "-o", "json")
    judged = {each["annotation"].partition("/")[2]: each for each in json.loads(ended.stdout)}
    assert judged.keys() == set(PEERS[name].names)
    refused = [each for each in judged.values() if each["verdict"] == Verdict.NO_EQUAL]
    assert [each for each in refused if not each["said"]] == []
    assert len(refused) <= len(judged) / 5


def test_people_see_a_table_and_a_summary(tmp_path):
    (tmp_path / "shop.yaml").write_text(SHOP)
    ended = invoke("check", "--from", "nginx", tmp_path)
    assert "nginx.ingress.kubernetes.io/app-root" in ended.stdout
    assert "as hadyn.io/app-root" in ended.stdout
    assert "5 annotations of ingress-nginx: 1 understood, 1 not needed, 2 no equal, 1 unknown" in ended.stderr


def test_a_cluster_comes_in_by_stdin():
    ended = invoke("check", "--from", "nginx", "-", stdin=SHOP.replace("annotations:", "labels:"))
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == "0 annotations of ingress-nginx\n"


def test_text_that_is_no_yaml_is_wrong_usage(tmp_path):
    (tmp_path / "shop.yaml").write_text("a: [")
    ended = invoke("check", "--from", "haproxytech", tmp_path)
    assert ended.exit_code == 2
    assert "shop.yaml:" in ended.stderr
