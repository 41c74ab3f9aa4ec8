"""Kubeconfigs, good and bad."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hadyn.cluster.errors import KubeconfigWrong
from hadyn.cluster.login import Login
from tests.cluster.apiserver import kubeconfig

HOST = "https://10.0.0.1:6443"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kubeconfig"


def plugin(folder: Path, script: str) -> dict[str, Any]:
    """A user section whose credentials a program prints."""
    program = folder / "plugin"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    version = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": version, "command": str(program), "interactiveMode": "Never"}}


CREDENTIAL = (
    'echo \'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-plugin"}}\''
)


def test_a_token_becomes_a_header_of_every_request(path: Path):
    path.write_text(kubeconfig(HOST, {"token": "secret"}))
    login = Login(path)
    configuration = login.configuration()
    assert (configuration.host, login.authorization(configuration)) == (HOST, "Bearer secret")


def test_a_token_may_stand_in_a_file_beside(path: Path):
    (path.parent / "token").write_text("from-file")
    path.write_text(kubeconfig(HOST, {"tokenFile": "token"}))
    assert Login(path).authorization(Login(path).configuration()) == "Bearer from-file"


def test_a_plugin_is_asked_for_the_token(path: Path):
    path.write_text(kubeconfig(HOST, plugin(path.parent, CREDENTIAL)))
    assert Login(path).authorization(Login(path).configuration()) == "Bearer from-plugin"


@pytest.mark.parametrize("script", ["echo broken >&2; exit 1", "echo no JSON", "echo '{\"status\":{}}'", "true"])
def test_a_plugin_that_fails_makes_nobody_anonymous(path: Path, script: str):
    path.write_text(kubeconfig(HOST, plugin(path.parent, script)))
    with pytest.raises(KubeconfigWrong, match="names exec, but no credentials came of it"):
        Login(path).configuration()


def test_a_client_certificate_needs_no_header(path: Path):
    (path.parent / "client.crt").write_text("certificate")
    (path.parent / "client.key").write_text("key")
    path.write_text(kubeconfig(HOST, {"client-certificate": "client.crt", "client-key": "client.key"}))
    login = Login(path)
    configuration = login.configuration()
    assert login.authorization(configuration) == ""
    assert configuration.cert_file == str(path.parent / "client.crt")


def test_a_context_is_chosen_by_its_name(path: Path):
    path.write_text(kubeconfig(HOST, {"token": "secret"}).replace("current-context: here", "current-context: other"))
    assert Login(path, "here").configuration().host == HOST


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty|No configuration found"),
        ("nonsense", "cannot be used"),
        ("{a: [", "cannot be used"),
        ("apiVersion: v1", "cannot be used"),
        (kubeconfig(HOST, {}).replace("current-context: here", "current-context: there"), "there"),
        (kubeconfig(HOST, {}, **{"certificate-authority": "missing.crt"}), "missing.crt"),
        (kubeconfig(HOST, {"token": ""}), "names token, but no credentials came of it"),
    ],
)
def test_a_wrong_kubeconfig_is_named_with_what_is_wrong(path: Path, text: str, said: str):
    path.write_text(text)
    with pytest.raises(KubeconfigWrong, match=said) as caught:
        Login(path).configuration()
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 1


def test_a_missing_kubeconfig_is_named(path: Path):
    with pytest.raises(KubeconfigWrong, match=r"cannot read the kubeconfig .*: No such file or directory"):
        Login(path).configuration()


def test_outside_a_pod_there_is_no_service_account(path: Path):
    with pytest.raises(KubeconfigWrong, match=r"the ServiceAccount in /var/run/secrets.* cannot be used"):
        Login().configuration()
