"""Secrets as users: what HAProxy can check is taken, the rest is named without being told."""

from __future__ import annotations

import pytest

from hadyn.model.passwords import read_users
from tests import given
from tests.model.looks import complaints, inventory

BCRYPT = "$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW"
SHA256 = "$5$hadynsalt2$Mr3vmlCPexcDg4QRZdKMm.XMZczNDPf6ZrG/bkxeLV8"
AUTH = "hadyn.io/auth-secret"


def lists_of(shown):
    return [(each.name, [user.name for user in each.users]) for each in shown.backend("shop_web_80").user_lists]


def lines_of(shown):
    return [str(line) for line in shown.backend("shop_web_80").directives]


def shop(*objects, **annotations):
    spelled = {f"hadyn.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return inventory(given.service("shop", "web"), given.ingress("shop", "web", annotations=spelled), *objects)


def test_a_file_and_keys_are_users():
    assert [user.name for user in read_users({"auth": f"b:{BCRYPT}\na:{SHA256}\n".encode()})[0]] == ["a", "b"]
    assert [user.name for user in read_users({"anna": BCRYPT.encode()})[0]] == ["anna"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a:secret", "the password is not hashed"),
        ("a:", "the password is not hashed"),
        ("a", "the password is not hashed"),
        ("a::plain", "the password is not hashed"),
        ("a:$apr1$abcdefgh$9qMkHazuSy1Q8myEum7yb/", "MD5 of Apache"),
        ("a:$1$abcdefgh$9qMkHazuSy1Q8myEum7yb/", "MD5"),
        ("a:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "SHA-1"),
        ("a:$y$j9T$abc$def", "yescrypt"),
        (f"a:{BCRYPT.replace('$05$', '$11$')}", "bcrypt costs more than 10"),
        (f"a:{SHA256.replace('$5$', '$5$rounds=10001$')}", "more than 10,000 rounds"),
        (f":{BCRYPT}", "the name of the user is empty"),
        (f"a b:{BCRYPT}", "the name of the user"),
        (f"a\tb:{BCRYPT}", "the name of the user"),
        (f"{'a' * 65}:{BCRYPT}", "the name of the user"),
        (f"é:{BCRYPT}", "the name of the user"),
        (f"a:{BCRYPT} insecure-password x", "the password is not hashed"),
        (f"a:{BCRYPT}\x00", "the password is not hashed"),
    ],
)
def test_what_haproxy_cannot_check_is_named_and_its_user_left_out(line, said):
    users, faults = read_users({"auth": f"{line}\ngood:{BCRYPT}\n".encode()})
    assert [user.name for user in users] == ["good"]
    assert len(faults) == 1
    assert faults[0].startswith("data[auth], line 1: ")
    assert said in faults[0]
    assert "secret" not in faults[0]


def test_a_user_named_twice_has_the_first_password():
    users, faults = read_users({"auth": f"a:{BCRYPT}\na:{SHA256}\n".encode()})
    assert ([user.password for user in users], len(faults)) == ([BCRYPT], 1)


def test_no_password_shows_itself():
    assert BCRYPT not in repr(read_users({"a": BCRYPT.encode()}))


def test_an_ingress_asks_for_the_users_of_its_secret():
    shown = shop(given.secret("shop", "users", auth=f"anna:{BCRYPT}"), auth_secret="users")
    assert lists_of(shown) == [("shop_web_80_users_users", ["anna"])]
    assert lines_of(shown) == ["http-request auth realm 'Protected Content' if !{ http_auth(shop_web_80_users_users) }"]
    assert complaints(shown) == []


def test_a_missing_secret_lets_nobody_in_and_is_named():
    shown = shop(auth_secret="users")
    assert lists_of(shown) == [("shop_web_80_users_users", [])]
    assert complaints(shown) == [f"ingress shop/web: metadata.annotations[{AUTH}]: secret shop/users does not exist"]


def test_a_secret_without_a_user_lets_nobody_in_and_is_named():
    shown = shop(given.secret("shop", "users", auth="anna:secret"), auth_secret="users")
    assert lists_of(shown) == [("shop_web_80_users_users", [])]
    assert complaints(shown) == ["secret shop/users: data: data[auth], line 1: the password is not hashed"]


def test_a_secret_that_changes_touches_the_backends_that_ask_for_it():
    shown = shop(given.secret("shop", "users", auth=f"anna:{BCRYPT}"), auth_secret="users")
    touched = shown.apply(given.changes(given.secret("shop", "users", auth=f"bert:{BCRYPT}")))
    assert "shop_web_80" in touched.backends
    assert lists_of(shown) == [("shop_web_80_users_users", ["bert"])]
    shown.apply(given.changes(given.secret("shop", "users", auth="anna:secret")))
    assert len(complaints(shown)) == 1
    shown.apply(given.changes(given.ingress("shop", "web")))
    assert (lists_of(shown), complaints(shown)) == ([], [])


@pytest.mark.parametrize(
    "value",
    ["other/users", "../x", "a/b/c", "/etc/ssl/x.pem", "file:///x", ".", "..", "", "Aa", "a_b", "a" * 254, "users\n"],
)
def test_what_is_the_name_of_no_secret_lets_nobody_in(value):
    shown = shop(auth_secret=value)
    assert lines_of(shown) == ["http-request deny deny_status 403"]
    assert complaints(shown)[0].endswith("is wanted; until then all get a 403")


@pytest.mark.parametrize("value", ["digest", "Basic", "", "none"])
def test_a_kind_of_authentication_that_is_unknown_lets_nobody_in(value):
    assert lines_of(shop(auth_type=value)) == ["http-request deny deny_status 403"]


@pytest.mark.parametrize("name", ["users", "shop/users"])
def test_a_secret_is_named_with_or_without_its_namespace(name):
    shown = shop(given.secret("shop", "users", auth=f"anna:{BCRYPT}"), auth_secret=name)
    assert [users for _, users in lists_of(shown)] == [["anna"]]
