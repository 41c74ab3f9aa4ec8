"""A view of a hadyn with as many backends as a test asks for, without a controller."""

from datetime import UTC, datetime

from hadyn.errors import SocketUnreachable, WrongUsage
from hadyn.model.addresses import Address
from hadyn.model.desired import Backend, Endpoint
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.observe.documents import slots_document
from hadyn.observe.status import HadynStatus, HAProxyStatus, LastCycle, Reloads, SourceStatus, Status, status_document
from hadyn.planner.observed import ObservedBackend, ObservedSlot, SlotState

START = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)


class ShopView:
    """Backends shop_web0_80 and so on, three of ten slots in use; what it says can be changed at any time."""

    def __init__(self, backends=2):
        self.alive = True
        self.ready = True
        self.haproxy_answers = True
        self.master_answers = True
        self.sentence = "shop/web0: 1 endpoint came"
        self.problems = ()
        self.backends = {}
        self.observed = {}
        for number in range(backends):
            self.add(f"shop_web{number:04}_80", f"shop/web{number:04}:80", number)

    def add(self, name, service, number, pod="shop/web-6865546d4-"):
        seats = [Address(f"10.{number // 250}.{number % 250}.{last}", 8080) for last in (1, 2, 3)]
        endpoints = tuple(Endpoint(address, name=f"{pod}{address.ip[-1]}") for address in seats)
        states = [SlotState.READY, SlotState.READY, SlotState.DRAIN]
        taken = [
            ObservedSlot(f"s{place}", address, slot_state, sessions=place, seconds_in_state=30)
            for place, (address, slot_state) in enumerate(zip(seats, states, strict=True), start=1)
        ]
        free = [ObservedSlot(f"s{place}") for place in range(4, 11)]
        self.backends[name] = Backend(name, service, endpoints)
        self.observed[name] = ObservedBackend(name, (*taken, *free))

    def complain(self, name, said):
        self.problems = (
            Problem(ObjectRef("Ingress", "shop", name), "spec.rules[0].host", Reason.CLAIMED, said, "take another"),
        )

    def is_alive(self):
        return self.alive

    def is_ready(self):
        return self.ready

    def backend_names(self):
        return sorted(self.backends)

    def counts(self):
        return [
            {key: value for key, value in document.items() if key != "entries"}
            for document in self.slots(self.backends)
        ]

    def slots(self, backends):
        if not self.haproxy_answers:
            raise SocketUnreachable("/run/hadyn/run/runtime.sock", ConnectionRefusedError(111, "Connection refused"))
        wanted = set(backends) & self.backends.keys()
        desired = {name: self.backends[name] for name in wanted}
        return slots_document(desired, {name: self.observed[name] for name in wanted}, START)

    def status(self):
        return status_document(
            Status(
                HadynStatus("0.1.0", 4711, START),
                HAProxyStatus(
                    "2.8.25", self.haproxy_answers, 4712 if self.master_answers else None, 1, 0, 300, 12, 2000, 4711
                ),
                sources=(SourceStatus("manifests", 0.0, 12),),
                last_cycle=LastCycle(START, self.sentence, 0.0017),
                cycles=3,
                reloads=Reloads(total=1, by_reason={"NEW_BACKEND": 1}),
                backends=len(self.backends),
                routes=3,
                problems=self.problems,
            )
        )

    def plan(self):
        return {"commands": [], "reloads": [], "backends": []}

    def resolve(self, names, record_type):
        return [{"name": name, "type": record_type or "A", "records": None} for name in names]

    def drain(self, backend, who, *, undo):
        if backend not in self.backends:
            raise WrongUsage(f"there is no backend {backend!r}", remedy="`hadyn slots` lists them all")
        drained = [] if undo else [{"address": each, "endpoint": None} for each in who or ["10.0.0.1:80"]]
        return {"backend": backend, "drained": drained}

    def explain(self, url):
        if "://" not in url:
            raise WrongUsage("no scheme", remedy="begin with http://")
        return {"url": url}

    def exposition(self):
        return b"# HELP hadyn_cycle_seconds\n"
