"""Where the values of flags come from."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import click
import pytest

from hadyn.cli.flags import default_state_dir
from hadyn.cli.run import run
from hadyn.cli.values import CertificateName, Duration
from hadyn.settings import Settings
from tests.cli.invoking import invoke

HERE = Path("manifests")


def settings(*arguments: str) -> Settings:
    return Settings(**run.make_context("run", ["--manifests", "manifests", *arguments]).params)


def test_run_has_a_flag_for_every_setting():
    flags = {parameter.name for parameter in run.params} - {"config", "debug"}
    assert {field.name for field in fields(Settings)} - flags == set()


def test_the_defaults_of_flags_are_those_of_settings():
    assert settings() == Settings(manifests=(HERE,), state_dir=default_state_dir())


def test_flags_become_the_settings_of_a_run():
    given = settings(
        "--manifests", "more", "--bind", "::1", "--reload-interval", "500ms", "--drain-time", "1m30s", "--leave-running"
    )
    assert given.manifests == (HERE, Path("more"))
    assert (given.bind, given.reload_interval, given.drain_time) == (("::1",), 0.5, 90.0)
    assert given.leave_running


def test_a_state_folder_is_made_absolute():
    assert settings("--state-dir", "state").state_dir == Path.cwd() / "state"


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30.0), ("500ms", 0.5), ("5m", 300.0), ("1h", 3600.0), ("1m30s", 90.0), ("0", 0.0)]
)
def test_a_time_is_read_with_its_unit(text: str, seconds: float):
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "30", "s", "-1s", "1d", "1 s", "1s ", "٣s", "1e3s", "1s\n"])
def test_what_is_no_time_is_refused(text: str):
    with pytest.raises(click.BadParameter):
        Duration().convert(text, None, None)


@pytest.mark.parametrize("time", ["0", "0s", "99ms"])
@pytest.mark.parametrize(
    "words",
    [("slots", "--watch", "--interval"), ("resolve", "a.example", "-w", "--interval"), ("run", "--drift-interval")],
)
def test_looking_without_a_pause_is_refused_as_wrong_usage(words: tuple[str, ...], time: str):
    ended = invoke(*words, time)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"'{time}' is too short, it takes 0.1s or more" in ended.stderr


def test_the_shortest_pause_between_two_looks_is_taken():
    assert settings("--drift-interval", "100ms").drift_interval == 0.1


def test_a_certificate_is_named_by_a_path_or_as_a_secret():
    convert = CertificateName().convert
    assert convert("/etc/tls.pem", None, None) == "/etc/tls.pem"
    assert convert("./tls.pem", None, None) == str(Path("tls.pem").absolute())
    assert convert("infra/wildcard", None, None) == "infra/wildcard"
    assert convert("", None, None) == ""


@pytest.mark.parametrize("text", ["tls.pem", "Infra/wildcard", "infra/wild/card", "infra/", "~/tls.pem"])
def test_what_is_neither_path_nor_secret_is_refused(text: str):
    with pytest.raises(click.BadParameter):
        CertificateName().convert(text, None, None)


def config(folder: Path, text: str) -> str:
    (folder / "hadyn.yaml").write_text(text)
    return str(folder / "hadyn.yaml")


def test_the_file_of_config_sets_flags(tmp_path: Path):
    file = config(tmp_path, "http-port: 9090\nbind: 127.0.0.1\nreload-interval: 2s\nshared-hosts: true\n")
    given = settings("--config", file)
    assert (given.http_port, given.bind, given.reload_interval) == (9090, ("127.0.0.1",), 2.0)
    assert given.shared_hosts


def test_a_flag_wins_over_the_file_of_config(tmp_path: Path):
    file = config(tmp_path, "http-port: 9090\nslots: 30\n")
    given = settings("--http-port", "9091", "--config", file)
    assert (given.http_port, given.slots) == (9091, 30)


def test_the_environment_stands_between_flag_and_file(tmp_path: Path):
    file = config(tmp_path, "ingress-class: from-file\nslots: 30\n")
    environment = {"HADYN_INGRESS_CLASS": "from-environment", "HADYN_CONFIG": file}
    (tmp_path / "shop.yaml").write_text(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: shop}\nspec: {ingressClassName: other}\n"
    )
    by_environment = invoke("check", tmp_path / "shop.yaml", **environment)
    by_flag = invoke("check", tmp_path / "shop.yaml", "--ingress-class", "from-flag", **environment)
    assert "1 of other classes than from-environment" in by_environment.output
    assert "1 of other classes than from-flag" in by_flag.output


def test_a_file_of_config_may_serve_several_commands(tmp_path: Path):
    (tmp_path / "shop.yaml").write_text("")
    assert invoke("check", tmp_path / "shop.yaml", "--config", config(tmp_path, "drain-time: 1m\n")).exit_code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http_port: 9090\n", "'http_port' is not a flag"),
        ("- http-port\n", "is not a mapping of flags to values"),
        ("http-port: [\n", "is not YAML"),
        ("http-port: many\n", "'many' is not a valid integer range"),
        ("drain-time: soon\n", "'soon' is not a time"),
    ],
)
def test_a_wrong_file_of_config_is_wrong_usage(tmp_path: Path, text: str, said: str):
    ended = invoke("run", "--manifests", "x", "--config", config(tmp_path, text))
    assert ended.exit_code == 2
    assert said in " ".join(ended.stderr.split())


def test_a_file_of_config_that_is_not_there_is_wrong_usage(tmp_path: Path):
    ended = invoke("run", "--manifests", "x", "--config", tmp_path / "nothing.yaml")
    assert ended.exit_code == 2
    assert "No such file or directory" in ended.stderr


def test_a_sidecar_is_found_in_the_state_folder_or_where_its_flags_say():
    beside = settings("--sidecar", "--state-dir", "/hadyn")
    assert (beside.runtime_socket, beside.master_socket) == (
        Path("/hadyn/run/runtime.sock"),
        Path("/hadyn/master/master.sock"),
    )
    elsewhere = settings("--sidecar", "--runtime-socket", "/sockets/runtime", "--master-socket", "/sockets/master")
    assert (elsewhere.runtime_socket, elsewhere.master_socket) == (Path("/sockets/runtime"), Path("/sockets/master"))


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (("--master-socket", "/m"), ("--master-socket", "--sidecar")),
        (("--runtime-socket", "/r"), ("--runtime-socket", "--sidecar")),
        (("--sidecar", "--leave-running"), ("--sidecar", "--leave-running")),
        (("--sidecar", "--master-socket", "/" + 97 * "m"), ("--master-socket", "97 bytes")),
        (("--sidecar", "--runtime-socket", "/a b"), ("--runtime-socket", "cannot name")),
        (("--max-old-workers", "0"), ("--max-old-workers", "0")),
    ],
)
def test_flags_that_do_not_go_together_are_both_named(flags: tuple[str, ...], named: tuple[str, ...]):
    ended = invoke("run", "--manifests", HERE, *flags)
    assert ended.exit_code == 2
    assert [word for word in named if word not in ended.stderr] == []
