"""What all commands share: where their flags come from.

Rules: a flag wins over HADYN_<FLAG>, that over the YAML file of --config, that over the
default; a key of the file that is no flag of any command is a mistake, not ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click

from hadyn.cli import COMMANDS, DEBUG, HELP_FLAGS, WIDTH

Body = TypeVar("Body", bound=Callable[..., Any])


def command(name: str, *, example: str) -> Callable[[Body], click.Command]:
    """Make a command of a function: its example in the help, HADYN_<FLAG>, --config and --debug."""

    def decorate(body: Body) -> click.Command:
        for shared in (_DEBUG_FLAG, _CONFIG_FLAG):
            body = shared(body)
        made = click.command(
            name,
            epilog=f"\b\nExample:\n{example.strip(chr(10))}",
            context_settings={
                "auto_envvar_prefix": "HADYN",
                "help_option_names": HELP_FLAGS,
                "max_content_width": WIDTH,
                "show_default": True,
            },
        )(body)
        # Those that say what the command does come first in its help.
        made.params.sort(key=lambda parameter: parameter.name in ("config", "debug"))
        return made

    return decorate


def _set_debug(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    context.meta[DEBUG] = value


def _read_config(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    import yaml  # noqa: PLC0415 - only who has such a file pays for it

    try:
        content = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except OSError as cause:
        raise click.BadParameter(f"cannot read {path}: {cause.strerror}", context, parameter) from cause
    except yaml.YAMLError as cause:
        raise click.BadParameter(f"{path} is not YAML: {' '.join(str(cause).split())}", context, parameter) from cause
    if not isinstance(content, Mapping | None):
        raise click.BadParameter(f"{path} is not a mapping of flags to values", context, parameter)
    context.default_map = {**(context.default_map or {}), **_defaults(content or {}, context, parameter, path)}


def _defaults(
    content: Mapping[Any, Any], context: click.Context, parameter: click.Parameter, path: Path
) -> dict[str, Any]:
    """The values by parameter name, as click's default map wants them."""
    own = _options(context.command)
    defaults: dict[str, Any] = {}
    for key, value in content.items():
        if key in own:
            option = own[key]
            assert option.name
            defaults[option.name] = [value] if option.multiple and not isinstance(value, list) else value
        elif key not in _all_flags():
            known = ", ".join(sorted(own))
            raise click.BadParameter(f"{path}: {key!r} is not a flag; those are {known}", context, parameter)
    return defaults


def _options(of_command: click.Command) -> dict[str, click.Option]:
    """Options of a command by the name of their long flag, without dashes."""
    return {
        flag.removeprefix("--"): option
        for option in of_command.params
        if isinstance(option, click.Option) and option.name not in ("config", "debug")
        for flag in option.opts
        if flag.startswith("--")
    }


@cache
def _all_flags() -> frozenset[str]:
    """The flags of all commands: one file may serve several of them."""
    commands = (getattr(import_module(f"hadyn.cli.{name}"), name) for name in COMMANDS)
    return frozenset(flag for found in commands for flag in _options(found))


_CONFIG_FLAG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=_read_config,
    metavar="FILE",
    help="YAML file with flags, as in `http-port: 8080`.",
)
_DEBUG_FLAG = click.option(
    "--debug",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_set_debug,
    help="Show the traceback of an error.",
)
