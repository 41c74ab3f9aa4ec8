"""What an apiserver says when it does not give what it was asked for.

Rule: which error an answer is follows from its status alone, not from where it was met.
"""

from __future__ import annotations

import re
from http import HTTPStatus

import msgspec

from hadyn.cluster.requests import ApiRequest
from hadyn.errors import PermanentError, TemporaryError
from hadyn.model.problems import shown

LONGEST_RETRY_AFTER = 60.0
"""Seconds: an apiserver that asks for more patience than that is asked all the same."""
_ACCOUNT = re.compile(r'User "([^"]+)"')


class ApiUnreachable(TemporaryError):
    """No apiserver answers there, or the connection to it broke."""

    def __init__(self, host: str, said: str) -> None:
        super().__init__(
            f"cannot reach the apiserver at {host}: {said}",
            remedy="hadyn tries again; what HAProxy has goes on serving",
        )


class ApiSilent(TemporaryError):
    """A watch that said nothing, not even a bookmark: its server hangs, or knows an older time than hadyn."""

    def __init__(self, request: ApiRequest, seconds: float) -> None:
        super().__init__(
            f"the apiserver was silent for {seconds:g} s while asked to {request}",
            remedy="hadyn reads everything again; what HAProxy has goes on serving",
        )


class ApiBusy(TemporaryError):
    """The apiserver asks to come back later; ``retry_after_seconds`` is 0.0 where it does not say when."""

    def __init__(self, request: ApiRequest, status: int, said: str, retry_after_seconds: float) -> None:
        super().__init__(
            f"the apiserver is too busy to {request} ({status}: {said})",
            remedy="hadyn asks again, ever more rarely",
        )
        self.retry_after_seconds = retry_after_seconds


class ApiFailed(TemporaryError):
    """The apiserver failed, or answered something that is no answer."""

    def __init__(self, request: ApiRequest, said: str) -> None:
        super().__init__(
            f"the apiserver did not {request}: {said}", remedy="hadyn asks again; see the apiserver's log if it stays"
        )


class AnswerNotUnderstood(TemporaryError):
    """An answer was cut short, or is not the JSON that Kubernetes documents."""

    def __init__(self, request: ApiRequest, said: str) -> None:
        super().__init__(
            f"the answer to {request} cannot be read: {said}",
            remedy="hadyn asks again; if it stays, look at what stands between hadyn and the apiserver",
        )


class VersionGone(TemporaryError):
    """The resourceVersion or the continue token is too old: everything has to be listed again."""

    def __init__(self, request: ApiRequest) -> None:
        super().__init__(f"the apiserver no longer knows where {request} stood", remedy="hadyn lists everything again")


class Conflict(TemporaryError):
    """Somebody else has written the object since it was read (409)."""

    def __init__(self, request: ApiRequest) -> None:
        super().__init__(f"somebody else came first: hadyn did not {request}", remedy="hadyn reads it and tries again")


class AlreadyThere(TemporaryError):
    """An object of this name exists already (409)."""

    def __init__(self, request: ApiRequest) -> None:
        super().__init__(f"it is there already: hadyn did not {request}", remedy="hadyn reads it and tries again")


class NoCredentials(PermanentError):
    """The apiserver does not know who asks (401)."""

    def __init__(self, request: ApiRequest) -> None:
        super().__init__(
            f"the apiserver does not accept hadyn's credentials (401, asked to {request})",
            remedy="Renew the token or the client certificate of this kubeconfig or ServiceAccount",
        )


class NotAllowed(PermanentError):
    """RBAC refuses this verb on this resource (403)."""

    def __init__(self, request: ApiRequest, said: str) -> None:
        account = _ACCOUNT.search(said)
        who = f"the account {shown(account[1])}" if account else "this account"
        plural, _, group = request.what.partition(".")
        rule = f'apiGroups: ["{group}"], resources: ["{plural}"], verbs: ["{request.verb}"]'
        role = f"a Role in {request.namespace}" if request.namespace else "a ClusterRole"
        super().__init__(f"{who} may not {request}", remedy=f"Give it {role} with the rule {rule}")


class NamespaceGoes(TemporaryError):
    """A namespace that is being deleted takes nothing new (403, though no right is missing)."""

    def __init__(self, request: ApiRequest) -> None:
        super().__init__(
            f"the namespace is being deleted: hadyn did not {request}", remedy="Its objects will be gone soon, too"
        )


class NotServed(PermanentError):
    """The apiserver has no such resource (404)."""

    def __init__(self, request: ApiRequest) -> None:
        super().__init__(
            f"the apiserver does not serve {request.what} ({request.path})",
            remedy="hadyn needs Kubernetes 1.19 or newer; is the server of this kubeconfig an apiserver?",
        )


class RequestRefused(PermanentError):
    """The apiserver does not take such a request (400, 422): nothing but a selector in it is the user's."""

    def __init__(self, request: ApiRequest, said: str) -> None:
        super().__init__(
            f"the apiserver refuses to {request}: {said}",
            remedy="Correct --ingress-label-selector, --namespace-selector or --publish-nodes; "
            "without one, please report this as a bug of hadyn",
        )


class NotKubernetes(PermanentError):
    """Something else than an apiserver answers there."""

    def __init__(self, host: str, said: str) -> None:
        super().__init__(f"{host} is not an apiserver: {said}", remedy="Correct `server` in the kubeconfig")


class NotTrusted(PermanentError):
    """The certificate of the apiserver is not to be trusted."""

    def __init__(self, host: str, said: str) -> None:
        super().__init__(
            f"the certificate of {host} is refused: {said.rstrip('.')}",
            remedy="Correct `certificate-authority` or `server` in the kubeconfig, or renew that certificate",
        )


class KubeconfigWrong(PermanentError):
    """The kubeconfig, or the ServiceAccount's folder, is missing or cannot be used."""


class Cause(msgspec.Struct, gc=False):
    """One cause in the details of a Status."""

    reason: str | None = None


class Details(msgspec.Struct, rename="camel", gc=False):
    """The details of a Status."""

    retry_after_seconds: float | None = None
    causes: list[Cause] | None = None


class Status(msgspec.Struct, gc=False):
    """The Status object that an apiserver answers with instead of what was asked for."""

    code: int | None = None
    message: str | None = None
    reason: str | None = None
    details: Details | None = None


def error_of(request: ApiRequest, status: int, body: bytes, retry_after: str = "") -> TemporaryError | PermanentError:
    """Say what an answer with this HTTP status is; ``retry_after`` is that header."""
    return error_of_status(request, status, _status_in(body), _seconds(retry_after))


def error_of_status(
    request: ApiRequest, code: int, status: Status, retry_after_seconds: float = 0.0
) -> TemporaryError | PermanentError:
    """Say what a Status is, in an answer of its own or as an ERROR event of a watch."""
    said = shown(status.message or _phrase(code))
    match code:
        case HTTPStatus.UNAUTHORIZED:
            return NoCredentials(request)
        case HTTPStatus.FORBIDDEN:
            return NamespaceGoes(request) if _namespace_goes(status) else NotAllowed(request, status.message or "")
        case HTTPStatus.NOT_FOUND:
            return NotServed(request)
        case HTTPStatus.CONFLICT:
            return AlreadyThere(request) if status.reason == "AlreadyExists" else Conflict(request)
        case HTTPStatus.GONE:
            return VersionGone(request)
        case HTTPStatus.BAD_REQUEST | HTTPStatus.UNPROCESSABLE_ENTITY:
            return RequestRefused(request, said)
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
            wanted = retry_after_seconds or (status.details and status.details.retry_after_seconds) or 0.0
            return ApiBusy(request, code, said, min(max(wanted, 0.0), LONGEST_RETRY_AFTER))
    return ApiFailed(request, f"{code} {said}")


def _namespace_goes(status: Status) -> bool:
    causes = (status.details.causes if status.details else None) or ()
    return any(cause.reason == "NamespaceTerminating" for cause in causes)


def _status_in(body: bytes) -> Status:
    try:
        return msgspec.json.decode(body, type=Status)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Status()


def _seconds(retry_after: str) -> float:
    """Read the header Retry-After; a date, which apiservers do not send, counts as nothing said."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "an unknown status"
