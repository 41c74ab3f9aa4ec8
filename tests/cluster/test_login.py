"""Kubeconfigs, good and bad."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hadyn.cluster.errors import KubeconfigWrong
from hadyn.cluster.login import Login
from hadyn.cluster.plugin import GAVE_UP, NOT_RUN, patient
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


@pytest.mark.parametrize(
    "hanging", ["exec sleep 3600", "sleep 3600 & exit 0", "trap '' TERM; sleep 3600"], ids=["itself", "child", "trap"]
)
def test_a_plugin_that_hangs_is_given_up_and_leaves_nobody_behind(path: Path, hanging: str):
    # Whoever lives holds the lock.
    words = patient("/bin/sh", ["-c", f"exec 9>{path.parent}/lock; flock 9; {hanging}"], seconds=0.3)
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stderr) == (GAVE_UP, "/bin/sh did not end within 0.3 s\n")
    with (path.parent / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_plugin_that_is_not_there_is_named():
    done = subprocess.run(patient("/nowhere/plugin", []), capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stderr) == (NOT_RUN, "cannot run /nowhere/plugin: No such file or directory\n")


def test_a_plugin_beside_its_kubeconfig_is_found_and_told_its_arguments(path: Path):
    user = plugin(path.parent, f'test "$1" = login && {CREDENTIAL}')
    user["exec"] |= {"command": "./plugin", "args": ["login"]}
    path.write_text(kubeconfig(HOST, user))
    assert Login(path).authorization(Login(path).configuration()) == "Bearer from-plugin"


def test_of_several_kubeconfigs_the_first_that_says_something_counts(tmp_path: Path):
    first, second = tmp_path / "first", tmp_path / "sub" / "second"
    second.parent.mkdir()
    first.write_text("current-context: here\n")
    second.write_text(kubeconfig(HOST, {"tokenFile": "token"}).replace("current-context: here", "current-context: x"))
    (second.parent / "token").write_text("beside-the-second")
    login = Login(tmp_path / "missing", others=(first, second))
    assert login.authorization(login.configuration()) == "Bearer beside-the-second"


def test_of_equal_names_in_several_kubeconfigs_the_first_counts(tmp_path: Path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text(kubeconfig(HOST, {"token": "first"}))
    second.write_text(kubeconfig("https://10.0.0.2:6443", {"token": "second"}))
    login = Login(first, others=(second,))
    configuration = login.configuration()
    assert (configuration.host, login.authorization(configuration)) == (HOST, "Bearer first")


def test_several_kubeconfigs_of_which_none_is_there_are_named(tmp_path: Path):
    with pytest.raises(KubeconfigWrong, match=r"cannot read the kubeconfig .*b: No such file or directory"):
        Login(tmp_path / "a", others=(tmp_path / "b",)).configuration()


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
