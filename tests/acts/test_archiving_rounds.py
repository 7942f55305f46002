"""A whole round out as an archive and in again: nothing differs, and what was tampered with is not taken."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hbreview.acts import archiving_rounds
from hbreview.acts.inspecting import inspect
from hbreview.documents.bundle import bundle
from hbreview.documents.round_archive import ArchiveDamagedError, read_archive, table_member
from hbreview.extensions import db
from hbreview.model import Answer, Base, Comment, Round
from hbreview.transact import Receipt, carry_out
from hbreview.workflow.errors import InvalidError
from hbreview.workflow.journal import Origin
from tests.worlds import World, make_template, open_world

pytestmark = pytest.mark.on_both

HOSTILE = "=1+1\n'‘\\N\\\t\x0b\U00020bb7,\"；"
NOBODY = Origin(None, "test")
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def _archive(world: World) -> bytes:
    with world.app.app_context():
        session = db.session()
        archiving_rounds.take_snapshot(session)
        round_ = session.scalars(select(Round)).one()
        members = archiving_rounds.archive_members(session, round_, world.app.config["STORAGE"])
        with bundle(members, facts=archiving_rounds.archive_facts(session, round_)) as packed:
            return packed.read()


def _members(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def _restore(world: World, archive: bytes) -> None:
    with world.app.app_context():
        read = read_archive(io.BytesIO(archive))
        archiving_rounds.restore_round(read, storage=world.app.config["STORAGE"], origin=NOBODY)


@pytest.fixture
def other(tmp_path: Path, database: str, request: pytest.FixtureRequest) -> Any:
    """Another, empty database of the same kind."""
    folder = tmp_path / "other"
    folder.mkdir()
    url = f"sqlite:///{folder / 'hbreview.sqlite3'}"
    if database == "postgresql":
        url = request.getfixturevalue("postgres_server").new_database()
    make_template(url, folder, profile="empty")
    with open_world(url, folder) as opened:
        yield opened


def _write_hostile(world: World) -> None:
    def work(session: Any) -> Receipt:
        session.scalars(select(Answer).where(Answer.key == "contact_person").limit(1)).one().value = ""
        comment = session.scalars(select(Comment).limit(1)).one()
        comment.body = HOSTILE
        return Receipt("")

    with world.app.app_context():
        carry_out(work)


def test_every_table_of_the_schema_is_archived_or_left_out_with_a_reason(world: World) -> None:
    with world.app.app_context():
        round_ = db.session.scalars(select(Round)).one()
        kept = set(archiving_rounds._conditions(round_)) | set(archiving_rounds.NAMED)
    left = set(archiving_rounds.LEFT_ALONE)
    assert kept | left == set(Base.metadata.tables)
    assert kept & left == set()


def test_a_round_read_in_again_is_the_same_and_passes_every_check(world: World, other: World) -> None:
    _write_hostile(world)
    first = _archive(world)
    _restore(other, first)
    before, after = _members(first), _members(_archive(other))
    differing = [name for name in before if before[name] != after.get(name) and name != "manifest.json"]
    assert differing == ["tables/journal_chain.csv"], "the reading-in itself is one entry more"
    assert set(before) == set(after)
    with other.app.app_context():
        report = inspect(db.session(), other.app.config["STORAGE"], kept={})
        assert report.faults == []
        assert report.counted["submissions"] == 139
        assert db.session.scalars(select(Comment.body).where(Comment.body == HOSTILE)).one() == HOSTILE


def test_what_is_written_after_reading_in_gets_new_numbers(world: World, other: World) -> None:
    _restore(other, _archive(world))
    submission = world.submission("submitted")

    def work(session: Any) -> Receipt:
        person = session.scalars(select(Comment.person_id)).first()
        session.add(
            Comment(submission_id=submission.id, indicator=1, person_id=person, body="新", revision_number=1,
                    created_at=submission.moved_at)
        )  # fmt: skip
        return Receipt("")

    with other.app.app_context():
        carry_out(work)


@only_sqlite
def test_it_is_read_into_an_empty_database_only(world: World) -> None:
    with pytest.raises(InvalidError):
        _restore(world, _archive(world))
    assert world.faults() == []


def _swap(archive: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    members = _members(archive)
    change(members)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return out.getvalue()


def _raise_a_total(members: dict[str, bytes]) -> None:
    members["tables/submissions.csv"] = members["tables/submissions.csv"].replace(b"scored", b"audited", 1)


def _with_manifest(members: dict[str, bytes]) -> None:
    manifest = json.loads(members["manifest.json"])
    manifest["format"] = 99
    members["manifest.json"] = json.dumps(manifest).encode()


@only_sqlite
@pytest.mark.parametrize(
    "change",
    [
        _raise_a_total,
        _with_manifest,
        lambda members: members.pop("tables/answers.csv"),
        lambda members: members.update({"tables/more.csv": b"x"}),
        lambda members: members.pop("manifest.json"),
        lambda members: members.update({"manifest.json": b"[]"}),
    ],
)
def test_what_was_tampered_with_is_not_taken(world: World, change: Callable[[dict[str, bytes]], None]) -> None:
    with pytest.raises(ArchiveDamagedError):
        read_archive(io.BytesIO(_swap(_archive(world), change)))


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all"])
def test_what_is_no_archive_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(ArchiveDamagedError):
        read_archive(io.BytesIO(content))


@only_sqlite
def test_an_entry_that_is_merely_called_left_out_is_found(world: World, other: World) -> None:
    """Whoever empties an entry and keeps its hash is found out, unless a round was read in after it."""
    from hbreview.model import Entry, JournalHead
    from hbreview.workflow import journal

    with world.app.app_context():
        chain = list(journal.entries(db.session()))
        head = db.session.get(JournalHead, 1)
        third = chain[2]
        empty = Entry(sequence=third.sequence, act=journal.LEFT_OUT, previous=third.previous, hash=third.hash, data={})
        faults = journal.verify([*chain[:2], empty, *chain[3:]], head=head, kept={})
        assert any("no round was read in" in fault for fault in faults)


def test_cells_come_back_as_they_were() -> None:
    texts = [HOSTILE, "", None, "\\N", "\\", "'", "'=x", "＝1", "-5", "a\r\nb", " lead", "'\\N"]
    member = table_member("t", ["a", "b"], [[text, "1"] for text in texts])
    archive = bundle([member], facts={"format": 1})
    assert [row["a"] for row in read_archive(archive).tables["t"]] == texts


@only_sqlite
def test_the_province_takes_it_home_and_nobody_else(world: World) -> None:
    with world.app.app_context():
        address = f"/rounds/{db.session.scalars(select(Round)).one().public_id}/archive.zip"
    answer = world.browser("province").client.get(address)
    assert answer.status_code == 200
    tables = read_archive(io.BytesIO(answer.data)).tables
    assert len(tables["submissions"]) == 139
    assert {row["password_hash"] for row in tables["people"]} == {None}
    assert not {row["act"] for row in tables["journal"]} & {"sign_in", "denied", "invite"}
    for login in ("admin", "expert", "city-tangshan"):
        assert world.browser(login).get(address).status_code == 403
