"""Have a HAProxy judge configuration files without running with them (``haproxy -c``)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from hadyn.errors import HAProxyUnusable, ReloadFailed
from hadyn.process.alerts import alerts_in, refusal
from hadyn.process.versions import HAProxyBinary, bare_environment

CHECK_SECONDS = 120.0
"""As long as a start: OpenSSL 3.0 takes 2 to 3 ms for each certificate on an idle machine, and 10,000 are not many."""


def check(binary: HAProxyBinary, files: Iterable[Path]) -> None:
    """Judge files; raises ConfigurationRefused with the alerts.

    Raises ReloadFailed when there is no judgement, or none in time, HAProxyUnusable when it cannot
    be executed.
    """
    words = [str(binary.path), "-c", *(word for file in files for word in ("-f", str(file)))]
    try:
        judged = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=bare_environment(),
            timeout=CHECK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as cause:
        raise ReloadFailed(f"its check of the files did not end within {CHECK_SECONDS:g} s") from cause
    except OSError as cause:
        raise HAProxyUnusable(
            f"{binary.path} cannot judge files: {cause.strerror or cause}",
            remedy="Is it still there, and may this user execute it? hadyn tries again",
        ) from cause
    said = judged.stdout.decode("latin-1")
    alerts = alerts_in(said)
    if judged.returncode < 0 and not alerts:
        raise ReloadFailed(f"its check of the files was ended by signal {-judged.returncode}")
    if alerts or judged.returncode != 0:
        raise refusal(said, alerts)
