"""The journal: tampering shows, and the database refuses to change what was written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hbreview.extensions import db
from hbreview.model import Entry, JournalHead
from hbreview.workflow import journal
from tests.worlds import World, open_world

pytestmark = pytest.mark.on_both

Chain = list[Entry]


def copy_of(entry: Entry) -> Entry:
    """The same entry, outside of any session."""
    return Entry(**{column.key: getattr(entry, column.key) for column in Entry.__table__.columns})


def chain_of(world: World) -> Chain:
    """A copy of the world's journal."""
    with world.app.app_context():
        return [copy_of(entry) for entry in journal.entries(db.session())]


def head_of(chain: Chain) -> JournalHead:
    """The head that fits the chain's last entry."""
    return JournalHead(id=1, sequence=chain[-1].sequence, hash=chain[-1].hash)


def link_anew(chain: Chain) -> Chain:
    """What somebody who knows the rule would do: number and hash everything again."""
    previous = journal.GENESIS
    for number, entry in enumerate(chain, start=1):
        entry.sequence, entry.previous = number, previous
        previous = entry.hash = journal.digest(entry)
    return chain


@pytest.fixture(scope="module")
def written(templates: Callable[[str, str], tuple[str, Path]]) -> Chain:
    """The journal of the rehearsed matrix; read once, as no test writes to it."""
    with open_world(*templates("sqlite", "matrix")) as world:
        return chain_of(world)


@pytest.fixture
def chain(written: Chain) -> Chain:
    """A copy of the journal to tamper with."""
    return [copy_of(entry) for entry in written]


def test_verify_of_an_untouched_journal_finds_nothing(world: World) -> None:
    """T02: the control, on both databases, against the real head and a kept one."""
    chain = chain_of(world)
    with world.app.app_context():
        head = db.session().get(JournalHead, 1)
        kept = {chain[10].sequence: chain[10].hash, chain[-1].sequence: chain[-1].hash}

        assert journal.verify(chain, head=head, kept=kept) == []


def _change(chain: Chain) -> None:
    entry = chain[20]
    entry.act = entry.act[:-1] + ("x" if entry.act[-1] != "x" else "y")


def _delete(chain: Chain) -> None:
    del chain[20]


def _delete_first(chain: Chain) -> None:
    del chain[0]


def _swap(chain: Chain) -> None:
    chain[20], chain[21] = chain[21], chain[20]


def _swap_numbers(chain: Chain) -> None:
    _swap(chain)
    chain[20].sequence, chain[21].sequence = chain[21].sequence, chain[20].sequence


def _insert(chain: Chain) -> None:
    forged = copy_of(chain[20])
    forged.act, forged.previous = "approve", chain[20].hash
    forged.sequence += 1
    forged.hash = journal.digest(forged)
    chain.insert(21, forged)


def _rehash_one(chain: Chain) -> None:
    _change(chain)
    chain[20].hash = journal.digest(chain[20])


@pytest.mark.parametrize("tamper", [_change, _delete, _delete_first, _swap, _swap_numbers, _insert, _rehash_one])
def test_verify_of_a_tampered_journal_finds_it(chain: Chain, tamper: Callable[[Chain], None]) -> None:
    """T02: without any kept head, the tail's own head being right."""
    head = head_of(chain)

    tamper(chain)

    assert journal.verify(chain, head=head, kept={}) != []


@pytest.mark.parametrize("column", [c.key for c in Entry.__table__.columns])
def test_verify_after_a_change_of_any_column_finds_it(chain: Chain, column: str) -> None:
    """T02: every column is under the hash."""
    other, entry = chain[30], chain[20]
    value = getattr(entry, column)
    changed: object = getattr(other, column)
    if changed == value:
        changed = {"forged": True} if isinstance(value, dict) else 987 if isinstance(value, int) else f"{value}x"
        if value is None:
            changed = 987 if column.endswith("_id") or column.startswith("version") else "x"
    setattr(entry, column, changed)

    assert journal.verify(chain, head=head_of(chain), kept={}) != []


@pytest.mark.parametrize("cut", [1, 2, 50])
def test_verify_after_the_tail_was_cut_off_finds_it_by_the_head(chain: Chain, cut: int) -> None:
    """T02: by the head row; and when that was set back too, by the head that was kept elsewhere."""
    head, kept = head_of(chain), {chain[-1].sequence: chain[-1].hash}
    del chain[-cut:]

    assert journal.verify(chain, head=head, kept={}) == ["the journal's head is not its last entry"]
    assert journal.verify(chain, head=head_of(chain), kept={}) == []
    assert journal.verify(chain, head=head_of(chain), kept=kept) == [
        f"journal entry {head.sequence} was kept, and is gone"
    ]


def test_verify_of_a_chain_written_anew_finds_it_by_the_kept_head(chain: Chain) -> None:
    """T02: a whole forgery is consistent in itself; only the kept head tells."""
    kept = {chain[-1].sequence: chain[-1].hash}
    chain[20].actor = "somebody else"
    link_anew(chain)

    assert journal.verify(chain, head=head_of(chain), kept={}) == []
    assert journal.verify(chain, head=head_of(chain), kept=kept) == [
        f"journal entry {chain[-1].sequence} is not the one that was kept"
    ]


def test_verify_of_an_emptied_journal_finds_it(chain: Chain) -> None:
    """T02."""
    kept = {chain[-1].sequence: chain[-1].hash}

    assert journal.verify([], head=head_of(chain), kept={}) != []
    assert journal.verify([], head=None, kept=kept) != []
    assert journal.verify([], head=JournalHead(id=1, sequence=0, hash=journal.GENESIS), kept=kept) != []


FORBIDDEN = (
    "UPDATE journal SET actor = 'somebody else' WHERE sequence = 3",
    "UPDATE journal SET hash = hash",
    "DELETE FROM journal WHERE sequence = 3",
    "DELETE FROM journal",
    "UPDATE revisions SET digest = 'x'",
    "UPDATE revisions SET answers = '{}' WHERE number = 1",
    "DELETE FROM revisions WHERE number = 1",
    "DELETE FROM revisions",
)


def test_change_of_what_is_append_only_is_refused_by_the_database(world: World) -> None:
    """T03: with the application's own account, past all of its code."""
    before = world.dump()

    for statement in FORBIDDEN:
        with (
            world.app.app_context(),
            pytest.raises(DBAPIError, match="append-only"),
            db.engine.begin() as connection,
        ):
            connection.execute(text(statement))

    assert world.dump() == before
