"""What a form holds at one moment, in a fixed text, and the digest over it: for revisions and for sign-offs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..model import Attachment


def frozen_attachments(session: Session, submission_id: int) -> list[dict[str, Any]]:
    """The live attachments as a revision keeps them; what a file proves only where somebody said so."""
    query = select(
        Attachment.public_id, Attachment.field, Attachment.name, Attachment.sha256, Attachment.size, Attachment.proves
    ).where(Attachment.submission_id == submission_id, Attachment.removed_at.is_(None), Attachment.comment_id.is_(None))
    rows = (dict(row._mapping) for row in session.execute(query.order_by(Attachment.id)))
    return [{key: value for key, value in row.items() if key != "proves" or value} for row in rows]


def revision_digest(answers: Mapping[str, str], attachments: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 over answers and attachments in a fixed text."""
    text = json.dumps([answers, attachments], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
