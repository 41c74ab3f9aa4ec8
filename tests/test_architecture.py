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

import hadyn
from hadyn import errors
from hadyn.errors import HadynError, PermanentError, TemporaryError

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "hadyn").rglob("*.py"))
TESTS = sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "integration").rglob("*.py")])
DOCUMENTS = sorted((ROOT / "docs").rglob("*.md"))
DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))
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

LOCK = re.compile(r"threading\.(?:R?Lock|Condition|Semaphore)\(")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Function | ast.ClassDef | ast.Module


@cache
def text_of(path):
    return path.read_text()


@cache
def tree_of(path):
    return ast.parse(text_of(path))


def offences(paths, rule):
    """Return what a rule finds in each of these files, by the file's name."""
    found = {str(path.relative_to(ROOT)): list(rule(path)) for path in paths}
    return {name: each for name, each in found.items() if each}


def classes(path):
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef)]


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


def test_every_module_says_its_one_idea_in_its_first_line():
    def more_than_one(path):
        first = (ast.get_docstring(tree_of(path)) or "nothing and").splitlines()[0]
        return re.findall(r".*\band\b.*", first.split(":")[0].split(",")[0])

    assert offences(SOURCES, more_than_one) == {}


def test_paragraphs_of_docstrings_fit_a_screen():
    def too_wide(path):
        lines = text_of(path).splitlines()
        documented = [node for node in ast.walk(tree_of(path)) if isinstance(node, Documented)]
        for found in (node.body[0] for node in documented if ast.get_docstring(node) is not None):
            yield from (line for line in lines[found.lineno : found.end_lineno] if len(line) > PROSE_COLUMNS)

    assert offences(SOURCES, too_wide) == {}


def unreasoned(path):
    for before, line in pairwise(["", *text_of(path).splitlines()]):
        # Of several imports in a row the first says why they are late.
        is_next_import = line.endswith("PLC0415") and "PLC0415" in before
        if re.search("# (noqa|type: ignore)", line) and not (is_next_import or REASONED.search(line)):
            yield line


def test_every_exception_to_a_rule_has_its_reason_beside_it():
    assert offences(SOURCES, unreasoned) == {}


def changeable(path):
    for each in classes(path):
        made = " ".join(map(ast.unparse, (*each.decorator_list, *each.bases, *each.keywords)))
        if re.match("dataclass|Struct", made) and "frozen=True" not in made and each.name not in REMEMBERING:
            yield each.name


def test_values_of_the_model_and_the_planner_are_frozen():
    assert offences(within("model", "planner"), changeable) == {}


def test_one_thread_owns_all_state_so_nothing_is_locked():
    assert offences(within(*WITHOUT_LOCKS), lambda path: LOCK.findall(text_of(path))) == {}


def within(*folders):
    return [path for path in SOURCES if path.relative_to(ROOT).parts[1] in folders]


def test_modules_and_functions_stay_small():
    def too_long(path):
        yield from [path.name] if len(text_of(path).splitlines()) > MODULE_LINES else []
        yield from (function.name for function in functions(path) if length(function) > FUNCTION_LINES)

    assert offences([*SOURCES, *TESTS], too_long) == {}


def test_functions_take_few_parameters():
    def too_many(path):
        return [function.name for function in functions(path) if len(parameters(function)) > PARAMETERS]

    assert offences(SOURCES, too_many) == {}


def test_names_are_whole_words_and_modules_have_a_job():
    def shortened(path):
        yield from [path.name] if VAGUE.search(path.stem) else []
        yield from SHORTENED & {name for node in ast.walk(tree_of(path)) for name in names_in(node)}

    assert offences(SOURCES, shortened) == {}


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


def names_in(node):
    """What a node of a syntax tree gives a name to, or asks for by one."""
    return [getattr(node, word) for word in ("id", "arg", "name") if isinstance(getattr(node, word, None), str)]


def test_test_names_are_sentences_without_numbers():
    def labels(path):
        names = [function.name for function in sentences_of(path)]
        return [name for name in names if len(name.split("_")) < 5 or re.search(r"_?\d+$", name)]

    assert offences(TESTS, labels) == {}


def test_tests_patch_nothing_wait_for_nothing_and_have_no_ifs():
    def tricks(path):
        called = [node.func for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]
        yield from {"sleep", "patch", "setattr"} & {each.attr for each in called if isinstance(each, ast.Attribute)}
        yield from re.findall(r"\b(?:Magic|Async)?Mock\(", text_of(path))
        for test in sentences_of(path):
            yield from (test.name for node in ast.walk(test) if isinstance(node, ast.If))

    assert offences([path for path in TESTS if path.is_relative_to(ROOT / "tests")], tricks) == {}


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


def test_a_decision_is_a_page_with_what_led_to_it_and_what_follows():
    def lacking(path):
        yield from ["length"] if len(text_of(path).splitlines()) > DECISION_LINES else []
        yield from (word for word in ("Context", "Decision", "Consequences") if f"\n**{word}.**" not in text_of(path))

    assert offences(DECISIONS, lacking) == {}


def test_every_dependency_says_what_it_is_for():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    named = [(before, line) for before, line in pairwise(lines) if re.match(r' +"[A-Za-z-]+[><=]', line)]
    asked_for = [line for before, line in named if "#" not in line and not before.strip().startswith("#")]
    assert asked_for == []


def test_links_between_documents_lead_somewhere():
    def astray(path):
        links = re.findall(r"\]\((?!https?:)([^)#\s]+)", text_of(path))
        return [link for link in links if not (path.parent / link).exists()]

    assert offences([*DOCUMENTS, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], astray) == {}
