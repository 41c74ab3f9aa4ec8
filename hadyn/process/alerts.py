"""Read what HAProxy complains of: lines that begin with ``[ALERT]``.

Rule: an alert is a refusal whatever the exit status says: 3.4 ends with 0 in spite of
some. haproxy-facts.md#check-status-lies
"""

from __future__ import annotations

import re

from hadyn.errors import ConfigurationAlert, ConfigurationRefused

ALERT = re.compile(r"^\[ALERT\]\s*\(\d+\)\s*:\s*(?:config\s*:\s*)?(.*)$", re.MULTILINE)
PLACE = re.compile(r"(?:parsing )?\[(/[^\]\s]*):(\d+)\]\s*:?\s*")
CONFIGURATION = re.compile(r"^\[ALERT\]\s*\(\d+\)\s*:\s*config\s*:", re.MULTILINE)
SUMMARY = re.compile(r"(?:Error\(s\) found in configuration file|Fatal errors found in configuration)")


def alerts_in(said: str) -> tuple[ConfigurationAlert, ...]:
    """Return the alerts in what HAProxy said, in order; those that only sum up others are left out."""
    return tuple(_alert(text) for text in ALERT.findall(said) if not SUMMARY.match(text))


def refusal(said: str, alerts: tuple[ConfigurationAlert, ...]) -> ConfigurationRefused:
    """Return the error for a configuration that HAProxy refused, with the first complaint as its words."""
    if not alerts:
        return ConfigurationRefused(first_words(said))
    first = alerts[0]
    place = f"{first.file}:{first.line}: " if first.file else ""
    more = f" (and {len(alerts) - 1} more alerts)" if len(alerts) > 1 else ""
    return ConfigurationRefused(f"{place}{first.text}{more}", alerts)


def concerns_configuration(said: str) -> bool:
    """Tell whether an alert is about the files, and not about a port, a limit, memory."""
    return CONFIGURATION.search(said) is not None


def first_words(said: str) -> str:
    """Return the first alert in what HAProxy said, else its last line."""
    alerts = alerts_in(said)
    if alerts:
        return alerts[0].text
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def _alert(text: str) -> ConfigurationAlert:
    """Some alerts name their place twice; the later ones, from checks of the whole, name none."""
    place = PLACE.search(text)
    if place is None:
        return ConfigurationAlert("", 0, text.strip())
    file, line = place.groups()
    return ConfigurationAlert(file, int(line), PLACE.sub("", text).strip())
