"""Where the apiserver is, who hadyn is there: kubeconfig or ServiceAccount, read by the kubernetes package.

Rules: whoever was meant to log in never goes on as nobody, which is what the package does
when a credential plugin fails. A kubeconfig is read, never written.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import config
from kubernetes.client import Configuration
from kubernetes.client.rest import RESTClientObject

from hadyn.cluster.errors import KubeconfigWrong
from hadyn.cluster.kubeconfig import merged
from hadyn.cluster.place import ACCOUNT_FOLDER

DEFAULT_NAMESPACE = "default"
CONNECTIONS = 64
"""So many connections of a pool are kept; more watches than that are opened all the same."""
_LOGINS = {"token", "tokenFile", "exec", "auth-provider", "username"}
"""What in the user section of a kubeconfig ends as an Authorization header; a plugin may give a certificate."""


@dataclass(frozen=True, slots=True)
class Login:
    """A kubeconfig with a context of it ("" for its current one); without a kubeconfig the pod's ServiceAccount.

    ``others`` say what the first one does not; not all of them have to be there.
    """

    kubeconfig: Path | None = None
    context: str = ""
    others: tuple[Path, ...] = ()

    def configuration(self) -> Configuration:
        """Read everything anew, running a credential plugin if there is one. Raises KubeconfigWrong."""
        configuration = Configuration()
        try:
            if self.kubeconfig is None:
                config.load_incluster_config(client_configuration=configuration)
            else:
                config.load_kube_config_from_dict(
                    merged(self._paths),
                    self.context or None,
                    client_configuration=configuration,
                    persist_config=False,
                )
                self._require_credentials(configuration)
        except KubeconfigWrong:
            raise
        # The package raises whatever the YAML, a missing key or a plugin makes of it.
        except Exception as cause:
            raise KubeconfigWrong(f"{self} cannot be used: {_words(cause)}", remedy=self._remedy) from cause
        configuration.socket_options = _socket_options()
        configuration.connection_pool_maxsize = CONNECTIONS
        return configuration

    def authorization(self, configuration: Configuration) -> str:
        """Return the value of the header Authorization as it is now, "" where a certificate does instead.

        Reads the token file again when it is a minute old, runs a credential plugin again
        when what it gave expires. Raises KubeconfigWrong.
        """
        try:
            login = configuration.auth_settings().get("BearerToken")
        except (config.ConfigException, OSError) as cause:
            raise KubeconfigWrong(f"{self} cannot be used: {_words(cause)}", remedy=self._remedy) from cause
        return str(login["value"]) if login else ""

    def namespace(self) -> str:
        """Return the namespace hadyn itself is in: its pod's, or that of the context; "default" where none is said."""
        try:
            if self.kubeconfig is None:
                return (ACCOUNT_FOLDER / "namespace").read_text().strip() or DEFAULT_NAMESPACE
            return str(self._context_section().get("namespace") or DEFAULT_NAMESPACE)
        except (OSError, KubeconfigWrong):
            return DEFAULT_NAMESPACE

    def __str__(self) -> str:
        if self.kubeconfig is None:
            return f"the ServiceAccount in {ACCOUNT_FOLDER}"
        names = ", ".join(map(str, self._paths))
        which = f"the kubeconfigs {names}" if self.others else f"the kubeconfig {names}"
        return which + (f", context {self.context!r}," if self.context else "")

    @property
    def _paths(self) -> tuple[Path, ...]:
        return (*([self.kubeconfig] if self.kubeconfig else []), *self.others)

    @property
    def _remedy(self) -> str:
        if self.kubeconfig is None:
            return "Is automountServiceAccountToken switched off? Outside a pod, say --kubeconfig"
        paths = ":".join(map(str, self._paths))
        command = f"KUBECONFIG={paths} kubectl" if self.others else f"kubectl --kubeconfig {paths}"
        return f"Does `{command} get ingresses` work?"

    def _require_credentials(self, configuration: Configuration) -> None:
        # Of a plugin that fails, the package only logs so, and goes on without credentials.
        meant = _LOGINS & self._user_section().keys()
        if meant and not configuration.auth_settings() and not configuration.cert_file:
            said = " or ".join(sorted(meant))
            raise KubeconfigWrong(f"{self} names {said}, but no credentials came of it", remedy=self._remedy)

    def _user_section(self) -> Mapping[str, Any]:
        user = self._context_section().get("user")
        sections = (each.get("user") for each in self._content().get("users") or () if each["name"] == user)
        return next(sections, None) or {}

    def _context_section(self) -> Mapping[str, Any]:
        content = self._content()
        wanted = self.context or content["current-context"]
        section: Mapping[str, Any] = next(each["context"] for each in content["contexts"] if each["name"] == wanted)
        return section

    def _content(self) -> Mapping[str, Any]:
        return merged(self._paths) or {}


def transport(configuration: Configuration) -> urllib3.PoolManager:
    """Return the package's connections: TLS, client certificate, server name and proxy are set up."""
    pool_manager: urllib3.PoolManager = RESTClientObject(configuration).pool_manager
    return pool_manager


def _words(cause: Exception) -> str:
    return " ".join(str(cause).split()) or type(cause).__name__


def _socket_options() -> list[tuple[int, int, int]]:
    """Have the kernel find a peer that is gone without a word, after 45 s at most."""
    return [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15),
        (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
        (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
        # Unanswered data stops keepalive probes, and would be repeated for a quarter of an hour.
        (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 45_000),
    ]
