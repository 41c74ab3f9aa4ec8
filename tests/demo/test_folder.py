"""The manifests that the demo writes are ones that hadyn reads as meant."""

import yaml

from hadyn.demo.folder import Folder, Member
from hadyn.model.decoding import decode
from hadyn.model.problems import Problem


def objects(path):
    return [decode(document) for document in yaml.safe_load_all(path.read_text())]


def test_a_service_comes_with_the_ingress_that_leads_to_it(tmp_path):
    Folder(tmp_path, port=8080).write_service("web", "/shop")

    service, ingress = objects(tmp_path / "web.yaml")

    assert not isinstance(service, Problem)
    assert not isinstance(ingress, Problem)
    assert service.ref.name == ingress.ref.name == "web"


def test_a_pod_that_terminates_is_in_the_slice_as_one_that_serves(tmp_path):
    members = [Member("web-1", "127.0.0.1"), Member("web-2", "127.0.0.2", is_terminating=True)]

    Folder(tmp_path, port=8080).write_endpoints("web", members)

    (document,) = yaml.safe_load_all((tmp_path / "web-endpoints.yaml").read_text())
    conditions = [endpoint["conditions"] for endpoint in document["endpoints"]]
    assert conditions == [
        {"ready": True, "serving": True, "terminating": False},
        {"ready": False, "serving": True, "terminating": True},
    ]


def test_no_unfinished_file_is_left_or_seen_under_a_name_of_its_own(tmp_path):
    folder = Folder(tmp_path, port=8080)

    folder.write_service("web", "/")
    folder.write_endpoints("web", [])

    assert sorted(path.name for path in tmp_path.iterdir()) == ["web-endpoints.yaml", "web.yaml"]
