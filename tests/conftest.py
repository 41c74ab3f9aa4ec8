"""What every test may ask for: golden files, a state folder, an apiserver; examples of hypothesis go without a clock."""

import logging
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from hadyn.observe.log import LogWriter
from hadyn.render.folder import StateFolder
from tests.cluster.apiserver import ApiServer

# A busy machine is no fault of the code's.
settings.register_profile("without a clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("without a clock")

GOLDEN = Path(__file__).parent / "golden"

Golden = Callable[[str, str], None]
"""golden("render/one_backend.cfg", text): the text is what tests/golden/render/one_backend.cfg holds."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden", action="store_true", help="write tests/golden anew; read the diff before you commit it"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    is_written_anew = request.config.getoption("--golden")

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if is_written_anew:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert text == path.read_text(), f"{name} differs; if that is meant, run pytest --golden"

    return compare


@pytest.fixture(autouse=True)
def no_log_of_before() -> Iterator[None]:
    """A hadyn that is begun in this process and refused writes nothing in tests after this one."""
    yield
    root = logging.getLogger()
    for writer in [handler for handler in root.handlers if isinstance(handler, LogWriter)]:
        root.removeHandler(writer)
        writer.close()


@pytest.fixture
def folder() -> Iterator[StateFolder]:
    """A state folder, made. Not in tmp_path, which can be too long for sockets."""
    with tempfile.TemporaryDirectory(prefix="hadyn-") as parent:
        state_folder = StateFolder(Path(parent) / "state")
        state_folder.prepare()
        yield state_folder


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """An apiserver that answers as it is told to."""
    with ApiServer() as server:
        yield server
