"""The connections that load goes over."""

from __future__ import annotations

import asyncio

from hadyn.demo.generator import Connection, Generator, Order


class Open(asyncio.Transport):
    """A connection of which asyncio has not said yet that it is closed."""

    def abort(self) -> None:
        """Close, and say so later."""


def test_a_connection_that_is_being_closed_is_given_no_request_any_more():
    generator = Generator(Order("127.0.0.1", 80, "shop.example"))
    connection = Connection(generator, is_kept=True)
    connection.connection_made(Open())
    generator.idle.append(connection)
    connection.close()
    assert list(generator.idle) == []
