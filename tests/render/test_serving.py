"""Who takes requests, read from a section, is what a HAProxy says that has read it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hadyn.model.addresses import Address
from hadyn.model.desired import Backend, Endpoint
from hadyn.model.directives import Directive
from hadyn.model.names import slot_name
from hadyn.planner.plan import Seating
from hadyn.render.config import backend_section, serving_in
from hadyn.runtime.fake import FakeHAProxy
from tests.runtime.given import runtime_of

ADDRESSES = [Address("10.0.0.7", 8080), Address("10.0.0.8", 80), Address("fd00::7", 8080), Address("127.0.0.1", 9000)]
DENY = Directive("http-request", "deny", "server s9 10.0.0.9:80 weight 9")
ENDPOINTS = st.builds(Endpoint, st.sampled_from(ADDRESSES), weight=st.integers(0, 256), draining=st.booleans())


@given(
    seated=st.dictionaries(st.integers(1, 12), ENDPOINTS),
    free=st.integers(0, 15),
    directives=st.sampled_from([(), (DENY,)]),
)
def test_a_section_tells_who_takes_requests_as_the_haproxy_that_read_it(seated, free, directives):
    seats = {slot_name(number): seated[number] for number in sorted(seated)}
    backend = Backend("web", "shop/web:80", directives=directives)
    section = backend_section(backend, Seating(max([free, *seated]), seats))

    running = runtime_of(FakeHAProxy(section)).observe_serving(["web"])["web"]

    assert serving_in(section) == running
