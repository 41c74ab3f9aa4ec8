"""hadyn plan, without a hadyn that runs."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.invoking import SHOP, invoke


def test_a_first_start_is_planned_from_manifests():
    ended = invoke("plan", "--manifests", SHOP)
    assert ended.exit_code == 0
    assert "reload because NEW_BACKEND shop_web_80\n" in ended.stdout
    assert "add map prefix.map shop.example/cart/ shop_cart_80\n" in ended.stdout
    assert "shop_cart_80     20      2        0\n" in ended.stdout
    assert ended.stdout.endswith("5 commands, 3 reasons to reload\n")


def test_a_plan_is_told_to_programs_as_json():
    document = json.loads(invoke("plan", "--manifests", SHOP, "-o", "json").stdout)
    assert [reload["reason"] for reload in document["reloads"]] == ["NEW_BACKEND"] * 3
    assert document["backends"][2]["seats"] == {
        "s1": "127.0.0.11:9001",
        "s2": "127.0.0.12:9001",
        "s3": "127.0.0.13:9001",
    }


def test_without_hadyn_and_manifests_there_is_nothing_to_plan(tmp_path: Path):
    ended = invoke("plan", "--state-dir", tmp_path)
    assert ended.exit_code == 1
    assert ended.stderr.startswith(f"hadyn: no hadyn runs with the state folder {tmp_path}")


def test_manifests_of_the_environment_count_while_no_hadyn_runs(tmp_path: Path):
    ended = invoke("plan", "--state-dir", tmp_path, HADYN_MANIFESTS=str(SHOP))
    assert ended.exit_code == 0
    assert "NEW_BACKEND shop_web_80" in ended.stdout
