"""The controllers whose annotations hadyn knows."""

from __future__ import annotations

from collections.abc import Mapping

from hadyn.model.options.foreign.haproxy_ingress import HAPROXY_INGRESS
from hadyn.model.options.foreign.haproxytech import HAPROXYTECH
from hadyn.model.options.foreign.nginx import NGINX
from hadyn.model.options.foreign.verdicts import Peer

PEERS: Mapping[str, Peer] = {"nginx": NGINX, "haproxy-ingress": HAPROXY_INGRESS, "haproxytech": HAPROXYTECH}
"""By the name that ``hadyn check --from`` takes."""
