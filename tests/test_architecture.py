"""What a machine can keep of the rules in CONTRIBUTING.md and docs/architecture.md."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import hadyn
from hadyn.errors import HadynError, PermanentError, TemporaryError

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "hadyn").rglob("*.py"))
TESTS = sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "integration").rglob("*.py")])
DOCUMENTS = sorted((ROOT / "docs").rglob("*.md"))
MODULE_LINES = 400
FUNCTION_LINES = 60
PARAMETERS = 6
VAGUE = re.compile(r"^_?(utils?|utilities|helpers?|misc|common|tools|functions)$|_utils?$")
SHORTENED = {"srv", "svc", "cfg", "obj", "mgr", "tmp", "conf", "ep", "ns"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def named(paths):
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


def functions(path):
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, Function)]


def sentences_of(path):
    return [function for function in functions(path) if function.name.startswith("test_")]


def length(function):
    docstring = ast.get_docstring(function, clean=False)
    return function.end_lineno - function.lineno + 1 - (len(docstring.splitlines()) if docstring else 0)


def parameters(function):
    names = [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls")]


@pytest.mark.parametrize("path", named(SOURCES))
def test_every_module_says_its_one_idea_in_its_first_line(path):
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert docstring, "no docstring"
    assert not re.search(r"\band\b", docstring.splitlines()[0].split(":")[0].split(",")[0]), docstring.splitlines()[0]


@pytest.mark.parametrize("path", named([*SOURCES, *TESTS]))
def test_modules_and_functions_stay_small(path):
    assert len(path.read_text().splitlines()) <= MODULE_LINES
    too_long = {function.name: length(function) for function in functions(path) if length(function) > FUNCTION_LINES}
    assert too_long == {}


@pytest.mark.parametrize("path", named(SOURCES))
def test_functions_take_few_parameters(path):
    too_many = {function.name for function in functions(path) if len(parameters(function)) > PARAMETERS}
    assert too_many == set()


@pytest.mark.parametrize("path", named(SOURCES))
def test_names_are_whole_words_and_modules_have_a_job(path):
    assert not VAGUE.search(path.stem)
    used = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
    assert used & SHORTENED == set()


def every_error():
    for module in pkgutil.walk_packages(hadyn.__path__, "hadyn."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, waiting = [], [HadynError]
    while waiting:
        waiting += (children := waiting.pop().__subclasses__())
        found += children
    return found


def test_every_error_is_temporary_or_permanent_and_asks_for_a_remedy():
    for error in every_error():
        assert issubclass(error, TemporaryError | PermanentError), error
        signature = inspect.signature(error.__init__)
        own_words = "__init__" in vars(error)
        assert own_words or "remedy" in signature.parameters, error
        assert not own_words or "remedy=" in inspect.getsource(error.__init__), error


@pytest.mark.parametrize("path", named(TESTS))
def test_test_names_are_sentences_without_numbers(path):
    labels = [function.name for function in sentences_of(path) if len(function.name.split("_")) < 5]
    numbered = [function.name for function in sentences_of(path) if re.search(r"_?\d+$", function.name)]
    assert labels == []
    assert numbered == []


@pytest.mark.parametrize("path", named([path for path in TESTS if path.is_relative_to(ROOT / "tests")]))
def test_tests_patch_nothing_wait_for_nothing_and_have_no_ifs(path):
    text = path.read_text()
    calls = {node.func.attr for node in ast.walk(ast.parse(text)) if _is_method_call(node)}
    assert calls & {"sleep", "patch", "setattr"} == set()
    assert not re.search(r"\b(Magic|Async)?Mock\(", text)
    with_ifs = [test.name for test in sentences_of(path) if any(isinstance(node, ast.If) for node in ast.walk(test))]
    assert with_ifs == []


def _is_method_call(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def test_every_fact_that_code_cites_stands_in_the_facts():
    facts = set(re.findall(r"^#+ (\S+)$", (ROOT / "docs/haproxy-facts.md").read_text(), re.MULTILINE))
    texts = [path.read_text() for path in [*SOURCES, *DOCUMENTS]]
    cited = {anchor for text in texts for anchor in re.findall(r"haproxy-facts\.md#([a-z0-9-]+)", text)}
    assert cited - facts == set()


def test_every_decision_and_every_folder_stands_in_the_architecture():
    architecture = (ROOT / "docs/architecture.md").read_text()
    decisions = [path.name for path in (ROOT / "docs/decisions").glob("*.md")]
    folders = [f"`hadyn/{path.name}/`" for path in (ROOT / "hadyn").iterdir() if (path / "__init__.py").exists()]
    assert [name for name in [*decisions, *folders] if name not in architecture] == []


@pytest.mark.parametrize("path", named([*DOCUMENTS, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]))
def test_links_between_documents_lead_somewhere(path):
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []
