"""The tables a fake HAProxy prints."""

from __future__ import annotations

from collections.abc import Container, Mapping

from hadyn.runtime.fake_slots import FakeSlot

_STATE_COLUMNS = (
    "be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state "
    "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr "
    "srv_agent_addr srv_agent_port"
)
_STAT_COLUMNS = "pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,"


def servers_state(backends: Mapping[str, Mapping[str, FakeSlot]]) -> str:
    """Print ``show servers state``."""
    rows = ["1", f"# {_STATE_COLUMNS}"]
    for backend_id, (backend, slots) in enumerate(backends.items(), start=3):
        for slot_id, slot in enumerate(slots.values(), start=1):
            operation = 0 if slot.is_in_maint or slot.is_held_down or slot.is_unresolved else 2
            rows.append(
                f"{backend_id} {backend} {slot_id} {slot.name} {slot.ip} {operation} {slot.admin} {slot.weight} "
                f"{slot.initial_weight} {slot.seconds_in_state} 1 0 0 {slot.check_state} {slot.agent_state} 0 0 {slot.fqdn} {slot.port} {slot.service} 0 0 - - 0"
            )
    return "\n".join(rows)


def stat(backend: str, slots: Mapping[str, FakeSlot]) -> str:
    """Print ``show stat BACKEND 4 -1``, the columns up to the status."""
    rows = [f"# {_STAT_COLUMNS}"]
    for slot in slots.values():
        status = "MAINT" if slot.is_in_maint else "no check"
        rows.append(f"{backend},{slot.name},0,0,{slot.sessions},0,,0,0,0,,0,,0,0,0,0,{status},")
    return "\n".join(rows)


def backends_stat(backends: Mapping[str, Mapping[str, FakeSlot]], unpublished: Container[str] = ()) -> str:
    """Print ``show stat -1 2 -1``: backends alone, the columns up to the status."""
    rows = [f"# {_STAT_COLUMNS}"]
    for name, slots in backends.items():
        sessions = sum(slot.sessions for slot in slots.values())
        status = "UP (UNPUB)" if name in unpublished else "UP"
        rows.append(f"{name},BACKEND,0,0,{sessions},0,20,0,0,0,0,0,,0,0,0,0,{status},")
    return "\n".join(rows)


def process(version: str, pid: int, uptime_seconds: int, *, is_stopping: bool) -> str:
    """Print ``show info``, some of its lines."""
    return "\n".join(
        [
            "Name: HAProxy",
            f"Version: {version}",
            "Nbthread: 1",
            "Process_num: 1",
            f"Pid: {pid}",
            f"Uptime_sec: {uptime_seconds}",
            f"Stopping: {int(is_stopping)}",
        ]
    )


def map_entries(entries: Mapping[str, str]) -> str:
    """Print ``show map FILE``."""
    return "\n".join(f"0x{number:012x} {key} {value}" for number, (key, value) in enumerate(entries.items(), start=1))
