"""What is stored: tables, columns, constraints; no behaviour."""

from .answers import Answer
from .attachments import Attachment, ServedEnterprise
from .audits import AuditRecord
from .base import Base
from .comments import Comment
from .deciding import DecisionLetter, Objection, Ruling, TitleDecision
from .designations import Designation, Roster
from .entries import Entry, JournalHead
from .machines import ApiToken, MonthlyRecord, Webhook, WebhookDelivery
from .mails import Mail, MailCursor
from .messages import Announcement, AnnouncementReader
from .organisations import Firm, Organisation
from .people import Interest, Invitation, Person, SignIn
from .pools import Draw, Expert
from .reviews import CitySetting, Counter, Deputy, Look, Phrase, Return, Review, SavedView
from .rounds import ProgrammeVersion, Round, RoundProgramme
from .scores import Score, ScoreSet, ScoreSheet, SheetVersion
from .submissions import Opinion, Revision, Submission
from .working import Presence, SignOff

__all__ = [
    "Announcement",
    "AnnouncementReader",
    "Answer",
    "ApiToken",
    "Attachment",
    "AuditRecord",
    "Base",
    "CitySetting",
    "Comment",
    "Counter",
    "DecisionLetter",
    "Deputy",
    "Designation",
    "Draw",
    "Entry",
    "Expert",
    "Firm",
    "Interest",
    "Invitation",
    "JournalHead",
    "Look",
    "Mail",
    "MailCursor",
    "MonthlyRecord",
    "Objection",
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
    "Ruling",
    "SavedView",
    "Score",
    "ScoreSet",
    "ScoreSheet",
    "ServedEnterprise",
    "SheetVersion",
    "SignIn",
    "SignOff",
    "Submission",
    "TitleDecision",
    "Webhook",
    "WebhookDelivery",
]
