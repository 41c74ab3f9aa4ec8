"""hadyn render: the configuration without HAProxy."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hadyn.model.desired import MapName
from tests.cli.invoking import SHOP, invoke


def test_all_files_are_printed_each_behind_its_name():
    ended = invoke("render", "--manifests", SHOP, "--http-port", "9090", "--bind", "127.0.0.1")
    assert ended.exit_code == 0
    names = [line.split()[1] for line in ended.stdout.splitlines() if line.startswith("############ ")]
    assert names[0] == "haproxy.cfg"
    assert [name for name in names if name.startswith("maps/")] == [f"maps/{name}.map" for name in MapName]
    assert names[-1] == "certificates/crt-list"
    assert "    bind 127.0.0.1:9090\n" in ended.stdout
    assert "    server s3 127.0.0.13:9001 weight 1\n    server-template s 4-10 127.0.0.1:1" in ended.stdout
    assert "shop.example/cart/ shop_cart_80\n" in ended.stdout


def test_a_folder_gets_all_that_haproxy_needs(tmp_path: Path):
    ended = invoke("render", "--manifests", SHOP, "--output", tmp_path / "out")
    assert (ended.exit_code, ended.output) == (0, "")
    assert {"haproxy.cfg", "backends", "maps", "errors"} <= {path.name for path in (tmp_path / "out").iterdir()}
    assert len(list((tmp_path / "out" / "backends").iterdir())) == 3
    assert {path.name for path in (tmp_path / "out" / "certificates").iterdir()} == {"crt-list", "default.pem"}
    assert f"{tmp_path}/out/maps/hosts.map" in (tmp_path / "out" / "haproxy.cfg").read_text()


def test_a_backend_that_is_gone_leaves_no_file_behind(tmp_path: Path):
    (tmp_path / "shop").mkdir()
    for manifest in SHOP.iterdir():
        (tmp_path / "shop" / manifest.name).write_text(manifest.read_text().replace("/cart", "/basket"))
    invoke("render", "--manifests", SHOP, "--output", tmp_path / "out")
    ingress = (tmp_path / "shop" / "ingress.yaml").read_text()
    (tmp_path / "shop" / "ingress.yaml").write_text(ingress.split("---")[0])
    invoke("render", "--manifests", tmp_path / "shop", "--output", tmp_path / "out")
    assert len(list((tmp_path / "out" / "backends").iterdir())) == 2


def test_the_state_folder_of_a_hadyn_is_not_written_to(tmp_path: Path):
    (tmp_path / "hadyn.lock").write_text("1")
    ended = invoke("render", "--manifests", SHOP, "--output", tmp_path)
    assert ended.exit_code == 2
    assert "is the state folder of a hadyn" in ended.stderr


def test_a_folder_that_haproxy_cannot_name_is_refused(tmp_path: Path):
    ended = invoke("render", "--manifests", SHOP, "--output", tmp_path / "a b")
    assert ended.exit_code == 2
    assert "cannot name the folder" in ended.stderr


def test_a_folder_that_cannot_be_written_is_said():
    ended = invoke("render", "--manifests", SHOP, "--output", "/proc/nowhere")
    assert ended.exit_code == 1
    assert ended.stderr.startswith("hadyn: cannot write /proc/nowhere")


def test_a_bootstrap_is_a_state_folder_without_backends():
    with TemporaryDirectory(prefix="hadyn-") as place:
        ended = invoke("render", "--bootstrap", "--output", f"{place}/state", "--http-port", "9090", "--maxconn", "50")
        assert (ended.exit_code, ended.output) == (0, "")
        main = Path(place, "state", "haproxy.cfg").read_text()
        again = invoke("render", "--bootstrap", "--output", f"{place}/state", "--http-port", "9091")
    assert f"stats socket {place}/state/run/runtime.sock" in main
    assert "maxconn 50" in main
    assert ":9090" in main
    assert again.exit_code == 0
    assert "was there and stays" in again.stderr


def test_the_main_file_of_a_bootstrap_is_printed_without_a_folder():
    ended = invoke("render", "--bootstrap", "--state-dir", "/hadyn", "--runtime-socket", "/sockets/runtime")
    assert ended.exit_code == 0
    assert ended.stdout.startswith("############ haproxy.cfg\n")
    assert "stats socket /sockets/runtime mode 600 level admin" in ended.stdout
    assert "/hadyn/maps/hosts.map" in ended.stdout


@pytest.mark.parametrize("flags", [(), ("--bootstrap", "--manifests", SHOP)])
def test_either_manifests_or_a_bootstrap_is_rendered(flags: tuple[object, ...]):
    ended = invoke("render", *flags)
    assert ended.exit_code == 2
    assert "either --manifests or --bootstrap" in ended.stderr
