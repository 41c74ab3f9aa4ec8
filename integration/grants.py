"""What deploy/ lets hadyn's account do, granted on the control plane: all of it, or all but one right."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from integration.charts import BASE, Document, chart, of_kind
from integration.cluster import ClusterGround, ControlPlane

ACCOUNT = ("hadyn", "hadyn")
"""Its name and its namespace."""


def documents(name: str) -> list[Document]:
    return [each for each in yaml.safe_load_all((BASE / name).read_text()) if each]


def component(name: str) -> list[Document]:
    """What a component of deploy/ lets the account do besides."""
    text = (BASE.parent / "components" / name / "rbac.yaml").read_text()
    return [each for each in yaml.safe_load_all(text) if each]


@dataclass(frozen=True, slots=True)
class Right:
    """One verb of one rule of one role of deploy/."""

    role: str
    number: int
    verb: str

    def __str__(self) -> str:
        return f"{self.role}-{self.number}-{self.verb}"


def rights(*roles: str, of: Sequence[Document] = ()) -> list[Right]:
    """Every right that these roles of deploy/base, or of other objects, give; without names, all roles."""
    return [
        Right(role["metadata"]["name"], number, verb)
        for role in of or documents("rbac.yaml")
        if "rules" in role and (not roles or role["metadata"]["name"] in roles)
        for number, rule in enumerate(role["rules"])
        for verb in rule["verbs"]
    ]


def granted(cluster: ControlPlane, but: Right | None = None, *, of: Sequence[Document] = ()) -> str:
    """Grant the account what deploy/base grants, or other objects do, without one right.

    Returns the resource of that, as rules spell it.
    """
    objects, resource = [copy.deepcopy(each) for each in of or documents("rbac.yaml")], ""
    for role in objects:
        if but is not None and role["metadata"]["name"] == but.role and "rules" in role:
            rule = role["rules"][but.number]
            rule["verbs"].remove(but.verb)
            resource = rule["resources"][0]
            role["rules"] = [each for each in role["rules"] if each["verbs"]]
    cluster.apply(*documents("namespace.yaml"), *objects)
    return resource


def run_with_component(ground: ClusterGround, cluster: ControlPlane, name: str, but: Right | None = None) -> None:
    """Run hadyn as the account, with what deploy/base and a component let it do, without one right."""
    granted(cluster, but=but, of=[*documents("rbac.yaml"), *component(name)])
    ground.kubeconfig = cluster.kubeconfig_of(*ACCOUNT, ground.place)
    ground.run("--lease", "hadyn/hadyn")


def revoke_everything(cluster: ControlPlane) -> None:
    """Take from the account what tests before have granted."""
    for kind in ("clusterrolebinding", "rolebinding"):
        found = json.loads(cluster.kubectl("get", kind, "--all-namespaces", "-o", "json"))["items"]
        for binding in found:
            if any(subject["name"] == ACCOUNT[1] for subject in binding.get("subjects", ())):
                metadata = binding["metadata"]
                place = ("-n", metadata["namespace"]) if "namespace" in metadata else ()
                cluster.kubectl(*place, "delete", kind, metadata["name"])


def granting(values: Document) -> list[Document]:
    """The account, roles and bindings of the Helm chart with these values."""
    kinds = ("ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
    return of_kind(chart(values), *kinds)
