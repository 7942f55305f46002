"""Reading a TOML table strictly: every value has its type, every property is known, a fault its key path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ..words import Label


class ProgrammeError(ValueError):
    """A programme file that cannot be used; the message names the file and the key. ``args``: every fault found."""

    def __str__(self) -> str:
        return str(self.args[0])


class Table:
    """A TOML table with the path to it. ``finish`` refuses the properties that nobody asked for."""

    def __init__(self, values: Mapping[str, Any], path: str) -> None:
        self._values = values
        self.path = path
        self._asked: set[str] = set()

    def fail(self, key: str, fault: str) -> ProgrammeError:
        """The error for a property of this table."""
        return ProgrammeError(f"{self.path}.{key}: {fault}" if key else f"{self.path}: {fault}")

    def _take(self, key: str, kind: type, default: Any) -> Any:
        self._asked.add(key)
        if key not in self._values:
            if default is _MISSING:
                raise self.fail(key, "is missing")
            return default
        value = self._values[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.fail(key, f"must be {_KINDS[kind]}, not {value!r}")
        return value

    def text(self, key: str, default: Any = None) -> str:
        """A string; required unless a default is given."""
        return str(self._take(key, str, _MISSING if default is None else default))

    def whole(self, key: str, default: int | None = None) -> int:
        """A whole number."""
        return int(self._take(key, int, _MISSING if default is None else default))

    def flag(self, key: str) -> bool:
        """A truth value; false when not given."""
        return bool(self._take(key, bool, False))

    def decimal(self, key: str, default: str | None = None) -> Decimal:
        """An exact decimal, written as a string or a whole number, never as a TOML float."""
        self._asked.add(key)
        given = self._values.get(key, default)
        if given is None:
            raise self.fail(key, "is missing")
        if isinstance(given, bool) or not isinstance(given, str | int):
            raise self.fail(key, f"must be a decimal written as a string, not {given!r}")
        try:
            number = Decimal(str(given))
        except InvalidOperation as error:
            raise self.fail(key, f"is not a number: {given!r}") from error
        if (
            not number.is_finite()
            or abs(number.adjusted()) > _MOST_DIGITS
            or len(number.as_tuple().digits) > _MOST_DIGITS
        ):
            raise self.fail(key, f"is not a number: {given!r}")
        return number

    def optional_decimal(self, key: str) -> Decimal | None:
        """A decimal, or None when it is not given."""
        return self.decimal(key) if key in self._values else None

    def label(self, key: str, *, year: int = 0, may_be_empty: bool = False) -> Label:
        """A text in both languages; ``{year}`` stands for the round's data year.

        ``may_be_empty`` allows both to be empty, as the notice leaves one cell; never one of them.
        """
        table = self._take(key, dict, _MISSING)
        blank = may_be_empty and table.get("zh") == table.get("en") == ""
        for language in ("zh", "en"):
            text = table.get(language)
            if not isinstance(text, str) or not (text.strip() or blank):
                raise self.fail(f"{key}.{language}", "is missing")
        if extra := sorted(set(table) - {"zh", "en"}):
            raise self.fail(f"{key}.{extra[0]}", "is not known")
        return Label(table["zh"].replace("{year}", str(year)), table["en"].replace("{year}", str(year)))

    def optional_label(self, key: str, *, year: int = 0) -> Label | None:
        """A text in both languages, or None."""
        self._asked.add(key)
        return self.label(key, year=year) if key in self._values else None

    def list_of(self, key: str, kind: type) -> list[Any]:
        """A list whose members are all of one kind; empty when not given."""
        values = self._take(key, list, [])
        for value in values:
            if not isinstance(value, kind) or isinstance(value, bool):
                raise self.fail(key, f"must hold {_KINDS[kind]} only, not {value!r}")
        return list(values)

    def table(self, key: str) -> Table:
        """A table below this one."""
        return Table(self._take(key, dict, _MISSING), f"{self.path}.{key}")

    def has(self, key: str) -> bool:
        """Whether a property is given."""
        return key in self._values

    def tables(self, key: str) -> Iterator[Table]:
        """The tables of an array, each with its place and, where it has one, its key."""
        for number, values in enumerate(self.list_of(key, dict)):
            name = values.get("key", values.get("id", values.get("order", "")))
            yield Table(values, f"{self.path}.{key}[{number}]" + (f" ({name})" if name != "" else ""))

    def finish(self) -> None:
        """ProgrammeError for a property that nobody asked for: a misspelt one would be lost silently."""
        if unknown := sorted(set(self._values) - self._asked):
            raise self.fail(unknown[0], "is not known")


_MISSING = object()
# More than any figure has: 1e999999999 is short to write, and would fill the memory when it is printed.
_MOST_DIGITS = 30
_KINDS: dict[type, str] = {
    str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table",
}  # fmt: skip
