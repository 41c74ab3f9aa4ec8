"""Which certificate all other hosts get, whatever becomes of the one that the operator named."""

from __future__ import annotations

import pytest

from hadyn.controller.default_certificate import default_certificate
from hadyn.errors import WrongUsage
from hadyn.model.inventory import Inventory
from hadyn.model.policy import Policy
from hadyn.render.certificates import CertificateFiles
from hadyn.render.self_made import MARK, is_self_made, made_here, make_certificate
from tests.given import changes, secret
from tests.pairs import pair

FIRST, SECOND = (pair("*.example", issue=number).pem for number in (1, 2))


def made() -> str:
    return f"{MARK}\n{pair('default.example').pem}"


class Place:
    """A state folder, and what the operator asks for."""

    def __init__(self, folder, setting: str) -> None:
        self.files = CertificateFiles(folder)
        self.inventory = Inventory(Policy(default_certificate=setting))
        self.default = default_certificate(setting)
        self.default.make = made

    def wanted(self) -> str:
        """What HAProxy shall have, which is then in its file."""
        found = self.default.wanted(self.inventory.certificates, self.files)
        self.files.put("default", found)
        return found


@pytest.fixture
def file(tmp_path):
    found = tmp_path / "operators.pem"
    found.write_text(FIRST)
    return found


def test_without_a_word_of_the_operator_hadyn_makes_one_and_keeps_it(tmp_path, caplog):
    place = Place(tmp_path, "")
    first = place.wanted()
    place.default.make = lambda: "another"

    assert is_self_made(first)
    assert place.wanted() == first
    assert caplog.text.count("--default-certificate") == 1


def test_the_operators_file_counts_and_is_read_anew(tmp_path, file):
    place = Place(tmp_path, str(file))
    first = place.wanted()
    file.write_text(SECOND)

    assert (first, place.wanted()) == (FIRST, SECOND)


@pytest.mark.parametrize("harm", [lambda file: file.unlink(), lambda file: file.write_text("nonsense")])
def test_a_file_that_goes_wrong_leaves_what_it_held_before(tmp_path, file, harm, caplog):
    place = Place(tmp_path, str(file))
    place.wanted()
    harm(file)

    assert place.wanted() == FIRST
    assert "what it held before is served" in caplog.text


def test_a_file_that_was_never_right_is_wrong_usage(tmp_path, file):
    file.write_text(pair("*.example").certificate)
    with pytest.raises(WrongUsage, match="there is no private key in it"):
        default_certificate(str(file)).check()


def test_a_secret_counts_once_it_is_there_and_stays_when_it_goes(tmp_path):
    place = Place(tmp_path, "infra/wildcard")
    before = place.wanted()
    held = secret("infra", "wildcard", of_type="kubernetes.io/tls", data=pair("*.example").values())
    place.inventory.apply(changes(held))
    there = place.wanted()
    place.inventory.apply(changes(deletes=(held.ref,)))

    assert is_self_made(before)
    assert (there, place.wanted()) == (FIRST, FIRST)


def test_an_operator_who_takes_the_word_back_gets_hadyns_own_again(tmp_path, file):
    Place(tmp_path, str(file)).wanted()
    later = Place(tmp_path, "")
    later.files.put("default", FIRST)

    assert later.wanted() == made()


def test_the_one_that_hadyn_makes_is_a_certificate_of_its_own_each_time():
    found = make_certificate()

    assert is_self_made(found)
    assert found != made_here()
