"""The small language of formulas and checks in a programme file: parsed once, never run as Python.

Three-valued: what is not known (an empty field, a divisor of 0) gives None, and a check that comes to
None is skipped. Only the nodes listed here exist, so a file cannot call or reach anything (I08).
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

Value = Decimal | str | bool | None
Lookup = Callable[[str], Decimal | str | None]


# The most characters, and the most parts: a deep tree would exhaust the stack when it is evaluated.
_LONGEST, _MOST_PARTS = 2000, 300


class ExpressionError(ValueError):
    """A text that is not of the language."""


_ARITHMETIC: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_ORDER: dict[type[ast.cmpop], Callable[[Decimal, Decimal], bool]] = {
    ast.LtE: operator.le,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.Gt: operator.gt,
}


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return None


def _check(node: ast.expr) -> Iterator[str]:
    """Yield the names of a tree; ExpressionError on a node that the language does not have."""
    if (name := _dotted(node)) is not None:
        yield name
    elif isinstance(node, ast.Constant) and (
        isinstance(node.value, str) or (isinstance(node.value, int) and not isinstance(node.value, bool))
    ):
        return
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        yield from _check(node.left)
        yield from _check(node.right)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        if type(node.ops[0]) not in _ORDER and not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            raise ExpressionError(f"unknown comparison in {ast.unparse(node)!r}")
        yield from _check(node.left)
        yield from _check(node.comparators[0])
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _check(value)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield from _check(node.operand)
    elif _is_filled(node):
        yield _dotted(node.args[0]) or ""  # type: ignore[attr-defined]  # _is_filled has seen the call
    else:
        raise ExpressionError(f"not of the language: {ast.unparse(node)!r}")


def _is_filled(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "filled"
        and len(node.args) == 1
        and not node.keywords
        and _dotted(node.args[0]) is not None
    )


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed formula or rule."""

    text: str
    tree: ast.expr
    names: frozenset[str]

    def value(self, lookup: Lookup, tolerance: Decimal = Decimal(0)) -> Value:
        """What it comes to; a comparison of figures forgives a difference up to the tolerance, inclusive."""
        return _evaluate(self.tree, lookup, tolerance)

    def holds(self, lookup: Lookup, tolerance: Decimal) -> bool | None:
        """Whether a rule holds; None when something it needs is not known."""
        result = self.value(lookup, tolerance)
        return result if isinstance(result, bool) else None


@lru_cache(maxsize=1024)
def compile_expression(text: str) -> Expression:
    """Parse a text of the language; ExpressionError with what is wrong."""
    if len(text) > _LONGEST:
        raise ExpressionError("is too long")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        if sum(1 for _ in ast.walk(tree)) > _MOST_PARTS:
            raise ExpressionError("is too long")
        names = frozenset(_check(tree))
    except ExpressionError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # ValueError: a NUL byte
        raise ExpressionError(f"cannot be read: {text!r}") from error
    return Expression(text, tree, names)


def _evaluate(node: ast.expr, lookup: Lookup, tolerance: Decimal) -> Value:
    if (name := _dotted(node)) is not None:
        return lookup(name)
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else Decimal(str(node.value))
    if isinstance(node, ast.Call):
        return lookup(_dotted(node.args[0]) or "") not in {None, ""}
    if isinstance(node, ast.BinOp):
        return _arithmetic(node, lookup, tolerance)
    if isinstance(node, ast.UnaryOp):
        return _unary(node, lookup, tolerance)
    return _truth(node, lookup, tolerance)


def _unary(node: ast.UnaryOp, lookup: Lookup, tolerance: Decimal) -> Value:
    operand = _evaluate(node.operand, lookup, tolerance)
    if isinstance(node.op, ast.Not):
        return None if operand is None else not operand
    return -operand if isinstance(operand, Decimal) else None


def _truth(node: ast.expr, lookup: Lookup, tolerance: Decimal) -> bool | None:
    if isinstance(node, ast.BoolOp):
        return _kleene(node, lookup, tolerance)
    if isinstance(node, ast.Compare):
        left = _evaluate(node.left, lookup, tolerance)
        right = _evaluate(node.comparators[0], lookup, tolerance)
        return _compare(node.ops[0], left, right, tolerance=tolerance)
    raise ExpressionError(ast.unparse(node))


def _arithmetic(node: ast.BinOp, lookup: Lookup, tolerance: Decimal) -> Decimal | None:
    left, right = _evaluate(node.left, lookup, tolerance), _evaluate(node.right, lookup, tolerance)
    if not isinstance(left, Decimal) or not isinstance(right, Decimal):
        return None
    if isinstance(node.op, ast.Div) and right == 0:
        return None
    return _ARITHMETIC[type(node.op)](left, right)


def _kleene(node: ast.BoolOp, lookup: Lookup, tolerance: Decimal) -> bool | None:
    values = [_evaluate(value, lookup, tolerance) for value in node.values]
    deciding = isinstance(node.op, ast.Or)
    if any(value is deciding for value in values):
        return deciding
    return None if None in values else not deciding


def _compare(op: ast.cmpop, left: Value, right: Value, *, tolerance: Decimal) -> bool | None:
    if left is None or right is None:
        return None
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        if isinstance(op, ast.Eq | ast.NotEq):
            return (abs(left - right) <= tolerance) is isinstance(op, ast.Eq)
        if type(op) in {ast.LtE, ast.GtE}:
            return _ORDER[type(op)](left, right) or abs(left - right) <= tolerance
        return _ORDER[type(op)](left, right)
    if isinstance(op, ast.Eq | ast.NotEq):
        return (left == right) is isinstance(op, ast.Eq)
    return None
