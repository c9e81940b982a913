"""A node that computes with numbers."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Annotated, Any, NamedTuple

from graph.declare import Text, Tip, node

LONGEST = 4096  # bits of a whole number: 9**9**9 would not come back
NAMES: Mapping[str, float] = {"pi": math.pi, "e": math.e}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs, "min": min, "max": max, "round": round, "floor": math.floor, "ceil": math.ceil, "int": int,
    "float": float, "sqrt": math.sqrt, "sin": math.sin, "cos": math.cos, "tan": math.tan, "exp": math.exp,
    "log": math.log,
}  # fmt: skip
OPERATORS: Mapping[type, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.USub: operator.neg, ast.UAdd: operator.pos,
    ast.Not: operator.not_, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
Variable = Annotated[float, Tip("A number that the expression can name.")]


class Computed(NamedTuple):
    """The result as each kind of value."""

    number: float
    integer: int
    boolean: bool


@node("MathExpression", category="values", title="Math Expression")
def compute(
    expression: Annotated[
        str, Text(), Tip("Such as a * 2 + b, max(a, b), a // 8 * 8, or 1 if a > b else 0.")
    ] = "a + b",
    a: Variable = 0.0,
    b: Variable = 0.0,
    c: Variable = 0.0,
    d: Variable = 0.0,
) -> Computed:
    """Compute with up to four numbers. The whole number is the nearest one; yes is everything but 0."""
    try:
        result = _value(ast.parse(expression.strip(), mode="eval").body, {"a": a, "b": b, "c": c, "d": d})
        return Computed(float(result), int(result) if isinstance(result, int) else round(result), bool(result))
    except SyntaxError as error:
        raise ValueError(f"{expression!r} is no expression: {error.msg}.") from error
    except (ArithmeticError, ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{expression!r} cannot be computed: {error}.") from error


def _value(part: ast.expr, variables: Mapping[str, float]) -> Any:
    """The value of an expression of numbers. Nothing else of Python is understood."""

    def value(inner: ast.expr) -> Any:
        return _value(inner, variables)

    match part:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name) if name in variables or name in NAMES:
            return variables[name] if name in variables else NAMES[name]
        case ast.BinOp(left, ast.Pow(), right):
            return _power(value(left), value(right))
        case ast.BinOp(left, sign, right) if type(sign) in OPERATORS:
            return _checked(OPERATORS[type(sign)](value(left), value(right)))
        case ast.UnaryOp(sign, inner) if type(sign) in OPERATORS:
            return OPERATORS[type(sign)](value(inner))
        case ast.BoolOp(sign, parts):
            return (all if isinstance(sign, ast.And) else any)(value(each) for each in parts)
        case ast.Compare(left, signs, others) if all(type(sign) in OPERATORS for sign in signs):
            values = [value(each) for each in (left, *others)]
            return all(OPERATORS[type(sign)](*pair) for sign, pair in zip(signs, pairwise(values), strict=True))
        case ast.IfExp(test, yes, no):
            return value(yes) if value(test) else value(no)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(value(each) for each in arguments))
    raise ValueError(
        f"{ast.unparse(part)!r} is not understood; it takes a, b, c, d, numbers and {', '.join(FUNCTIONS)}"
    )


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * abs(exponent) > LONGEST:
        raise ValueError("the result is too large")
    result = base**exponent
    if isinstance(result, complex):
        raise ValueError("a root of a negative number is no number")
    return result


def _checked(result: Any) -> Any:
    if isinstance(result, int) and result.bit_length() > LONGEST:
        raise ValueError("the result is too large")
    return result
