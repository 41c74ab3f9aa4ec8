"""Root in a container is not always root enough to give rights up."""

import pytest

from hadyn.process.privileges import has_capabilities, is_mapped


@pytest.mark.parametrize(
    ("effective", "is_so"),
    [
        ("000001ffffffffff", True),
        ("00000000a80425fb", True),  # what container engines leave to root
        ("0000000000000000", False),  # drop: ALL
        ("0000000000000400", False),  # drop: ALL, add: NET_BIND_SERVICE
    ],
)
def test_three_capabilities_are_needed_to_give_rights_up(effective: str, is_so: bool) -> None:
    assert has_capabilities(f"Name:\tpython\nCapPrm:\tff\nCapEff:\t{effective}\n") is is_so


@pytest.mark.parametrize(
    ("uid_map", "is_so"),
    [
        ("         0          0 4294967295\n", True),
        ("         0       1000          1\n", False),
        ("         0       1000          1\n         1     100000      65536\n", True),
        ("", False),
    ],
)
def test_nobody_has_to_exist_in_the_user_namespace(uid_map: str, is_so: bool) -> None:
    assert is_mapped(uid_map) is is_so
