"""What becomes of answers and broken connections."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest

from hadyn.cluster.api import KubeApi
from hadyn.cluster.errors import (
    AnswerNotUnderstood,
    ApiBusy,
    ApiSilent,
    ApiUnreachable,
    KubeconfigWrong,
    NoCredentials,
    NotKubernetes,
)
from hadyn.cluster.login import Login
from hadyn.cluster.requests import ApiRequest
from tests.cluster.apiserver import ApiServer, kubeconfig

PATH = "/api/v1/services"
LIST = ApiRequest("list", "services", PATH, query={"limit": "500"})
WATCH = ApiRequest("watch", "services", PATH, query={"watch": "1"})


def reaching(host: str, folder: Path) -> KubeApi:
    path = folder / "kubeconfig"
    path.write_text(kubeconfig(host, {"token": "secret"}))
    return KubeApi(Login(path))


def test_an_answer_comes_as_bytes_and_the_request_says_who_asks(server: ApiServer, tmp_path: Path):
    server.will_answer(PATH, b"any bytes")
    assert server.api(tmp_path).get(LIST) == b"any bytes"
    asked = server.asked(PATH)
    assert (asked.query, asked.authorization) == ({"limit": "500"}, "Bearer secret")


def test_a_watch_gives_chunks_as_they_come(server: ApiServer, tmp_path: Path):
    stream = server.will_stream(PATH)
    watch = server.api(tmp_path).watch(WATCH)
    chunks = watch.chunks(10.0)
    stream.write(b"first")
    assert next(chunks) == b"first"
    stream.write(b"second")
    assert next(chunks) == b"second"
    stream.end()
    assert list(chunks) == []
    watch.close()


def test_a_watch_that_is_cut_off_is_not_taken_for_its_end(server: ApiServer, tmp_path: Path):
    stream = server.will_stream(PATH)
    with contextlib.closing(server.api(tmp_path).watch(WATCH)) as watch:
        stream.write(b"first")
        stream.cut()
        with pytest.raises((AnswerNotUnderstood, ApiUnreachable)):
            list(watch.chunks(10.0))


def test_a_watch_without_a_word_is_given_up(server: ApiServer, tmp_path: Path):
    server.will_stream(PATH)
    with contextlib.closing(server.api(tmp_path).watch(WATCH)) as watch, pytest.raises(ApiSilent):
        list(watch.chunks(0.05))


def test_a_watch_ends_when_somebody_stops_it(server: ApiServer, tmp_path: Path):
    server.will_stream(PATH).write(b"first")
    with contextlib.closing(server.api(tmp_path).watch(WATCH)) as watch:
        chunks = watch.chunks(10.0)
        assert next(chunks) == b"first"
        watch.stop()
        with pytest.raises((AnswerNotUnderstood, ApiUnreachable)):
            next(chunks)


def test_nobody_at_the_address_is_said_in_a_sentence(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ApiUnreachable, match=f"cannot reach the apiserver at {host}: Connection refused"):
            reaching(host, tmp_path).get(LIST)


def test_a_server_without_tls_is_no_apiserver(server: ApiServer, tmp_path: Path):
    with pytest.raises(NotKubernetes, match="does not speak TLS"):
        reaching(server.host.replace("http:", "https:"), tmp_path).get(LIST)


def test_a_server_that_sends_elsewhere_is_no_apiserver(server: ApiServer, tmp_path: Path):
    server.will_answer(PATH, b"", 302, Location="/login")
    with pytest.raises(NotKubernetes, match="redirects to '/login'"):
        server.api(tmp_path).get(LIST)


def test_an_address_that_is_no_url_is_a_wrong_kubeconfig(tmp_path: Path):
    with pytest.raises(KubeconfigWrong, match="is not a URL"):
        reaching("https://", tmp_path).get(LIST)


def test_a_busy_server_is_not_asked_again_by_itself(server: ApiServer, tmp_path: Path):
    server.will_answer(PATH, {"message": "slow down"}, 429, Retry_After="3")
    with pytest.raises(ApiBusy) as caught:
        server.api(tmp_path).get(LIST)
    assert caught.value.retry_after_seconds == 3.0


def test_credentials_that_are_refused_are_read_anew(server: ApiServer, tmp_path: Path):
    api = server.api(tmp_path, token="expired")
    server.will_answer(PATH, {}, 401)
    server.will_answer(PATH, b"welcome")
    with pytest.raises(NoCredentials):
        api.get(LIST)
    server.kubeconfig(tmp_path, token="renewed")
    assert api.get(LIST) == b"welcome"
    assert [server.asked(PATH).authorization for _ in range(2)] == ["Bearer expired", "Bearer renewed"]


def test_credentials_that_are_gone_are_said_to_be(server: ApiServer, tmp_path: Path):
    api = server.api(tmp_path)
    server.will_answer(PATH, {}, 401)
    with pytest.raises(NoCredentials):
        api.get(LIST)
    (tmp_path / "kubeconfig").unlink()
    with pytest.raises(KubeconfigWrong, match="No such file"):
        api.get(LIST)


def test_an_apiserver_says_whether_it_has_come_up(server: ApiServer, tmp_path: Path):
    api = server.api(tmp_path)
    for body, status in ((b"ok", 200), (b"not yet", 500), (b"no", 403), (b"?", 404)):
        server.will_answer("/readyz", body, status)
    assert [api.is_ready() for _ in range(4)] == [True, False, True, True]
