"""Every HAProxy at hand accepts every golden configuration, without an alert."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hadyn.errors import ConfigurationRefused
from hadyn.model.directives import Directive
from hadyn.model.main_wish import MainWish
from hadyn.render.credentials import nobodys
from hadyn.render.self_made import NOBODY, made_here
from integration.haproxies import HAProxyBinary
from integration.stack import Stack
from tests.pairs import pair

GOLDEN = Path(__file__).parent.parent / "tests" / "golden"
MAIN = sorted((GOLDEN / "main").glob("*.cfg"))
SECTIONS = sorted(set(GOLDEN.rglob("*.cfg")) - set(MAIN))
SINCE = {"bandwidth": (2, 7)}
PLACES = "/run/hadyn/"
NAMED_FILE = re.compile(r"default-server (?:ca-file|crt) (\S+)")


@pytest.fixture
def stack(haproxy: HAProxyBinary) -> Iterator[Stack]:
    with Stack(haproxy.path) as made:
        yield made


def test_haproxy_accepts_every_golden_backend(stack: Stack, haproxy: HAProxyBinary, tmp_path: Path) -> None:
    goldens = [path for path in SECTIONS if haproxy.version >= SINCE.get(path.stem, ())]
    stack.files.put_main(stack.main_text(MainWish(remembers_clients=True)))
    for file in {file for golden in goldens for file in NAMED_FILE.findall(golden.read_text())}:
        stack.files.credentials.put(file, nobodys(file, made_here(NOBODY)))
    stack.files.install(stack.files.stage())
    sections = [tmp_path / f"{number:03}.cfg" for number in range(len(goldens))]
    for path, golden in zip(sections, goldens, strict=True):
        path.write_text(golden.read_text())
    assert len(sections) >= 10
    for section in sections:
        stack.process.check([stack.folder.main_config, section])


@pytest.mark.parametrize("golden", MAIN, ids=lambda path: path.stem)
def test_haproxy_accepts_the_golden_main_file(
    stack: Stack, haproxy: HAProxyBinary, golden: Path, tmp_path: Path
) -> None:
    stack.files.certificates.put("default", pair("default.example").pem)
    stack.files.certificates.write()
    main = tmp_path / "haproxy.cfg"
    main.write_text(golden.read_text().replace(PLACES, f"{stack.folder.path}/"))
    stack.process.check([main])
    said = subprocess.run([haproxy.path, "-c", "-f", main], capture_output=True, text=True, check=True)
    # of its own making: where there is no network, HAProxy also warns of servers it cannot reach
    warnings = [
        line for line in (said.stdout + said.stderr).splitlines() if "[WARNING]" in line and "nameserver" not in line
    ]
    assert warnings == []


HOSTILE_WORDS = [
    "#comment",
    "\\",
    "a\\",
    '"${PATH}"',
    "$PATH",
    "it's",
    "a 'quoted' word",
    "%[env(PATH)]",
    "{ path / }",
    "-f",
    "unless",
    "a" * 1000,
]


@pytest.mark.parametrize("word", HOSTILE_WORDS)
def test_a_hostile_word_stays_one_word_for_haproxy(stack: Stack, word: str) -> None:
    """``description`` takes any words: what follows would be an error of another directive's."""
    stack.put("web", directives=[Directive("description", word)])
    stack.install()


@pytest.mark.parametrize("word", HOSTILE_WORDS)
def test_a_hostile_word_does_not_hide_the_directive_behind_it(stack: Stack, word: str) -> None:
    stack.put("web", directives=[Directive("description", word), Directive("nonsense")])
    with pytest.raises(ConfigurationRefused, match="unknown keyword 'nonsense'"):
        stack.install()
