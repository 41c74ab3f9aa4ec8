"""Ask HAProxy again and again until a certain pod answers: ``python -m integration.bench.prober PORT``.

Reads lines ``HOST ADDRESS`` and writes, for each, when the first answer of that pod was
there, by the monotonic clock that all processes share.
"""

from __future__ import annotations

import http.client
import sys
import time


def first_answer(connection: http.client.HTTPConnection, host: str, address: str) -> float:
    while True:
        connection.request("GET", "/", headers={"Host": host})
        if connection.getresponse().read().decode() == address:
            return time.monotonic()


def main(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.connect()
    for line in sys.stdin:
        print(first_answer(connection, *line.split()), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
