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
from .reviews import CitySetting, Counter, Deputy, Look, Phrase, Return, Review, SavedView
from .rounds import ProgrammeVersion, Round, RoundProgramme
from .scores import Score, ScoreSheet
from .submissions import Opinion, Revision, Submission
from .working import Presence, SignOff

__all__ = [
    "Answer",
    "Attachment",
    "AuditRecord",
    "Base",
    "CitySetting",
    "Comment",
    "Counter",
    "Deputy",
    "Designation",
    "Entry",
    "Firm",
    "Interest",
    "Invitation",
    "JournalHead",
    "Look",
    "Mail",
    "MailCursor",
    "Opinion",
    "Organisation",
    "Person",
    "Phrase",
    "Presence",
    "ProgrammeVersion",
    "Return",
    "Review",
    "Revision",
    "Roster",
    "Round",
    "RoundProgramme",
    "SavedView",
    "Score",
    "ScoreSheet",
    "ServedEnterprise",
    "SignIn",
    "SignOff",
    "Submission",
]
