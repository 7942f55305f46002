"""A form's page as a browser holds it: the first page, with the parts of each answer put in by their ids."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lxml import html

SWAP = "hx-swap-oob"


def _text(node: Any) -> str:
    """What is read, but for inputs, looked at by themselves, and what only an answer says: "saved", "theirs, yours"."""
    texts = node.xpath(".//text()[not(ancestor::*[@class='saved' or @class='answered'] or ancestor::textarea)]")
    return " ".join("".join(texts).split())


def _value(node: Any) -> str:
    if node.tag == "select":
        chosen = node.xpath(".//option[@selected]")
        return str(chosen[0].get("value")) if chosen else ""
    return (node.text or "").removeprefix("\n") if node.tag == "textarea" else str(node.get("value", ""))


@dataclass(frozen=True)
class Seen:
    """What somebody reads and sends: everything of a page that an answer has to keep true."""

    inputs: dict[str, str]
    outputs: dict[str, str]
    hints: dict[str, list[str]]
    zones: dict[str, str]
    progress: dict[str, str]
    missing: dict[str, str]
    tally: str
    findings: list[str]
    version: str

    def differences(self, other: Seen) -> list[str]:
        """Where this page says something else than the other."""
        found = []
        for name in ("inputs", "outputs", "hints", "zones", "progress", "missing"):
            mine, theirs = getattr(self, name), getattr(other, name)
            found += [
                f"{name} {key}: {mine.get(key)!r} != {theirs.get(key)!r}"
                for key in sorted(mine.keys() | theirs.keys())
                if mine.get(key) != theirs.get(key)
            ]
        for name in ("tally", "findings", "version"):
            if getattr(self, name) != getattr(other, name):
                found.append(f"{name}: {getattr(self, name)!r} != {getattr(other, name)!r}")
        return found


@dataclass
class Page:
    """One person's page. An id that occurs twice is a fault of the page and is raised."""

    tree: Any
    lost: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, text: str) -> Page:
        """The page as it was opened."""
        return cls(html.document_fromstring(text))

    @property
    def version(self) -> str:
        """The version that the next save will be made on."""
        return str(self._by_id("answers-version").get("value"))

    def _all_by_id(self, wanted: str) -> list[Any]:
        return list(self.tree.xpath("//*[@id=$wanted]", wanted=wanted))

    def _by_id(self, wanted: str) -> Any:
        found = self._all_by_id(wanted)
        assert len(found) == 1, f"{len(found)} elements with the id {wanted}"
        return found[0]

    def apply(self, answer: str) -> None:
        """Put every part of the answer where htmx puts it."""
        for part in html.fragment_fromstring(answer, create_parent="div"):
            how, wanted = part.get(SWAP), part.get("id")
            assert how, f"a part that htmx throws away: {html.tostring(part)[:200]!r}"
            del part.attrib[SWAP]
            if how.startswith("beforeend:#"):
                self._by_id(how.partition("#")[2]).extend(list(part))
            elif how == "delete":
                for place in self._all_by_id(wanted):
                    place.drop_tree()
            else:
                self._replace(wanted, part)

    def _replace(self, wanted: str, part: Any) -> None:
        places = self._all_by_id(wanted)
        if not places:
            self.lost.append(wanted)
        for place in places:
            part.tail = place.tail
            place.getparent().replace(place, part)

    def seen(self) -> Seen:
        """What stands on the page now."""
        fields = {node.get("id"): node for node in self.tree.xpath("//*[starts-with(@id, 'field-')]")}
        inputs = self.tree.xpath("//form[@id='answers']//*[@name and starts-with(@id, 'in-')]")
        names = [node.get("name") for node in inputs]
        assert len(names) == len(set(names)), f"twice: {sorted({name for name in names if names.count(name) > 1})}"
        missing = self.tree.xpath("//*[@id='missing-list']/li")
        items = [node.get("id") for node in missing]
        assert len(items) == len(set(items)), items
        zones = self.tree.xpath("//*[starts-with(@id, 'found-')]")
        return Seen(
            inputs={node.get("name"): _value(node) for node in inputs},
            outputs={node.get("id"): _text(node) for node in self.tree.xpath("//output")},
            hints={key: [_text(one) for one in node.xpath("./span[contains(@class, 'hint')]")]
                   for key, node in fields.items()},
            zones={node.get("id"): _text(node) for node in zones},
            progress={node.get("id"): _text(node) for node in self.tree.xpath("//*[starts-with(@id, 'progress-')]")},
            missing={node.get("id"): _text(node) for node in missing},
            tally=_text(self._by_id("tally")),
            findings=[
                *(_text(node) for node in self.tree.xpath("//*[@id='findings']//summary")),
                *sorted(_text(node) for node in self.tree.xpath("//*[@id='findings']//li")),
            ],
            version=self.version,
        )  # fmt: skip
