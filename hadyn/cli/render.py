"""hadyn render."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hadyn.cli.flags import command, manifests_flag, policy_flags, state_dir_flag
from hadyn.errors import FileNotWritten, WrongUsage

if TYPE_CHECKING:
    from hadyn.cli.standalone import Judged

EXAMPLE = """
  $ hadyn render --manifests examples/shop
  $ hadyn render --manifests examples/shop --output /tmp/shop
  $ haproxy -c -f /tmp/shop/haproxy.cfg -f /tmp/shop/backends
"""
RULE = "#" * 12


@command("render", example=EXAMPLE)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    allow_from_autoenv=False,  # HADYN_OUTPUT is the format of the other commands
    help="Folder to write the files to; default: all to standard output.",
)
@manifests_flag("File or folder of manifests; repeatable.", required=True)
@policy_flags
@state_dir_flag
def render(manifests: tuple[Path, ...], output: Path | None, state_dir: Path, **flags: Any) -> None:
    """Write the HAProxy configuration for manifests.

    It is what run starts HAProxy with, each endpoint in its first slot. HAProxy itself is
    not needed. With --output the folder is complete: HAProxy can check it or run with it.
    """
    from hadyn.cli.standalone import judged  # noqa: PLC0415 - imports the whole model
    from hadyn.render.config import PLAIN_PATH  # noqa: PLC0415

    found = judged(manifests, flags)
    if output is None:
        for name, text in _files(found, state_dir):
            click.echo(f"{RULE} {name}\n{text}")
        return
    folder = output.absolute()
    if not PLAIN_PATH.fullmatch(str(folder)):
        raise WrongUsage(f"HAProxy's files cannot name the folder {output}", remedy="Use letters, digits and ._/+~-")
    if (folder / "hadyn.lock").exists():
        raise WrongUsage(f"{output} is the state folder of a hadyn", remedy="Write to another folder, new or empty")
    try:
        _write(dict(_files(found, folder)), folder)
    except OSError as cause:
        raise FileNotWritten(cause.filename or str(folder), cause) from cause


def _files(found: Judged, folder: Path) -> Iterator[tuple[str, str]]:
    """Names and texts of all files, as run would have them in this state folder."""
    from hadyn.controller.intent import listeners  # noqa: PLC0415
    from hadyn.planner.capabilities import OLDEST, Capabilities  # noqa: PLC0415
    from hadyn.planner.slots import seat_first  # noqa: PLC0415
    from hadyn.render.config import ConfigSettings, backend_section, main_config  # noqa: PLC0415
    from hadyn.render.folder import StateFolder  # noqa: PLC0415
    from hadyn.render.maps import map_files  # noqa: PLC0415
    from hadyn.render.shards import Shards  # noqa: PLC0415
    from hadyn.settings import Settings  # noqa: PLC0415

    paths = StateFolder(folder)
    settings = ConfigSettings(
        bind=listeners(found.settings),
        runtime_socket=str(Settings(state_dir=folder).runtime_socket),
        maps=str(paths.maps),
        errors=str(paths.errors),
    )
    yield "haproxy.cfg", main_config(settings, Capabilities(OLDEST))
    shards = Shards()
    for name in sorted(found.inventory.backend_names()):
        backend = found.inventory.backend(name)
        assert backend is not None, name
        shards.put(name, backend_section(backend, seat_first(backend)).encode())
    for number in shards.numbers():
        yield f"backends/{number:03}.cfg", shards.content(number).decode()
    for map_name, text in map_files(found.entries()).items():
        yield f"maps/{map_name}.map", text


def _write(files: dict[str, str], folder: Path) -> None:
    from hadyn.render.files import shipped_files  # noqa: PLC0415

    for kept in ("backends", "maps", "errors", "run"):
        (folder / kept).mkdir(parents=True, exist_ok=True)
    for shard in (folder / "backends").glob("[0-9][0-9][0-9].cfg"):
        shard.unlink()
    for name, text in files.items():
        (folder / name).write_text(text)
    for page in shipped_files().glob("*.http"):
        shutil.copyfile(page, folder / "errors" / page.name)
