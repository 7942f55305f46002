"""The enterprise's desk: letters, colleagues, sign-offs, evidence, lists

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-25 08:05:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

# The journal's head follows its last entry by itself: one statement less for every act.
_HEAD = {
    "sqlite": [
        "CREATE TRIGGER journal_moves_head AFTER INSERT ON journal BEGIN "
        "UPDATE journal_head SET sequence = NEW.sequence, hash = NEW.hash WHERE id = 1; END"
    ],
    "postgresql": [
        "CREATE FUNCTION move_journal_head() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "UPDATE journal_head SET sequence = NEW.sequence, hash = NEW.hash WHERE id = 1; RETURN NULL; END $$",
        "CREATE TRIGGER journal_moves_head AFTER INSERT ON journal FOR EACH ROW EXECUTE FUNCTION move_journal_head()",
    ],
}
_NO_HEAD = {
    "sqlite": ["DROP TRIGGER journal_moves_head"],
    "postgresql": ["DROP TRIGGER journal_moves_head ON journal", "DROP FUNCTION move_journal_head()"],
}


def _columns():
    """Added one by one, never by making a table anew: that would lose the triggers of the first migration."""
    yield "people", sa.Column("email", sa.String(254), nullable=False, server_default="")
    yield "people", sa.Column("language", sa.String(2), nullable=False, server_default="zh")
    yield "people", sa.Column("read_to", sa.Integer(), nullable=False, server_default="0")
    yield "organisations", sa.Column("second_signature", sa.Boolean(), nullable=False, server_default=sa.false())
    yield "comments", sa.Column("mended_at", sa.DateTime(timezone=True), nullable=True)
    yield "attachments", sa.Column("counts", sa.JSON(), nullable=False, server_default="{}")
    yield "attachments", sa.Column("proves", sa.JSON(), nullable=False, server_default="{}")


# A constraint in ADD COLUMN itself: SQLite takes it there and nowhere else, and drops it with its column.
_SCAN = (
    "ALTER TABLE attachments ADD COLUMN scan VARCHAR(20) DEFAULT 'off' NOT NULL "
    "CONSTRAINT ck_attachments_scan CHECK (scan IN ('off', 'waiting', 'clean', 'infected'))"
)


def upgrade():
    for table, column in _columns():
        op.add_column(table, column)
    op.execute(_SCAN)
    op.create_index(op.f("ix_revisions_digest"), "revisions", ["digest"])
    op.create_index("ix_journal_act", "journal", ["act", "sequence"])
    op.create_table(
        "served_enterprises",
        sa.Column("attachment_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("credit_code", sa.String(18), nullable=False),
        sa.Column("small_micro", sa.Boolean(), nullable=True),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachments.id"], name=op.f("fk_served_enterprises_attachment_id")),
        sa.PrimaryKeyConstraint("attachment_id", "position", name=op.f("pk_served_enterprises")),
    )
    op.create_table(
        "presences",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("section", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_presences_submission_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_presences_person_id")),
        sa.PrimaryKeyConstraint("submission_id", "person_id", name=op.f("pk_presences")),
    )
    op.create_table(
        "sign_offs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("declined", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_sign_offs_submission_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_sign_offs_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_offs")),
    )
    op.create_index("ix_sign_offs_submission", "sign_offs", ["submission_id", "id"])
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("state", sa.Enum("waiting", "sent", "failed", name="state", native_enum=False,
                                   create_constraint=True, length=20), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_mails_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("key", name=op.f("uq_mails_key")),
    )
    op.create_index("ix_mails_due", "mails", ["state", "due_at"])
    op.create_table(
        "mail_cursor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_cursor")),
    )
    # Letters begin with what happens from now on.
    op.execute("INSERT INTO mail_cursor (id, sequence) SELECT 1, COALESCE(MAX(sequence), 0) FROM journal")
    op.execute("UPDATE people SET read_to = (SELECT COALESCE(MAX(sequence), 0) FROM journal)")
    for statement in _HEAD[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade():
    for statement in _NO_HEAD[op.get_bind().dialect.name]:
        op.execute(statement)
    for table in ("mail_cursor", "mails", "sign_offs", "presences", "served_enterprises"):
        op.drop_table(table)
    op.drop_index("ix_journal_act", table_name="journal")
    op.drop_index(op.f("ix_revisions_digest"), table_name="revisions")
    op.drop_column("attachments", "scan")
    for table, column in _columns():
        op.drop_column(table, column.name)
