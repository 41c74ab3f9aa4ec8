"""A house for every feature."""

import pytest

from hadyn.render.folder import StateFolder
from tests.features.house import House


@pytest.fixture
def house(folder: StateFolder) -> House:
    return House(folder)
