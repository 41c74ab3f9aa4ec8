"""The folder of certificates: what is in it, in what order it comes there, and what it is read as."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hadyn.errors import FileNotWritten
from hadyn.planner.certificates import MAX_HOSTS
from hadyn.render.certificates import CertificateFiles
from tests.pairs import pair

DEFAULT, A, B = (pair(f"{name}.example").pem for name in ("default", "a", "b"))


@pytest.fixture
def files(tmp_path):
    found = CertificateFiles(tmp_path)
    found.load()
    found.put("default", DEFAULT)
    return found


def reread(files):
    found = CertificateFiles(files.folder)
    found.load()
    return found


def test_the_list_begins_with_the_default_and_names_each_host(files):
    files.put("shop_a", A)
    files.put_hosts("b.example", ("shop_a",))
    files.put_hosts("a.example", ("shop_a", "default"))
    files.write()

    place = files.folder
    assert files.listing.read_text() == (
        f"{place}/default.pem !*\n{place}/shop_a.pem a.example b.example\n{place}/default.pem a.example\n"
    )


def test_what_was_written_is_read_as_it_was(files):
    files.put("shop_a", A)
    files.put_hosts("*.a.example", ("shop_a",))
    files.write()
    found = reread(files)

    assert not found.is_due
    assert (found.text, found.names(), found.pem("shop_a")) == (files.text, {"default", "shop_a"}, A)
    assert found.names_of("*.a.example") == ("shop_a",)
    assert [line[2] for line in found.lines()] == [1, 2]


def test_a_list_that_names_what_is_not_there_is_written_again_without_it(files):
    files.put("shop_a", A)
    files.put_hosts("a.example", ("shop_a",))
    files.write()
    files.path("shop_a").unlink()
    found = reread(files)

    assert found.is_due
    assert found.names_of("a.example") == ()


def test_a_certificate_goes_with_its_last_host_and_the_default_stays(files):
    files.put("shop_a", A)
    files.put_hosts("a.example", ("shop_a",))
    files.write()
    files.put_hosts("a.example", ())
    files.write()
    files.remove("shop_a")

    assert sorted(path.name for path in files.folder.iterdir()) == ["crt-list", "default.pem"]


def test_a_certificate_is_put_back_as_it_was_before(files):
    files.put("shop_a", A)
    files.put_hosts("a.example", ("shop_a",))
    files.put_back("shop_a", B)
    changed = files.pem("shop_a")
    files.put_back("shop_a", None)

    assert changed == B
    assert (files.pem("shop_a"), files.names_of("a.example")) == (None, ())


def test_what_could_not_be_written_stays_due(files, tmp_path):
    files.write()
    files.put("shop_a", A)
    (tmp_path / "shop_a.pem").mkdir()
    with pytest.raises(FileNotWritten):
        files.write()
    is_due = files.is_due
    (tmp_path / "shop_a.pem").rmdir()
    files.write()

    assert is_due
    assert not files.is_due


def test_a_file_that_somebody_else_changed_is_written_again(files):
    files.put("shop_a", A)
    files.write()
    files.path("shop_a").write_text("nonsense")
    files.listing.write_text("nonsense")
    changed = files.restore()
    files.write()

    assert sorted(changed) == [files.listing, files.path("shop_a")]
    assert files.path("shop_a").read_text() == A
    assert files.listing.read_text() == files.text


@given(
    st.lists(
        st.tuples(
            st.sampled_from([f"h{number}.example" for number in range(70)]),
            st.lists(st.sampled_from(["shop_a", "shop_b", "default"]), max_size=3, unique=True).map(tuple),
        ),
        max_size=150,
    )
)
def test_the_list_says_the_same_whatever_order_hosts_came_in(tmp_path_factory, changes):
    files = CertificateFiles(tmp_path_factory.getbasetemp())
    for host, names in changes:
        files.put_hosts(host, names)
    first, *lines = files.lines()

    assert first[:2] == ("default", ("!*",))
    assert all(list(hosts) == sorted(hosts) and 0 < len(hosts) <= MAX_HOSTS for _, hosts, _, _ in lines)
    assert sorted((name, host) for name, hosts, _, _ in lines for host in hosts) == sorted(
        (name, host) for host, names in dict(changes).items() for name in names
    )


def test_hosts_that_come_in_order_fill_their_lines(files):
    for number in range(120):
        files.put_hosts(f"h{number:03}.example", ("shop_a",))

    assert [len(line[1]) for line in files.lines()] == [1, 50, 50, 20]
