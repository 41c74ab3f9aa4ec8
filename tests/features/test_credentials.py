"""Whom HAProxy believes among pods comes by command, and nobody is believed where a Secret says nothing good."""

from __future__ import annotations

import pytest

from hadyn.model.problems import ObjectRef
from tests.authorities import root
from tests.features.house import House
from tests.given import changes, ingress, secret, service, slice_
from tests.pairs import pair

PODS = "10.0.0.1"
CLIENT, RENEWED = root().issue("client"), root().issue("client", issue=2)


def web(**said):
    """A Service with these annotations, its pod, an Ingress."""
    annotations = {f"hadyn.io/{name.replace('_', '-')}": value for name, value in said.items()}
    return service("shop", "web", annotations=annotations), slice_("shop", "web", PODS), ingress("shop", "web")


def believing(authority, name="pods", **more):
    return secret("shop", name, data=authority.values() | more)


VERIFIED = web(server_ca="pods")
BOTH = web(server_ca="pods", server_crt="client")


def client(pair=CLIENT):
    return secret("shop", "client", of_type="kubernetes.io/tls", data=pair.values())


def section(house: House) -> str:
    return house.wheel.reconciler.filing.files.sections.of("shop_web_80") or ""


def commands(house: House) -> list[str]:
    place = f"{house.folder.credentials}/"
    return [each.replace(place, "") for each in house.sent_about_certificates()]


def filed(house: House) -> dict[str, str]:
    return {path.name: path.read_text() for path in house.folder.credentials.iterdir()}


def believed(house: House, file: str = "shop_pods.ca") -> str:
    """What HAProxy itself holds."""
    return house.fake.certificates.authorities[f"{house.folder.credentials}/{file}"].strip() + "\n"


def shown(house: House, file: str = "shop_client.pem") -> str:
    return house.fake.certificates.pems[f"{house.folder.credentials}/{file}"].strip() + "\n"


def test_pods_are_verified_by_the_authority_of_the_secret_that_the_service_names(house):
    house.begin(*VERIFIED, believing(root()))

    assert "    default-server verify required\n    default-server ca-file shop_pods.ca\n" in section(house)
    assert filed(house)["shop_pods.ca"] == believed(house) == root().certificate
    assert house.ready() == ["10.0.0.1:80"]
    assert house.problems() == []


def test_another_authority_is_believed_by_two_commands_and_without_a_reload(house):
    house.begin(*VERIFIED, believing(root()))
    house.change(believing(root("other")))

    assert commands(house) == ["set ssl ca-file shop_pods.ca", "commit ssl ca-file shop_pods.ca"]
    assert filed(house)["shop_pods.ca"] == believed(house) == root("other").certificate
    assert house.reloads() == {}
    assert "1 file towards pods set (shop_pods.ca)" in house.last_sentence()


def test_what_would_be_told_of_another_authority_can_be_looked_at(house):
    house.begin(*VERIFIED, believing(root()))
    house.wheel.take_in(changes(believing(root("other")), is_complete=False))
    told = list(map(str, house.wheel.reconciler.tls.credentials.planned()))

    assert told == ["set ssl ca-file shop_pods.ca", "commit ssl ca-file shop_pods.ca"]
    assert believed(house) == root().certificate


def test_another_certificate_is_shown_by_two_commands_and_without_a_reload(house):
    house.begin(*BOTH, believing(root()), client())
    house.change(client(RENEWED))

    assert commands(house) == ["set ssl cert shop_client.pem", "commit ssl cert shop_client.pem"]
    assert filed(house)["shop_client.pem"] == shown(house) == RENEWED.pem
    assert house.reloads() == {}


@pytest.mark.parametrize("version", ["2.6.12", "3.0.11"])
def test_an_old_haproxy_is_reloaded_for_another_certificate_and_not_for_an_authority(folder, version):
    house = House(folder, version=version)
    house.begin(*BOTH, believing(root()), client())
    house.change(believing(root("other")))
    house.wait(1)
    without = dict(house.reloads())
    house.change(client(RENEWED))
    house.wait(1)

    assert without == {}
    assert house.reloads() == {"CREDENTIAL_CHANGED": 1}
    assert shown(house) == RENEWED.pem
    assert [each for each in commands(house) if each.endswith(".pem")] == []


def test_nobody_is_believed_and_nobody_asked_while_the_secret_is_missing(house):
    house.begin(*VERIFIED)
    before = filed(house)["shop_pods.ca"], house.ready(), house.problems()
    house.change(believing(root()))

    assert before[0].startswith("nobody\n")
    assert "PRIVATE" not in before[0]
    assert before[1:] == ([], ["service shop/web: NotFound"])
    assert house.ready() == ["10.0.0.1:80"]
    assert believed(house) == root().certificate
    assert (house.reloads(), house.problems()) == ({}, [])


@pytest.mark.parametrize(
    "broken",
    [
        secret("shop", "pods", **{"ca.crt": "no certificate"}),
        secret("shop", "pods", data={"ca.crt": CLIENT.values()["tls.crt"]}),
        secret("shop", "pods"),
    ],
    ids=["no PEM", "no authority", "nothing"],
)
def test_what_was_believed_last_stays_when_a_secret_breaks(house, broken):
    house.begin(*VERIFIED, believing(root()))
    house.change(broken)

    assert believed(house) == filed(house)["shop_pods.ca"] == root().certificate
    assert house.ready() == ["10.0.0.1:80"]
    assert house.problems() == ["secret shop/pods: InvalidValue"]


def test_what_was_believed_last_stays_over_a_restart_without_the_secret(house):
    house.begin(*VERIFIED, believing(root()))
    house.change(deletes=(ObjectRef("Secret", "shop", "pods"),))
    house.restart(*VERIFIED)

    assert believed(house) == root().certificate
    assert house.ready() == ["10.0.0.1:80"]
    assert house.problems() == ["service shop/web: NotFound"]


def test_a_secret_that_never_was_good_closes_its_backend_alone(house):
    other = (
        service("shop", "api"),
        slice_("shop", "api", "10.0.0.9"),
        ingress("shop", "api", host="b.example", service="api"),
    )
    house.begin(*web(server_crt="client"), client(pair("client")), *other)
    house.change(secret("shop", "client", of_type="kubernetes.io/tls", data={"tls.crt": "", "tls.key": ""}))
    stays = house.ready()
    house.change(
        *web(server_crt="other"),
        secret("shop", "other", of_type="kubernetes.io/tls", **{"tls.crt": "x", "tls.key": "y"}),
    )
    house.wait(1)

    assert stays == ["10.0.0.1:80"]
    assert (house.ready(), house.ready("shop_api_80")) == ([], ["10.0.0.9:80"])
    assert "secret shop/other: InvalidValue" in house.problems()


@pytest.mark.parametrize("said", ["their/pods", "No Name"])
def test_a_secret_of_others_closes_the_backend(house, said):
    house.begin(*web(server_ca=said), secret("their", "pods", data=root().values()))

    assert "default-server ca-file unusable.ca\n" in section(house)
    assert house.ready() == []
    assert house.problems() != []


def test_one_secret_for_both_is_verified_only_where_that_is_said(house):
    one = secret("shop", "one", of_type="kubernetes.io/tls", data=root().values() | CLIENT.values())
    house.begin(*web(server_tls="true", server_tls_secret="shop/one"), one)
    unverified = section(house)
    house.change(*web(server_tls="true", server_tls_secret="shop/one", server_verify="true"))
    house.wait(1)

    assert "verify none" in unverified
    assert "default-server crt shop_one.pem\n" in unverified
    assert "    default-server verify required\n    default-server ca-file shop_one.ca\n" in section(house)
    assert (shown(house, "shop_one.pem"), believed(house, "shop_one.ca")) == (CLIENT.pem, root().certificate)
    assert house.problems() == []


def test_verification_without_any_secret_closes_the_backend(house):
    house.begin(*web(server_verify="true"))

    assert "default-server ca-file unusable.ca\n" in section(house)
    assert house.ready() == []
    assert house.problems() == ["service shop/web: NotFound"]


def test_one_secret_without_a_certificate_has_none_shown(house):
    house.begin(*web(server_tls="true", server_tls_secret="pods", server_verify="true"), believing(root()))

    assert filed(house)["shop_pods.pem"].startswith("nobody\n")
    assert house.ready() == ["10.0.0.1:80"]
    assert house.problems() == []


def test_what_is_out_of_date_is_a_problem_from_then_on(house):
    house.begin(*BOTH, believing(root()), client(root().issue("client", days=(-1, 1))))
    before = house.problems()
    house.wait(90_000)

    assert before == []
    assert house.problems() == ["secret shop/client: InvalidValue"]
    assert house.ready() == ["10.0.0.1:80"]


def test_a_list_of_revoked_certificates_is_said_to_be_unread(house):
    house.begin(*VERIFIED, secret("shop", "pods", data=root().values(root().revoking(CLIENT))))

    assert believed(house) == root().certificate
    assert house.problems() == ["secret shop/pods: NotSupported"]


def test_files_stay_until_no_section_names_them_and_go_then(house):
    house.begin(*BOTH, believing(root()), client())
    house.door.dislikes.add("proto")
    house.change(*web(backend_protocol="h2"))
    until_then = sorted(filed(house))
    house.change(*web())
    house.wait(1)

    assert until_then == ["shop_client.pem", "shop_pods.ca"]
    assert filed(house) == {}
    assert house.reloads() == {"BACKEND_CHANGED": 1}


def test_what_somebody_else_told_haproxy_is_set_right(house):
    house.begin(*BOTH, believing(root()), client())
    house.fake.certificates.authorities[f"{house.folder.credentials}/shop_pods.ca"] = root("other").certificate
    house.fake.certificates.pems[f"{house.folder.credentials}/shop_client.pem"] = pair("other").pem
    house.compare_everything()

    assert (believed(house), shown(house)) == (root().certificate, CLIENT.pem)
    assert house.reloads() == {}


def test_an_authority_that_haproxy_does_not_take_is_a_problem_and_the_last_one_stays(house):
    house.begin(*VERIFIED, believing(root()))
    house.fake.certificates.unreadable.add(f"{house.folder.credentials}/shop_pods.ca")
    house.change(believing(root("other")))

    assert house.problems() == ["secret shop/pods: RefusedByHAProxy"]
    assert filed(house)["shop_pods.ca"] == root().certificate


def test_a_longer_one_than_haproxy_takes_by_command_comes_with_a_reload(house):
    many = "".join(root(f"authority {number}").certificate for number in range(40))
    house.begin(*VERIFIED, believing(root()))
    house.change(secret("shop", "pods", **{"ca.crt": many}))
    house.wait(1)

    assert len(many) > 15_500
    assert believed(house) == many
    assert house.reloads() == {"CERTIFICATE_TOO_LONG": 1}


def test_a_slot_is_added_with_all_that_the_file_says_of_certificates(folder):
    house = House(folder, version="3.2.26")
    house.begin(*BOTH, believing(root()), client())
    house.sent()
    house.change(slice_("shop", "web", *(f"10.0.0.{number}" for number in range(1, 7))))
    added = [each for each in house.sent() if each.startswith("add server")]

    assert len(added) > 1
    assert all("ssl alpn http/1.1 verify required ca-file shop_pods.ca crt shop_client.pem" in each for each in added)
    assert house.reloads() == {}


def test_files_that_haproxy_does_not_know_after_all_are_made_known(house):
    """It was started from files of which none named them: haproxy-facts.md#authorities-of-servers."""
    house.begin(*BOTH, believing(root()), client())
    del house.fake.certificates.authorities[f"{house.folder.credentials}/shop_pods.ca"]
    del house.fake.certificates.pems[f"{house.folder.credentials}/shop_client.pem"]
    house.change(believing(root("other")), client(RENEWED))

    assert house.problems() == []
    assert (believed(house), shown(house)) == (root("other").certificate, RENEWED.pem)
    assert house.reloads() == {}
