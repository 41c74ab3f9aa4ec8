"""Ask an apiserver: raw bytes back, or a typed error.

Rules: who hadyn is, is looked up for every request, since tokens are renewed; after a
refusal of the credentials or of the certificate, files are read anew. Every wait ends:
connecting, the answer's first byte, and each further one have a time of their own.
"""

from __future__ import annotations

import contextlib
import logging
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import NoReturn

import urllib3
from kubernetes.client import Configuration
from urllib3 import exceptions
from urllib3.connection import HTTPConnection

import hadyn
from hadyn.cluster.errors import (
    AnswerNotUnderstood,
    ApiSilent,
    ApiUnreachable,
    KubeconfigWrong,
    NoCredentials,
    NotKubernetes,
    NotTrusted,
    error_of,
)
from hadyn.cluster.login import Login, transport
from hadyn.cluster.requests import ApiRequest
from hadyn.errors import HadynError, PermanentError, TemporaryError

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
CHUNK_BYTES = 65536
LONGEST_REFUSAL = 65536
"""Bytes of a refusal that are read; what it says further does not matter."""
JSON = "application/json"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""An answer to a list that leaves out everything but metadata."""

log = logging.getLogger(__name__)


# Its debug lines are two a request, its warnings are about a pool that is full, which is no harm.
logging.getLogger("urllib3").setLevel(logging.ERROR)


class Watch:
    """The answer to a watch, as it comes; ``stop`` may be called from any thread."""

    def __init__(self, api: KubeApi, request: ApiRequest, response: urllib3.BaseHTTPResponse) -> None:
        self._api = api
        self._request = request
        self._response = response

    def chunks(self, silence_seconds: float) -> Iterator[bytes]:
        """Yield bytes as they arrive, until the server ends the answer.

        Raises ApiSilent when nothing comes for so long, ApiUnreachable or
        AnswerNotUnderstood when the answer breaks off.
        """
        connection = self._response.connection
        if isinstance(connection, HTTPConnection) and connection.sock is not None:
            connection.sock.settimeout(silence_seconds)
        try:
            yield from self._response.stream(CHUNK_BYTES, decode_content=False)
        except exceptions.ReadTimeoutError as cause:
            raise ApiSilent(self._request, silence_seconds) from cause
        except exceptions.HTTPError as cause:
            raise self._api.trouble(self._request, cause) from cause

    def stop(self) -> None:
        """End it: whoever waits for the next chunk gets the end, or an error, at once."""
        with contextlib.suppress(ValueError, RuntimeError, OSError):
            self._response.shutdown()

    def close(self) -> None:
        """Let the connection go; for the thread that reads."""
        self._response.close()


@dataclass(frozen=True, slots=True)
class _Connected:
    """What one reading of the files came to."""

    configuration: Configuration
    pools: urllib3.PoolManager


@dataclass(frozen=True, slots=True)
class _Message:
    """A request as it goes over the wire."""

    method: str
    request: ApiRequest
    answer_seconds: float = ANSWER_SECONDS
    body: bytes | None = None
    content_type: str = JSON
    accept: str = JSON


class KubeApi:
    """One apiserver; any thread may ask it. Raises KubeconfigWrong where there is no way to."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._lock = threading.Lock()
        self._is_suspect = False
        self._connected = self._connect()

    @property
    def host(self) -> str:
        """The apiserver's URL."""
        return str(self._connected.configuration.host)

    def get(self, request: ApiRequest, *, answer_seconds: float = ANSWER_SECONDS, accept: str = JSON) -> bytes:
        """Return the whole answer, of which each part comes in time. Raises what ``cluster.errors`` has."""
        response = self._answered(_Message("GET", request, answer_seconds, accept=accept))
        with contextlib.closing(response):
            return self._body(request, response)

    def send(
        self,
        method: str,
        request: ApiRequest,
        body: bytes,
        *,
        content_type: str = JSON,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> bytes:
        """Write something (POST, PUT, PATCH, DELETE) and return the whole answer. Raises as ``get``."""
        response = self._answered(_Message(method, request, answer_seconds, body, content_type))
        with contextlib.closing(response):
            return self._body(request, response)

    def watch(self, request: ApiRequest) -> Watch:
        """Begin a watch; close what is returned. Raises as ``get``."""
        return Watch(self, request, self._answered(_Message("GET", request)))

    def is_ready(self) -> bool:
        """Whether the apiserver has come up entirely, or does not say so, to this account or at all."""
        try:
            self.get(ApiRequest("get", "/readyz", "/readyz"))
        except TemporaryError:
            return False
        except PermanentError:
            return True
        return True

    def trouble(self, request: ApiRequest, cause: exceptions.HTTPError) -> HadynError:
        """Say what a failure of the connection is."""
        if isinstance(cause, exceptions.SSLError):
            return self._tls_trouble(cause)
        if isinstance(cause, exceptions.InvalidChunkLength | exceptions.IncompleteRead | exceptions.DecodeError):
            return AnswerNotUnderstood(request, "it breaks off")
        if isinstance(cause, exceptions.ProtocolError) and isinstance(_innermost(cause), exceptions.IncompleteRead):
            return AnswerNotUnderstood(request, "it breaks off")
        return ApiUnreachable(self.host, _said(cause))

    def _tls_trouble(self, cause: exceptions.HTTPError) -> HadynError:
        innermost = _innermost(cause)
        if isinstance(innermost, ssl.SSLCertVerificationError):
            self._is_suspect = True
            return NotTrusted(self.host, innermost.verify_message or str(innermost))
        if isinstance(innermost, ssl.SSLError) and innermost.reason == "WRONG_VERSION_NUMBER":
            return NotKubernetes(self.host, "it does not speak TLS")
        return ApiUnreachable(self.host, _said(cause))

    def _answered(self, message: _Message) -> urllib3.BaseHTTPResponse:
        """Return an answer of status 2xx whose body is still to be read."""
        request = message.request
        connected, headers = self._current()
        headers["Accept"] = message.accept
        if message.body is not None:
            headers["Content-Type"] = message.content_type
        try:
            response = connected.pools.request(
                message.method,
                connected.configuration.host + request.target,
                body=message.body,
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=message.answer_seconds),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except exceptions.LocationValueError as cause:
            raise KubeconfigWrong(f"{self.host!r} is not a URL", remedy="Correct `server` in the kubeconfig") from cause
        except exceptions.HTTPError as cause:
            raise self.trouble(request, cause) from cause
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            self._refuse(request, response)
        return response

    def _refuse(self, request: ApiRequest, response: urllib3.BaseHTTPResponse) -> NoReturn:
        if response.status < HTTPStatus.BAD_REQUEST:
            raise NotKubernetes(self.host, f"it redirects to {response.headers.get('location')!r}")
        body = b""
        with contextlib.suppress(exceptions.HTTPError), contextlib.closing(response):
            body = response.read(LONGEST_REFUSAL, decode_content=True)
        error = error_of(request, response.status, body, response.headers.get("retry-after", ""))
        if isinstance(error, NoCredentials):
            self._is_suspect = True
        raise error

    def _body(self, request: ApiRequest, response: urllib3.BaseHTTPResponse) -> bytes:
        try:
            return response.read(decode_content=True)
        except exceptions.HTTPError as cause:
            raise self.trouble(request, cause) from cause

    def _current(self) -> tuple[_Connected, dict[str, str]]:
        """The connections, with the headers that log in; both anew after a refusal."""
        with self._lock:
            if self._is_suspect:
                self._connected = self._connect()
                self._is_suspect = False
            connected = self._connected
            login = self._login.authorization(connected.configuration)
        headers = {"User-Agent": f"hadyn/{hadyn.__version__}"}
        if login:
            headers["Authorization"] = login
        return connected, headers

    def _connect(self) -> _Connected:
        configuration = self._login.configuration()
        if not configuration.verify_ssl:
            urllib3.disable_warnings(exceptions.InsecureRequestWarning)
            log.warning("the apiserver's certificate is not verified, as %s says", self._login)
        return _Connected(configuration, transport(configuration))


def _innermost(error: BaseException) -> BaseException:
    """What a chain of exceptions began with; urllib3 hands causes on as arguments."""
    while True:
        inner = error.__cause__ or next((each for each in error.args if isinstance(each, BaseException)), None)
        if inner is None:
            return error
        error = inner


def _said(cause: exceptions.HTTPError) -> str:
    innermost = _innermost(cause)
    if isinstance(innermost, TimeoutError | exceptions.TimeoutError):
        return "it does not answer in time"
    if isinstance(innermost, OSError) and innermost.strerror:
        return innermost.strerror
    return " ".join(str(innermost).split()) or type(innermost).__name__
