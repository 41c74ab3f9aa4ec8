"""The group of commands: help, errors, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module

import click
import pytest

from hadyn import __version__
from hadyn.cli import COMMANDS, Hadyn
from hadyn.errors import HAProxyUnusable, WrongUsage
from tests.cli.invoking import invoke

HEAVY = {"hadyn.controller", "hadyn.model", "dns", "kubernetes", "msgspec", "prometheus_client", "rich", "yaml"}


def loaded_modules(*arguments: str) -> set[str]:
    """What an interpreter has imported when ``hadyn ARGUMENTS`` ends."""
    script = (
        "import json, sys\n"
        "from hadyn.cli import hadyn\n"
        "hadyn(sys.argv[1:], standalone_mode=False)\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True)
    return set(json.loads(ended.stderr))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"], ["slots", "-h"], ["status", "-h"]])
def test_help_imports_nothing_that_it_does_not_need(arguments: list[str]):
    assert loaded_modules(*arguments) & HEAVY == set()


def test_help_lists_every_command():
    shown = invoke("--help")
    assert shown.exit_code == 0
    assert all(f"{name} " in shown.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_sentence_and_an_example(name: str):
    command = getattr(import_module(f"hadyn.cli.{name}"), name)
    shown = invoke(name, "-h")
    assert isinstance(command, click.Command)
    assert (command.help or "").splitlines()[0] == COMMANDS[name]
    assert f"Example:\n    $ hadyn {name}" in shown.stdout.replace('eval "$(', "")


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_the_version_is_one_line(flag: str):
    assert invoke(flag).stdout == f"hadyn {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["strat"], "No such command 'strat'"),
        (["run"], "there is nothing to follow: neither manifests nor a cluster, and this is no pod. Say --manifests"),
        (["run", "--manifests", "x", "--slots", "0"], "'--slots': 0 is not in the range 1<=x<=1000"),
        (["run", "--manifests", "x", "--slots", "abc"], "'--slots': 'abc' is not a valid integer range"),
        (
            ["run", "--manifests", "x", "--log-level", "loud"],
            "'loud' is not one of 'debug', 'info', 'warning', 'error'",
        ),
        (["run", "--manifests", "x", "--reload-interval", "-1"], "'-1' is not a time such as 30s"),
        (["run", "--manifests", "x", "--drain-time", "5 m"], "'5 m' is not a time such as 30s"),
        (["run", "--manifests", "x", "--bind", "localhost"], "'localhost' is not an IP address"),
        (["run", "--manifests", "x", "--http-port", "70000"], "70000 is not in the range"),
        (["run", "--manifests", "x", "--status-bind", "localhost"], "'localhost' is not a host and a port"),
        (["run", "--manifests", "x", "--default-backend-service", "web"], "'web' is not a port of a Service"),
        (["run", "--manifests", "x", "--state-dir", "/" + "x" * 100], "more than 78 bytes"),
        (["run", "--manifests", "x", "--namespace", "shop"], "and none is named. Say --kubeconfig FILE or --context"),
        (["run", "--namespace", "*"], "'*' is not the name of a namespace such as shop"),
        (["check", "--kubeconfig", "x", "y"], "No such option '--kubeconfig'"),
        (["slots", "-o", "xml"], "'xml' is not one of 'json', 'yaml', 'wide', 'name'"),
        (["completion", "tcsh"], "'tcsh' is not one of 'bash', 'zsh', 'fish'"),
    ],
)
def test_wrong_usage_is_told_with_what_is_accepted(arguments: list[str], said: str):
    ended = invoke(*arguments)
    assert ended.exit_code == 2
    assert said in " ".join(ended.stderr.split())
    assert ended.stdout == ""


class Ends(Hadyn):
    """A group whose one command ends with an exception."""

    def __init__(self, failure: BaseException) -> None:
        super().__init__("hadyn")
        self.failure = failure

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        from hadyn.cli.command import command  # noqa: PLC0415

        def body() -> None:
            raise self.failure

        return command(cmd_name, example="")(body)


def ended(failure: BaseException, *flags: str):
    return click.testing.CliRunner().invoke(Ends(failure), ["fail", *flags])


def test_an_error_is_one_sentence_with_its_remedy_and_exit_code():
    usage = ended(WrongUsage("the folder is empty", remedy="Fill it"))
    missing = ended(HAProxyUnusable("there is no HAProxy", remedy="Install it"))
    assert (usage.exit_code, usage.stderr) == (2, "hadyn: the folder is empty. Fill it\n")
    assert (missing.exit_code, missing.stderr) == (1, "hadyn: there is no HAProxy. Install it\n")


def test_a_mistake_of_ours_is_said_without_a_traceback():
    mistake = ended(ZeroDivisionError("division by zero"))
    assert mistake.exit_code == 1
    assert mistake.stderr.startswith("hadyn: hadyn made a mistake: ZeroDivisionError: division by zero.")
    assert "Traceback" not in mistake.stderr


def test_a_command_that_gets_no_memory_says_so_and_calls_it_no_mistake():
    exhausted = ended(MemoryError())
    assert exhausted.exit_code == 1
    assert exhausted.stderr.startswith("hadyn: there is not enough memory for hadyn; HAProxy goes on. Give hadyn more")


def test_debug_lets_the_error_through_with_its_traceback():
    failure = WrongUsage("the folder is empty", remedy="Fill it")
    assert ended(failure, "--debug").exception is failure


def test_an_interrupted_command_ends_as_shells_expect():
    assert ended(KeyboardInterrupt()).exit_code == 130
