"""What is stored: tables, columns, constraints; no behaviour."""

from .answers import Answer
from .attachments import Attachment
from .audits import AuditRecord
from .base import Base
from .comments import Comment
from .designations import Designation, Roster
from .entries import Entry, JournalHead
from .organisations import Firm, Organisation
from .people import Interest, Invitation, Person, SignIn
from .rounds import ProgrammeVersion, Round, RoundProgramme
from .scores import Score, ScoreSheet
from .submissions import Opinion, Revision, Submission

__all__ = [
    "Answer",
    "Attachment",
    "AuditRecord",
    "Base",
    "Comment",
    "Designation",
    "Entry",
    "Firm",
    "Interest",
    "Invitation",
    "JournalHead",
    "Opinion",
    "Organisation",
    "Person",
    "ProgrammeVersion",
    "Revision",
    "Roster",
    "Round",
    "RoundProgramme",
    "Score",
    "ScoreSheet",
    "SignIn",
    "Submission",
]
