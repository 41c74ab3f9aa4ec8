"""Spell the defaults section: what holds for every frontend and backend that says nothing else."""

from __future__ import annotations

from hadyn.model.names import DEFAULTS
from hadyn.model.options.option import Section
from hadyn.model.options.routing import Said
from hadyn.render.main_lines import main_lines

OWN = """\
    mode http
    # said, because the default is random from 3.3 on; a canary's shares come out exact with it
    balance roundrobin
    # pods are near: one that does not answer within this time is gone
    timeout connect 3s
    # a client has to send its whole head within this time (slowloris)
    timeout http-request 10s
    # longer than load balancers in front wait (60 s), so that they are the ones to close
    timeout http-keep-alive 75s
    timeout client 60s
    timeout server 60s
    # requests wait only where a backend limits its connections
    timeout queue 10s
    # websockets and other upgraded connections
    timeout tunnel 1h
    # connections that one side has closed
    timeout client-fin 10s
    timeout server-fin 10s
    # a pod that is gone costs a request nothing: each retry asks another one, without a pause
    retries 3
    option redispatch 1
    # a pod may close an idle connection just as a request enters it
    retry-on conn-failure empty-response
    # a reload would close an idle connection just as its next request enters it
    option idle-close-on-response
    # X_Forwarded_For is X-Forwarded-For to many an application: such names do not reach it
    option http-restrict-req-hdr-names delete
"""


def defaults_section(errors: str, said: Said) -> str:
    """Return the section; ``errors`` is the folder of the error pages, ``said`` the operator's word."""
    pages = f"    errorfile 404 {errors}/404.http\n    errorfile 503 {errors}/503.http\n"
    return f"defaults {DEFAULTS}\n{OWN}{pages}" + "".join(
        f"    {line}\n" for line in main_lines(Section.DEFAULTS, said)
    )
