"""What is stored: tables, columns, constraints; no behaviour."""

from .answers import Answer
from .attachments import Attachment, ServedEnterprise
from .audits import AuditRecord
from .base import Base
from .comments import Comment
from .designations import Designation, Roster
from .entries import Entry, JournalHead
from .mails import Mail, MailCursor
from .organisations import Firm, Organisation
from .people import Interest, Invitation, Person, SignIn
from .rounds import ProgrammeVersion, Round, RoundProgramme
from .scores import Score, ScoreSheet
from .submissions import Opinion, Revision, Submission
from .working import Presence, SignOff

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
    "Mail",
    "MailCursor",
    "Opinion",
    "Organisation",
    "Person",
    "Presence",
    "ProgrammeVersion",
    "Revision",
    "Roster",
    "Round",
    "RoundProgramme",
    "Score",
    "ScoreSheet",
    "ServedEnterprise",
    "SignIn",
    "SignOff",
    "Submission",
]
