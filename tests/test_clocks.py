"""What hadyn does hangs on the monotonic clock alone; the time of day is for people to read."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
READS_TIME_OF_DAY = {
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "localtime"),
    ("time", "gmtime"),
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
}
ALLOWED = {
    "hadyn/announce/announcer.py": "the times of an Event",
    "hadyn/announce/leadership.py": "the times of the lease, which candidates do not compare with their own",
    "hadyn/cli/output.py": "how long ago something was, in tables",
    "hadyn/cli/standalone.py": "whether a certificate has expired, for who checks manifests",
    "hadyn/controller/assembly.py": "the times of the last cycle and of past reloads, in the status",
    "hadyn/controller/certificates.py": "whether a certificate has expired, which is a matter of the time of day",
    "hadyn/controller/credentials.py": "whether what pods are believed by, or shown, has expired",
    "hadyn/render/self_made.py": "from when to when the certificate is valid that hadyn makes itself",
}


def reads_time_of_day(path: Path) -> bool:
    attributes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
    named = {(node.value.id, node.attr) for node in attributes if isinstance(node.value, ast.Name)}
    return bool(named & READS_TIME_OF_DAY)


def test_only_what_people_read_has_the_time_of_day():
    sources = [path for path in (ROOT / "hadyn").rglob("*.py") if "demo" not in path.parts]
    reading = {str(path.relative_to(ROOT)) for path in sources if reads_time_of_day(path)}
    assert reading <= ALLOWED.keys()
