"""The recipe of hadyn's image, as far as that goes without a container runtime.

Its first stage is carried out: what it copies becomes a wheel, the wheel an environment, and
that is what the second stage runs. Only what pip would fetch is this environment's instead.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from pathlib import Path

import pytest
import yaml

from integration.charts import BASE, CHART, ROOT
from integration.running import bare_environment

RECIPE = (ROOT / "haproxy" / "Containerfile").read_text()
FIRST_STAGE, SECOND_STAGE = re.split(r"^(?=FROM )", RECIPE, flags=re.MULTILINE)[1:]
HOME = "/opt/hadyn"


def said(stage: str, name: str) -> list[str]:
    """What stands behind each instruction of a name."""
    return re.findall(rf"^{name} (.+)$", stage, re.MULTILINE)


def run(*command: str | Path) -> str:
    done = subprocess.run(
        command, env=bare_environment(), cwd="/", capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment that the first stage makes of what it copies."""
    place = tmp_path_factory.mktemp("image")
    source = place / "source"
    source.mkdir()
    for words in said(FIRST_STAGE, "COPY"):
        *origins, target = words.split()
        for origin in map(ROOT.__truediv__, origins):
            if origin.is_dir():
                shutil.copytree(origin, source / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(origin, source / target)
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", place, source)
    (wheel,) = place.glob("hadyn-*.whl")
    home = place / "home"
    run(sys.executable, "-m", "venv", "--without-pip", home)
    run(*pip, "--python", home, "install", "--no-deps", "--no-index", wheel)
    (packages,) = home.glob("lib/python3*/site-packages")
    # Folders of a .pth file have no .pth files of their own: the hadyn of this environment stays out.
    (packages / "what-pip-would-fetch.pth").write_text(sysconfig.get_path("purelib"))
    return home


def test_the_image_has_what_the_chart_asks_of_it(image: Path) -> None:
    (entrypoint,) = (json.loads(words) for words in said(SECOND_STAGE, "ENTRYPOINT"))
    hadyn = image / Path(entrypoint[0]).relative_to(HOME)
    found = run(image / "bin" / "python", "-c", "import hadyn; print(hadyn.__file__)")
    assert Path(found.strip()).is_relative_to(image)

    assert "Usage: hadyn" in run(hadyn, "--help")
    # Not in tmp_path, which can be too long for sockets.
    with tempfile.TemporaryDirectory(prefix="hadyn-") as place:
        run(hadyn, "render", "--bootstrap", "--output", Path(place) / "state")
        assert (Path(place) / "state" / "errors" / "503.http").exists()
    (about,) = image.glob("lib/python3*/site-packages/hadyn-*.dist-info")
    assert about.name == f"hadyn-{yaml.safe_load((CHART / 'Chart.yaml').read_text())['appVersion']}.dist-info"


def test_the_live_page_is_in_the_wheel(image: Path) -> None:
    (page,) = image.glob("lib/python3*/site-packages/hadyn/observe/page")
    assert sorted(each.name for each in page.iterdir()) == sorted(
        each.name for each in (ROOT / "hadyn" / "observe" / "page").iterdir() if each.name != "__pycache__"
    )


def test_the_second_stage_takes_what_the_first_one_makes() -> None:
    made, *_ = (json.loads(words) for words in said(FIRST_STAGE, "RUN"))
    assert made[-1] == HOME
    assert said(SECOND_STAGE, "COPY") == [f"--from=build {HOME} {HOME}"]
    assert f"PATH={HOME}/bin:" in said(SECOND_STAGE, "ENV")[0]


def test_no_instruction_needs_a_shell() -> None:
    for name in ("RUN", "ENTRYPOINT"):
        for words in said(RECIPE, name):
            assert isinstance(json.loads(words), list)


def test_the_base_is_a_python_that_hadyn_promises_to_run_on() -> None:
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    bases = {words.split()[0] for words in said(RECIPE, "FROM")}
    assert bases == {f"docker.io/library/python:{oldest}-slim-bookworm"}


def test_the_user_is_the_one_of_the_pod() -> None:
    deployment = yaml.safe_load((BASE / "deployment.yaml").read_text())
    context = deployment["spec"]["template"]["spec"]["securityContext"]
    assert said(SECOND_STAGE, "USER") == [f"{context['runAsUser']}:{context['runAsGroup']}"]
