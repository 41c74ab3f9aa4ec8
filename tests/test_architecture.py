"""What a machine can keep of the rules in CONTRIBUTING.md and docs/architecture.md."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

import hadyn
from hadyn import errors
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
PROSE_COLUMNS = 120
DECISION_LINES = 60
REMEMBERING = {"Dirty", "_Assignment"}
"""What of the model and the planner is filled step by step, within one call."""
WITHOUT_LOCKS = ("model", "planner", "controller", "render", "runtime", "resolver")
REASONED = re.compile(r"# (?:noqa: [A-Z0-9, ]+? - \w|type: ignore\[[a-z, -]+\]  # \w)")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def text_of(path):
    return path.read_text()


@cache
def tree_of(path):
    return ast.parse(text_of(path))


def named(paths):
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


def functions(path):
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, Function)]


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
    docstring = ast.get_docstring(tree_of(path)) or ""
    assert docstring, "no docstring"
    assert not re.search(r"\band\b", docstring.splitlines()[0].split(":")[0].split(",")[0]), docstring.splitlines()[0]


@pytest.mark.parametrize("path", named(SOURCES))
def test_paragraphs_of_docstrings_fit_a_screen(path):
    lines = text_of(path).splitlines()
    documented = [node.body[0] for node in ast.walk(tree_of(path)) if _has_docstring(node)]
    paragraphs = [line for found in documented for line in lines[found.lineno : found.end_lineno]]
    assert [line for line in paragraphs if len(line) > PROSE_COLUMNS] == []


def _has_docstring(node):
    return isinstance(node, (ast.Module, ast.ClassDef, *Function.__args__)) and ast.get_docstring(node) is not None


@pytest.mark.parametrize("path", named(SOURCES))
def test_every_exception_to_a_rule_has_its_reason_beside_it(path):
    lines = text_of(path).splitlines()
    excepted = [(before, line) for before, line in pairwise(["", *lines]) if re.search("# (noqa|type: ignore)", line)]
    # Of several imports in a row the first says why they are late.
    alone = [line for before, line in excepted if not (line.endswith("PLC0415") and "PLC0415" in before)]
    assert [line for line in alone if not REASONED.search(line)] == []


@pytest.mark.parametrize("path", named([path for path in SOURCES if path.parts[-2] in ("model", "options", "planner")]))
def test_values_of_the_model_and_the_planner_are_frozen(path):
    classes = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef)]
    made = {
        each.name: " ".join(map(ast.unparse, (*each.decorator_list, *each.bases, *each.keywords))) for each in classes
    }
    values = {name: text for name, text in made.items() if re.match("dataclass|Struct", text)}
    assert {name for name, text in values.items() if "frozen=True" not in text} <= REMEMBERING


@pytest.mark.parametrize("path", named([path for path in SOURCES if path.relative_to(ROOT).parts[1] in WITHOUT_LOCKS]))
def test_one_thread_owns_all_state_so_nothing_is_locked(path):
    assert not re.search(r"threading\.(R?Lock|Condition|Semaphore)\(", text_of(path))


@pytest.mark.parametrize("path", named([*SOURCES, *TESTS]))
def test_modules_and_functions_stay_small(path):
    assert len(text_of(path).splitlines()) <= MODULE_LINES
    too_long = {function.name: length(function) for function in functions(path) if length(function) > FUNCTION_LINES}
    assert too_long == {}


@pytest.mark.parametrize("path", named(SOURCES))
def test_functions_take_few_parameters(path):
    too_many = {function.name for function in functions(path) if len(parameters(function)) > PARAMETERS}
    assert too_many == set()


@pytest.mark.parametrize("path", named(SOURCES))
def test_names_are_whole_words_and_modules_have_a_job(path):
    assert not VAGUE.search(path.stem)
    used = {node.id for node in ast.walk(tree_of(path)) if isinstance(node, ast.Name)}
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


def test_the_tree_of_errors_shows_every_one_of_them():
    tree = set(re.findall(r"\+-- (\w+)", errors.__doc__))
    here = {error.__name__ for error in every_error() if error.__module__ == errors.__name__}
    assert tree == here


@pytest.mark.parametrize("path", named(TESTS))
def test_test_names_are_sentences_without_numbers(path):
    labels = [function.name for function in sentences_of(path) if len(function.name.split("_")) < 5]
    numbered = [function.name for function in sentences_of(path) if re.search(r"_?\d+$", function.name)]
    assert labels == []
    assert numbered == []


@pytest.mark.parametrize("path", named([path for path in TESTS if path.is_relative_to(ROOT / "tests")]))
def test_tests_patch_nothing_wait_for_nothing_and_have_no_ifs(path):
    text = text_of(path)
    calls = {node.func.attr for node in ast.walk(tree_of(path)) if _is_method_call(node)}
    assert calls & {"sleep", "patch", "setattr"} == set()
    assert not re.search(r"\b(Magic|Async)?Mock\(", text)
    with_ifs = [test.name for test in sentences_of(path) if any(isinstance(node, ast.If) for node in ast.walk(test))]
    assert with_ifs == []


def _is_method_call(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def test_every_fact_that_code_cites_stands_in_the_facts():
    facts = set(re.findall(r"^#+ (\S+)$", (ROOT / "docs/haproxy-facts.md").read_text(), re.MULTILINE))
    texts = [text_of(path) for path in [*SOURCES, *DOCUMENTS]]
    cited = {anchor for text in texts for anchor in re.findall(r"haproxy-facts\.md#([a-z0-9-]+)", text)}
    assert cited - facts == set()


def test_every_decision_and_every_folder_stands_in_the_architecture():
    architecture = (ROOT / "docs/architecture.md").read_text()
    decisions = [path.name for path in (ROOT / "docs/decisions").glob("*.md")]
    folders = [f"`hadyn/{path.name}/`" for path in (ROOT / "hadyn").iterdir() if (path / "__init__.py").exists()]
    assert [name for name in [*decisions, *folders] if name not in architecture] == []


@pytest.mark.parametrize("path", named(sorted((ROOT / "docs/decisions").glob("*.md"))))
def test_a_decision_is_a_page_with_what_led_to_it_and_what_follows(path):
    text = text_of(path)
    assert len(text.splitlines()) <= DECISION_LINES
    assert [word for word in ("Context", "Decision", "Consequences") if f"\n**{word}.**" not in text] == []


def test_every_dependency_says_what_it_is_for():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    named = [(before, line) for before, line in pairwise(lines) if re.match(r' +"[A-Za-z-]+[><=]', line)]
    asked_for = [line for before, line in named if "#" not in line and not before.strip().startswith("#")]
    assert asked_for == []


@pytest.mark.parametrize("path", named([*DOCUMENTS, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]))
def test_links_between_documents_lead_somewhere(path):
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", text_of(path))
    assert [link for link in links if not (path.parent / link).exists()] == []
