"""All settings of ``hadyn run``, as one frozen value.

Rule: a setting comes from its flag, else from HADYN_<FLAG>, else from the YAML file of
``--config``, else from the default here; ``cli/flags.py`` reads them, nobody else does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Names are those of the flags; durations are in seconds, ``status_bind`` is "host:port" ("" for none).

    ``runtime_socket`` and ``master_socket`` are HAProxy's.
    """

    manifests: tuple[Path, ...] = ()
    kubeconfig: Path | None = None
    context: str = ""
    namespace: tuple[str, ...] = ()
    namespace_selector: str = ""
    ingress_label_selector: str = ""
    config_map: str = ""
    tcp_services_configmap: str = ""
    peers_service: str = ""
    peers_port: int = 10_000
    publish_address: tuple[str, ...] = ()
    publish_service: str = ""
    publish_nodes: str = ""
    lease: str = ""
    read_only: bool = False
    ingress_class: str = "hadyn"
    controller_class: str = "hadyn.io/ingress"
    watch_ingress_without_class: bool = False
    shared_hosts: bool = False
    default_backend_service: str = ""
    headless: str = "dns"
    no_endpoint_slices: bool = False
    cluster_domain: str = "cluster.local"
    allow_external_name: bool = False
    dns_server: tuple[str, ...] = ()
    dns_family: str = "both"
    dns_allow_network: tuple[str, ...] = ()
    dns_hold: tuple[tuple[str, float | None], ...] = ()
    dns_min_ttl: float = 1.0
    slots: int = 10
    haproxy: Path | None = None
    sidecar: bool = False
    state_dir: Path = Path("/run/hadyn")
    runtime_socket: Path = Path()
    master_socket: Path = Path()
    bind: tuple[str, ...] = ()
    http_port: int = 8080
    https_port: int = 8443
    default_certificate: str = ""
    maxconn: int = 0
    status_bind: str = "127.0.0.1:8404"
    reload_interval: float = 1.0
    max_old_workers: int = 4
    spare_backends: int = 0
    drain_time: float = 300.0
    drift_interval: float = 30.0
    shutdown_grace: float = 30.0
    leave_running: bool = False
    log_level: str = "info"
    log_format: str = "text"

    def __post_init__(self) -> None:
        """Put sockets that nobody named into the state folder; apart, see haproxy-facts.md#one-socket-a-folder."""
        if self.runtime_socket == Path():
            object.__setattr__(self, "runtime_socket", self.state_dir / "run" / "runtime.sock")
        if self.master_socket == Path():
            object.__setattr__(self, "master_socket", self.state_dir / "master" / "master.sock")

    @property
    def control_socket(self) -> Path:
        """hadyn's own socket, which the other commands ask."""
        return self.state_dir / "control.sock"
