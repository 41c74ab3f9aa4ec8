"""In how many ways an engine may try an expression on a text before it gives up.

Rule: it is counted as if every choice multiplied; what cannot match in two ways is no choice.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from hadyn.model.expression_tree import Finish, Group, Letters, Node, Some

LONGEST_TEXT = 1024
"""What is longer is not matched: the frontend refuses it."""
_END = "\x00"


def tries(nodes: tuple[Node, ...], follow: Letters) -> int:
    """Return in how many ways an engine may try these on a text before it gives up, at most."""
    found = 1
    for number, node in enumerate(nodes):
        behind = _first(nodes[number + 1 :], follow)
        match node:
            case Some(letters=letters) if letters & behind:
                found *= _times(node)
            case Group(branches=branches, is_optional=is_optional):
                found *= _of_branches(branches, behind) + (is_optional and bool(_first([node], frozenset()) & behind))
    return found


def _of_branches(branches: tuple[tuple[Node, ...], ...], behind: Letters) -> int:
    counts = [tries(branch, behind) for branch in branches]
    firsts = (_first(branch, behind) for branch in branches)
    are_apart = not any(one & other for one, other in combinations(firsts, 2))
    return max(counts) if are_apart else sum(counts)


def _times(part: Some) -> int:
    return (LONGEST_TEXT if part.high is None else part.high) - part.low + 1


def _first(nodes: Iterable[Node], follow: Letters) -> Letters:
    """Return what may come first, where ``follow`` may come behind."""
    found: Letters = frozenset()
    for node in nodes:
        match node:
            case Finish():
                return found | {_END}
            case Some(letters=letters, low=low):
                found |= letters
                if low:
                    return found
            case Group(branches=branches, is_optional=is_optional):
                firsts = [_first(branch, frozenset({""})) for branch in branches]
                found |= frozenset().union(*firsts) - {""}
                if not is_optional and not any("" in first for first in firsts):
                    return found
    return found | follow
