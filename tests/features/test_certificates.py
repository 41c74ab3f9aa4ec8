"""Certificates of Secrets get to HAProxy by command, and what is in its files is what it serves."""

from __future__ import annotations

import base64
import shutil

import pytest

from hadyn.errors import ReloadFailed
from hadyn.model.keypairs import fingerprint_of
from hadyn.model.problems import ObjectRef
from hadyn.planner.reasons import Reload, ReloadReason
from hadyn.runtime.fake_certificates import Row
from tests.features.house import House
from tests.given import decoded, endpoint, ingress, ingress_document, rule, secret, service, slice_
from tests.pairs import Pair, authority, pair

TLS_TYPE = "kubernetes.io/tls"
DEFAULT = pair("default.example")


@pytest.fixture
def house(folder):
    return House(folder, speaks_tls=True)


def tls_secret(name, pair, namespace="shop"):
    return secret(namespace, name, of_type=TLS_TYPE, data=pair.values())


def tls_ingress(name, *hosts, secrets=None, namespace="shop", tls_hosts=None, created=None, annotations=None):
    """An Ingress for hosts, with a rule of spec.tls for each Secret, by default one called like itself."""
    rules = [rule(host) for host in hosts]
    document = ingress_document(namespace, name, rules, created=created, annotations=annotations)
    tls = [{"hosts": list(tls_hosts or hosts), "secretName": each} for each in (secrets or [name])]
    document["spec"] |= {"ingressClassName": "hadyn", "tls": tls}
    return decoded(document)


def shop(name="web", host="a.example", pair=None):
    return [tls_ingress(name, host), *([tls_secret(name, pair)] if pair else [])]


WEB = [service("shop", "web"), slice_("shop", "web", endpoint("10.0.0.1"))]


def served(house, host) -> list[str]:
    """The fingerprints of what a client may get that asks for this host."""
    return sorted(map(fingerprint_of, house.fake.certificates.served(host)))


def prints(*pairs: Pair) -> list[str]:
    return sorted(each.fingerprint for each in pairs)


def files(house) -> list[str]:
    return sorted(path.name for path in house.folder.certificates.iterdir())


def commands(house) -> list[str]:
    place = f"{house.folder.certificates}/"
    return [each.replace(place, "") for each in house.sent_about_certificates()]


def test_a_host_gets_the_certificate_of_its_secret_and_others_get_the_default(house):
    house.begin(*WEB, *shop(pair=pair("a.example")))

    assert served(house, "a.example") == prints(pair("a.example"))
    assert served(house, "other.example") == prints(DEFAULT)
    assert house.problems() == []


def test_a_new_host_with_its_certificate_comes_without_a_reload(house):
    house.begin(*WEB)
    house.change(*shop(pair=pair("a.example")))

    assert served(house, "a.example") == prints(pair("a.example"))
    assert house.reloads() == {"NEW_BACKEND": 1}
    assert commands(house) == [
        "new ssl cert shop_web.pem",
        "set ssl cert shop_web.pem",
        "commit ssl cert shop_web.pem",
        "add ssl crt-list crt-list",
    ]


def test_a_certificate_is_renewed_in_two_commands_and_in_its_file(house):
    house.begin(*WEB, *shop(pair=pair("a.example")))
    house.change(tls_secret("web", pair("a.example", issue=2)))

    assert served(house, "a.example") == prints(pair("a.example", issue=2))
    assert (house.folder.certificates / "shop_web.pem").read_text() == pair("a.example", issue=2).pem
    assert commands(house) == ["set ssl cert shop_web.pem", "commit ssl cert shop_web.pem"]
    assert house.reloads() == {}


def test_what_nobody_uses_any_more_is_gone_from_haproxy_and_from_the_folder(house):
    house.begin(*WEB, *shop(pair=pair("a.example")), *shop("api", "b.example", pair("b.example")))
    house.change(deletes=(ObjectRef("Ingress", "shop", "api"),))

    assert served(house, "b.example") == prints(DEFAULT)
    assert files(house) == ["crt-list", "default.pem", "shop_web.pem"]
    assert not [path for path in house.fake.certificates.pems if "api" in path]


def test_a_host_that_leaves_a_certificate_lets_the_others_be(house):
    hosts = [f"h{number}.example" for number in range(60)]
    house.begin(*WEB, tls_ingress("web", *hosts), tls_secret("web", pair("h.example")))
    house.change(tls_ingress("web", *hosts[1:]))
    house.change(tls_ingress("web", *hosts[1:], "late.example"))
    house.change(tls_ingress("web", *hosts[1:]))

    assert served(house, "h0.example") == prints(DEFAULT)
    assert served(house, "late.example") == prints(DEFAULT)
    assert {tuple(served(house, host)) for host in hosts[1:]} == {tuple(prints(pair("h.example")))}


def test_a_bad_secret_leaves_what_it_held_before_and_is_a_problem_of_both(house):
    house.begin(*WEB, *shop(pair=pair("a.example")))
    house.change(tls_secret("web", Pair(pair("a.example", issue=2).certificate, pair("b.example").key)))

    assert served(house, "a.example") == prints(pair("a.example"))
    assert house.problems() == ["ingress shop/web: InvalidValue", "secret shop/web: InvalidValue"]


def test_a_bad_secret_from_the_beginning_leaves_its_hosts_the_default(house):
    house.begin(*WEB, *shop(), secret("shop", "web", of_type=TLS_TYPE, data={"tls.crt": "AAAA", "tls.key": "AAAA"}))
    before = served(house, "a.example")
    house.change(tls_secret("web", pair("a.example")))

    assert before == prints(DEFAULT)
    assert served(house, "a.example") == prints(pair("a.example"))
    assert house.problems() == []


def test_what_a_bad_secret_held_before_survives_a_restart_of_hadyn(house):
    bad = secret("shop", "web", of_type=TLS_TYPE, data={"tls.crt": "AAAA", "tls.key": "AAAA"})
    house.begin(*WEB, *shop(pair=pair("a.example")))
    house.change(bad)
    house.restart(*WEB, *shop(), bad)

    assert served(house, "a.example") == prints(pair("a.example"))


def test_a_secret_that_is_deleted_and_comes_back_is_not_missed(house):
    house.begin(*WEB, *shop(pair=pair("a.example")))
    house.change(deletes=(ObjectRef("Secret", "shop", "web"),))
    meanwhile = served(house, "a.example")
    house.change(tls_secret("web", pair("a.example", issue=2)))

    assert meanwhile == prints(pair("a.example"))
    assert served(house, "a.example") == prints(pair("a.example", issue=2))


def test_a_secret_that_stays_away_leaves_its_hosts_the_default(house):
    house.begin(*WEB, *shop(pair=pair("a.example")))
    house.change(deletes=(ObjectRef("Secret", "shop", "web"),))
    house.compare_everything()
    house.wait(61)
    house.compare_everything()

    assert served(house, "a.example") == prints(DEFAULT)
    assert files(house) == ["crt-list", "default.pem"]
    assert house.problems() == ["ingress shop/web: NotFound"]


def test_a_hadyn_that_takes_over_sends_nothing_for_what_is_right(house):
    objects = [*WEB, *shop(pair=pair("a.example"))]
    house.begin(*objects)
    house.restart(*objects)

    assert commands(house) == []
    assert house.reloads() == {}


def test_a_hadyn_that_takes_over_renews_what_changed_meanwhile(house):
    house.begin(*WEB, *shop(pair=pair("a.example")))
    house.restart(*WEB, *shop(pair=pair("a.example", issue=2)), *shop("api", "b.example", pair("b.example")))

    assert served(house, "a.example") == prints(pair("a.example", issue=2))
    assert served(house, "b.example") == prints(pair("b.example"))


def test_a_reload_and_a_crash_change_no_certificate(house):
    house.begin(*WEB, *shop(pair=pair("a.example")))
    house.change(*shop("api", "b.example", pair("b.example")), tls_secret("web", pair("a.example", issue=2)))
    house.door.reload()
    after_reload = served(house, "a.example"), served(house, "b.example")
    house.crash_haproxy()
    house.wait(1)

    assert after_reload == (prints(pair("a.example", issue=2)), prints(pair("b.example")))
    assert (served(house, "a.example"), served(house, "b.example")) == after_reload
    house.change(tls_secret("api", pair("b.example", issue=2)))
    assert served(house, "b.example") == prints(pair("b.example", issue=2))


def test_somebody_elses_change_is_set_right_in_the_sweep(house):
    house.begin(*WEB, *shop(pair=pair("a.example")))
    certificates, place = house.fake.certificates, f"{house.folder.certificates}/shop_web.pem"
    certificates.pems[place] = pair("evil.example").pem
    listing = next(iter(certificates.rows))
    certificates.rows[listing].append(Row(place, 9, ("stolen.example",)))
    house.compare_everything()

    assert served(house, "a.example") == prints(pair("a.example"))
    assert served(house, "stolen.example") == prints(DEFAULT)


def test_a_file_that_somebody_else_removed_is_written_again(house):
    house.begin(*WEB, *shop(pair=pair("a.example")))
    (house.folder.certificates / "shop_web.pem").unlink()
    house.compare_everything()
    house.wait(2)

    assert files(house) == ["crt-list", "default.pem", "shop_web.pem"]


def test_a_certificate_that_haproxy_refuses_leaves_the_one_before_in_the_file_too(house):
    house.begin(*WEB, *shop(pair=pair("a.example")))
    house.fake.refusals.append("^commit ssl cert")
    house.change(tls_secret("web", pair("a.example", issue=2)))
    house.fake.refusals.clear()

    assert served(house, "a.example") == prints(pair("a.example"))
    assert (house.folder.certificates / "shop_web.pem").read_text() == pair("a.example").pem
    assert house.problems() == ["secret shop/web: RefusedByHAProxy"]
    house.change(tls_secret("web", pair("a.example", issue=3)))
    assert served(house, "a.example") == prints(pair("a.example", issue=3))
    assert house.problems() == []


@pytest.mark.parametrize("refused", ["^set ssl cert", "^commit ssl cert", "^add ssl crt-list"])
def test_a_first_certificate_that_haproxy_refuses_is_in_no_file(house, refused):
    house.begin(*WEB)
    house.fake.refusals.append(refused)
    house.change(*shop(pair=pair("a.example")))

    assert served(house, "a.example") == prints(DEFAULT)
    assert files(house) == ["crt-list", "default.pem"]
    assert "shop_web" not in (house.folder.certificates / "crt-list").read_text()
    assert house.problems() == ["secret shop/web: RefusedByHAProxy"]


def test_a_chain_too_long_for_a_command_comes_by_a_reload_with_that_reason(house):
    root, middle, leaf = authority()
    long = Pair(f"{leaf.certificate}{middle}{root}", leaf.key)
    house.begin(*WEB, *shop(pair=pair("a.example")))
    house.wheel.reconciler.tls.certificates.offers.longest = lambda: len(leaf.pem)
    house.change(tls_secret("web", long))
    before = house.reloads()
    house.wait(1)
    house.compare_everything()
    house.wait(2)

    assert (before, house.reloads()) == ({"CERTIFICATE_TOO_LONG": 1}, {"CERTIFICATE_TOO_LONG": 1})
    assert served(house, "a.example") == prints(leaf)


def test_a_long_chain_that_is_short_again_before_its_reload_needs_none(house):
    house.begin(*WEB, *shop(pair=pair("a.example")))
    house.change(*shop("late", "late.example"), ingress("shop", "new"), service("shop", "new"))
    offers = house.wheel.reconciler.tls.certificates.offers
    offers.longest, longest = lambda: 10, offers.longest
    house.change(tls_secret("web", pair("a.example", issue=2)))
    waiting = [str(reload.reason) for reload in house.wheel.reloader.pace.pending]
    offers.longest = longest
    house.change(tls_secret("web", pair("a.example", issue=3)))
    house.wait(1)

    assert waiting == ["CERTIFICATE_TOO_LONG"]
    assert house.reloads() == {"NEW_BACKEND": 1}
    assert served(house, "a.example") == prints(pair("a.example", issue=3))


@pytest.mark.parametrize("cut", ["^new ssl cert", "^set ssl cert", "^commit ssl cert", "^add ssl crt-list"])
def test_a_haproxy_that_falls_silent_in_between_gets_the_rest_when_it_speaks(house, cut):
    house.begin(*WEB, *shop(pair=pair("a.example")))
    house.fake.silences.append(cut)
    house.change(*shop("api", "b.example", pair("b.example")), tls_secret("web", pair("a.example", issue=2)))
    house.fake.silences.clear()
    house.wait(30)
    house.compare_everything()

    assert served(house, "a.example") == prints(pair("a.example", issue=2))
    assert served(house, "b.example") == prints(pair("b.example"))
    assert house.problems() == []


@pytest.mark.parametrize("cut", ["^del ssl crt-list", "^del ssl cert"])
def test_a_removal_of_which_nothing_was_heard_is_done_in_the_end(house, cut):
    house.begin(*WEB, *shop(pair=pair("a.example")), *shop("api", "b.example", pair("b.example")))
    house.fake.silences.append(cut)
    house.change(deletes=(ObjectRef("Ingress", "shop", "api"),))
    house.fake.silences.clear()
    house.wait(30)
    house.compare_everything()

    assert served(house, "b.example") == prints(DEFAULT)
    assert files(house) == ["crt-list", "default.pem", "shop_web.pem"]
    assert not [path for path in house.fake.certificates.pems if "api" in path]


def test_what_a_dead_hadyn_left_in_haproxy_is_taken_away(house):
    house.begin(*WEB, *shop(pair=pair("a.example")))
    house.fake.certificates.pems[f"{house.folder.certificates}/shop_left.pem"] = ""
    house.restart(*WEB, *shop(pair=pair("a.example")))

    assert not [path for path in house.fake.certificates.pems if "left" in path]


def test_a_haproxy_that_ran_without_tls_reads_all_of_it_in_one_reload(folder):
    house = House(folder)
    objects = [*WEB, *shop(pair=pair("a.example"))]
    house.begin(*objects)
    house.speaks_tls = True
    house.restart(*objects)
    # as the controller does where the main file is not the one that HAProxy has read
    house.wheel.reloader.pace.want("", (Reload(ReloadReason.GLOBAL_CHANGED),))
    house.wait(1)

    assert house.reloads() == {"GLOBAL_CHANGED": 1}
    assert served(house, "a.example") == prints(pair("a.example"))
    house.change(tls_secret("web", pair("a.example", issue=2)))
    assert served(house, "a.example") == prints(pair("a.example", issue=2))


def test_a_hadyn_without_tls_leaves_no_key_behind_once_haproxy_speaks_none(house):
    objects = [*WEB, *shop(pair=pair("a.example"))]
    house.begin(*objects)
    house.speaks_tls = False
    house.restart(*objects)
    before = files(house)
    house.wheel.reloader.pace.want("", (Reload(ReloadReason.GLOBAL_CHANGED),))
    house.wait(1)

    assert before == ["crt-list", "default.pem", "shop_web.pem"]
    assert files(house) == []
    house.compare_everything()
    house.wait(2)
    assert files(house) == []


def test_an_expired_certificate_is_served_and_said_when_its_time_comes(house):
    house.begin(*WEB, *shop(pair=pair("a.example", days=(-90, 1))))
    before = house.problems()
    house.clock.now += 2 * 86_400
    house.compare_everything()

    assert before == []
    assert house.problems() == ["secret shop/web: InvalidValue"]
    assert served(house, "a.example") == prints(pair("a.example", days=(-90, 1)))


def test_a_certificate_that_haproxy_does_not_start_with_is_left_out_alone(house):
    house.door.dislikes = {f"{house.folder.certificates}/shop_web.pem"}
    house.begin(*WEB, *shop(pair=pair("a.example")), *shop("api", "b.example", pair("b.example")))

    assert served(house, "a.example") == prints(DEFAULT)
    assert served(house, "b.example") == prints(pair("b.example"))
    assert house.problems() == ["secret shop/web: RefusedByHAProxy"]


def test_a_state_folder_that_is_removed_comes_back_with_its_certificates(house):
    house.begin(*WEB, *shop(pair=pair("a.example")))
    shutil.rmtree(house.folder.path)
    house.change(tls_secret("web", pair("a.example", issue=2)))
    house.wait(2)
    house.wait(2)

    assert files(house) == ["crt-list", "default.pem", "shop_web.pem"]
    assert (house.folder.certificates / "shop_web.pem").read_text() == pair("a.example", issue=2).pem


def test_nobody_but_hadyns_user_may_read_a_key(house):
    house.begin(*WEB, *shop(pair=pair("a.example")))

    assert {path.stat().st_mode & 0o777 for path in house.folder.certificates.iterdir()} == {0o600}


def test_no_key_is_in_the_log(house, caplog):
    caplog.set_level("DEBUG")
    house.begin(*WEB, *shop(pair=pair("a.example")))
    house.fake.refusals.append("^set ssl cert")
    house.change(tls_secret("web", pair("a.example", issue=2)))
    house.change(secret("shop", "web", of_type=TLS_TYPE, data={**pair("a.example").values(), "tls.crt": "AAAA"}))

    assert "HAProxy did not take" in caplog.text
    assert "PRIVATE" not in caplog.text
    assert base64.b64encode(pair("a.example").key.encode()).decode()[:40] not in caplog.text


def test_a_reload_that_fails_leaves_certificates_as_they_are(house):
    house.begin(*WEB, *shop(pair=pair("a.example")))
    house.door.failures.append(ReloadFailed("no"))
    house.change(*shop("api", "b.example", pair("b.example")), ingress("shop", "late"), service("shop", "late"))

    assert house.reloads() == {}
    assert served(house, "b.example") == prints(pair("b.example"))
