"""hadyn render."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hadyn.cli.command import command
from hadyn.cli.flags import manifests_flag, maxconn_flag, runtime_socket_flag, spare_backends_flag, state_dir_flag
from hadyn.cli.policy_flags import policy_flags
from hadyn.errors import FileNotWritten, WrongUsage
from hadyn.settings import Settings

if TYPE_CHECKING:
    from hadyn.cli.standalone import Judged
    from hadyn.render.certificates import CertificateFiles

EXAMPLE = """
  $ hadyn render --manifests examples/shop
  $ hadyn render --manifests examples/shop --output /tmp/shop
  $ haproxy -c -f /tmp/shop/haproxy.cfg -f /tmp/shop/backends
  $ hadyn render --bootstrap --output /hadyn
"""
RULE = "#" * 12
DEFAULT = "default"
"""The name of the certificate for hosts without one."""
FILES_OF_TLS = (".pem", ".ca", ".crl")
"""Ends the names of files with certificates, authorities, and what these have taken back."""


@command("render", example=EXAMPLE)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    allow_from_autoenv=False,  # HADYN_OUTPUT is the format of the other commands
    help="Folder to write the files to; default: all to standard output.",
)
@manifests_flag("File or folder of manifests; repeatable.")
@click.option("--bootstrap", is_flag=True, help="What a HAProxy beside `run --sidecar` starts with, without backends.")
@policy_flags
@runtime_socket_flag
@maxconn_flag
@spare_backends_flag
@state_dir_flag
def render(*, manifests: tuple[Path, ...], output: Path | None, bootstrap: bool, state_dir: Path, **flags: Any) -> None:
    """Write the HAProxy configuration for manifests.

    It is what run starts HAProxy with, each endpoint in its first slot. HAProxy itself is
    not needed. With --output the folder is complete: HAProxy can check it or run with it.

    With --bootstrap the folder becomes the state folder of a `hadyn run --sidecar` with the
    same flags. What HAProxy has run with there before stays as it is.
    """
    if bootstrap == bool(manifests):
        raise click.UsageError("say either --manifests or --bootstrap, which has no backends")
    if bootstrap:
        _bootstrap(output, Settings(sidecar=True, state_dir=(output or state_dir).absolute(), **flags))
        return
    from hadyn.cli.standalone import judged  # noqa: PLC0415 - imports the whole model
    from hadyn.render.config import PLAIN_PATH  # noqa: PLC0415

    folder = (output or state_dir).absolute()
    found = judged(manifests, {**flags, "state_dir": folder})
    if output is None:
        for name, text in _files(found):
            click.echo(f"{RULE} {name}\n{text}")
        return
    if not PLAIN_PATH.fullmatch(str(folder)):
        raise WrongUsage(f"HAProxy's files cannot name the folder {output}", remedy="Use letters, digits and ._/+~-")
    if (folder / "hadyn.lock").exists():
        raise WrongUsage(f"{output} is the state folder of a hadyn", remedy="Write to another folder, new or empty")
    try:
        _write(dict(_files(found)), folder)
        if found.settings.https_port:
            _write_certificates(found)
        _write_credentials(found)
    except OSError as cause:
        raise FileNotWritten(cause.filename or str(folder), cause) from cause


def _bootstrap(output: Path | None, settings: Settings) -> None:
    from hadyn.controller.intent import configuration  # noqa: PLC0415 - as above
    from hadyn.planner.capabilities import OLDEST, Capabilities  # noqa: PLC0415
    from hadyn.render.bootstrap import bootstrap  # noqa: PLC0415
    from hadyn.render.config import main_config  # noqa: PLC0415
    from hadyn.render.folder import StateFolder  # noqa: PLC0415

    folder = StateFolder(settings.state_dir)
    main = main_config(configuration(settings, folder), Capabilities(OLDEST))
    if output is None:
        click.echo(f"{RULE} {folder.main_config.name}\n{main}")
    elif not bootstrap(folder, main):
        click.echo(f"hadyn: {folder.main_config} was there and stays; hadyn run changes it, by a reload", err=True)


def _files(found: Judged) -> Iterator[tuple[str, str]]:
    """Names and texts of all files, as run would have them in the state folder."""
    from hadyn.controller.intent import configuration  # noqa: PLC0415 - as above
    from hadyn.planner.capabilities import OLDEST, Capabilities  # noqa: PLC0415
    from hadyn.planner.slots import seat_first  # noqa: PLC0415
    from hadyn.render.config import backend_section, main_config  # noqa: PLC0415
    from hadyn.render.folder import StateFolder  # noqa: PLC0415
    from hadyn.render.maps import map_files  # noqa: PLC0415
    from hadyn.render.shards import Shards  # noqa: PLC0415

    folder = StateFolder(found.settings.state_dir)
    settings = replace(configuration(found.settings, folder, found.inventory.main_wish), jail=None)
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
    if found.settings.https_port:
        # Certificates themselves are not for a terminal, since their keys are with them.
        yield "certificates/crt-list", _certificates(found).text


def _certificates(found: Judged) -> CertificateFiles:
    """What is in the folder of certificates, but for the default; nothing of it is written."""
    from hadyn.render.authorities import files_of, stem_of  # noqa: PLC0415 - as above
    from hadyn.render.certificates import CertificateFiles  # noqa: PLC0415
    from hadyn.render.folder import StateFolder  # noqa: PLC0415

    book = found.inventory.certificates
    files = CertificateFiles(StateFolder(found.settings.state_dir).certificates)
    for name in book.names():
        pair = book.pair(name)
        if pair:
            files.put(name, pair.pem)
    stems = {}
    for secret in book.handshakes.secrets():
        authorities = book.handshakes.authorities(secret)
        if authorities:
            stems[secret] = stem_of(secret, authorities)
            for file, pem in files_of(secret, authorities).items():
                files.authorities.put(file, pem)
    for host in book.hosts():
        names = tuple(name for name in book.names_of(host) if name == DEFAULT or files.pem(name))
        handshake = book.handshakes.of(host)
        stem = stems.get(handshake.secret, "") if handshake.secret else ""
        parameters = files.authorities.parameters(handshake, stem)
        files.put_hosts(host, names or ((DEFAULT,) if parameters else ()), parameters)
    return files


def _write_certificates(found: Judged) -> None:
    from hadyn.controller.default_certificate import default_certificate  # noqa: PLC0415 - as above

    files = _certificates(found)
    default = default_certificate(found.settings.default_certificate, is_quiet=True)
    default.check()
    files.put(DEFAULT, default.wanted(found.inventory.certificates, files))
    files.folder.mkdir(mode=0o700, exist_ok=True)
    for gone in (path for path in files.folder.glob("*") if path.suffix in FILES_OF_TLS):
        gone.unlink()
    files.write()


def _write_credentials(found: Judged) -> None:
    """Write the files that server lines name; where a Secret holds nothing good, nobody's."""
    from hadyn.render.credentials import AUTHORITIES, PAIR, CredentialFiles, nobodys  # noqa: PLC0415 - as above
    from hadyn.render.folder import StateFolder  # noqa: PLC0415
    from hadyn.render.self_made import make_nobody  # noqa: PLC0415

    book = found.inventory.credentials
    files = CredentialFiles(StateFolder(found.settings.state_dir).credentials)
    files.folder.mkdir(mode=0o700, exist_ok=True)
    for gone in (path for path in files.folder.glob("*") if path.suffix in (AUTHORITIES, PAIR)):
        gone.unlink()
    for file in book.files():
        files.put(file, book.content(file).pem or nobodys(file, make_nobody()))
    files.write()


def _write(files: dict[str, str], folder: Path) -> None:
    from hadyn.render.files import shipped_files  # noqa: PLC0415 - as above

    for kept in ("backends", "maps", "errors", "run", "certificates"):
        (folder / kept).mkdir(parents=True, exist_ok=True)
    for shard in (folder / "backends").glob("[0-9][0-9][0-9].cfg"):
        shard.unlink()
    for name, text in files.items():
        (folder / name).write_text(text)
    for page in shipped_files().glob("*.http"):
        shutil.copyfile(page, folder / "errors" / page.name)
