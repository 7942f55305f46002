"""The audit, the experts and the designation: pools, draws, score sets, objections, letters, machines

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-29 05:40:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

# Draws and score sets are kept for good: the database itself refuses to change them, as it does for the journal.
_FIXED = ("draws", "score_sets")
_GUARDS = {
    "sqlite": [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in _FIXED
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in _FIXED
    ],
}


def _columns():
    """Added one by one, never by making a table anew: that would lose the triggers of the first migration."""
    yield "audit_records", sa.Column("explanations", sa.JSON(), nullable=False, server_default="{}")
    yield "designations", sa.Column("rectify_until", sa.Date(), nullable=True)
    yield "programme_versions", sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=True)
    yield "programme_versions", sa.Column("note", sa.String(500), nullable=False, server_default="")
    yield "rosters", sa.Column("year", sa.Integer(), nullable=True)
    yield "score_sheets", sa.Column("further", sa.Boolean(), nullable=False, server_default=sa.false())
    yield "scores", sa.Column("change_reason", sa.Text(), nullable=False, server_default="")


# A constraint in ADD COLUMN itself: SQLite takes it there and nowhere else, and drops it with its column.
_REFERENCES = (
    ("programme_versions", "uploaded_by", "people"),
    ("score_sheets", "draw_id", "draws"),
)


def upgrade():
    _pools()
    _deciding()
    _telling()
    for table, column in _columns():
        op.add_column(table, column)
    for table, column, other in _REFERENCES:
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {column} INTEGER CONSTRAINT fk_{table}_{column} REFERENCES {other} (id)"
        )
    for statement in _GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def _pools():
    op.create_table(
        "experts",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(20), nullable=False),
        sa.Column("employer", sa.String(200), nullable=False),
        sa.Column("region", sa.String(20), nullable=True),
        sa.Column("advised", sa.JSON(), nullable=False),
        sa.Column("reserve", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_experts_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_experts")),
    )
    op.create_table(
        "draws",
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(40), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_draws_person_id")),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name=op.f("fk_draws_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draws")),
        sa.UniqueConstraint("public_id", name=op.f("uq_draws_public_id")),
    )
    op.create_index(op.f("ix_draws_round_id"), "draws", ["round_id"])
    op.create_table(
        "sheet_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("handed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened_by", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.ForeignKeyConstraint(["reopened_by"], ["people.id"], name=op.f("fk_sheet_versions_reopened_by")),
        sa.ForeignKeyConstraint(["sheet_id"], ["score_sheets.id"], name=op.f("fk_sheet_versions_sheet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet_versions")),
        sa.UniqueConstraint("sheet_id", "number", name=op.f("uq_sheet_versions_sheet_id_number")),
    )
    op.create_table(
        "score_sets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("sheets", sa.JSON(), nullable=False),
        sa.Column("deduction", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("spread", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_score_sets_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_sets")),
        sa.UniqueConstraint("submission_id", "digest", name=op.f("uq_score_sets_submission_id_digest")),
    )


def _deciding():
    op.create_table(
        "rulings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Enum("excellent", "pass", "fail", "deferred", name="outcome", native_enum=False, create_constraint=True, length=20), nullable=True),
        sa.Column("commended", sa.Boolean(), nullable=True),
        sa.Column("supervised", sa.Boolean(), nullable=True),
        sa.Column("rectify_until", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_rulings_person_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_rulings_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rulings")),
    )
    op.create_index("ix_rulings_submission", "rulings", ["submission_id", "id"])
    op.create_table(
        "objections",
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("designation_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("contact", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("upheld", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["answered_by"], ["people.id"], name=op.f("fk_objections_answered_by")),
        sa.ForeignKeyConstraint(["designation_id"], ["designations.id"], name=op.f("fk_objections_designation_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["people.id"], name=op.f("fk_objections_recorded_by")),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name=op.f("fk_objections_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
        sa.UniqueConstraint("public_id", name=op.f("uq_objections_public_id")),
        sa.UniqueConstraint("round_id", "number", name=op.f("uq_objections_round_id_number")),
    )
    op.create_table(
        "decision_letters",
        sa.Column("designation_id", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Integer(), nullable=False),
        sa.Column("void_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.String(1000), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["designation_id"], ["designations.id"], name=op.f("fk_decision_letters_designation_id")),
        sa.ForeignKeyConstraint(["issued_by"], ["people.id"], name=op.f("fk_decision_letters_issued_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_letters")),
        sa.UniqueConstraint("code", name=op.f("uq_decision_letters_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_decision_letters_public_id")),
        sa.UniqueConstraint("series", "number", name=op.f("uq_decision_letters_series_number")),
    )
    op.create_index(op.f("ix_decision_letters_designation_id"), "decision_letters", ["designation_id"])
    op.create_table(
        "title_decisions",
        sa.Column("programme", sa.String(20), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["confirmed_by"], ["people.id"], name=op.f("fk_title_decisions_confirmed_by")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_title_decisions_organisation_id")),
        sa.ForeignKeyConstraint(["proposed_by"], ["people.id"], name=op.f("fk_title_decisions_proposed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_title_decisions")),
        sa.UniqueConstraint("public_id", name=op.f("uq_title_decisions_public_id")),
    )
    op.create_index("ix_title_decisions_title", "title_decisions", ["programme", "organisation_id"])


def _telling():
    op.create_table(
        "announcements",
        sa.Column("round_id", sa.Integer(), nullable=True),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_announcements_person_id")),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name=op.f("fk_announcements_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
        sa.UniqueConstraint("public_id", name=op.f("uq_announcements_public_id")),
    )
    op.create_index(op.f("ix_announcements_round_id"), "announcements", ["round_id"])
    op.create_table(
        "announcement_readers",
        sa.Column("announcement_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["announcement_id"], ["announcements.id"], name=op.f("fk_announcement_readers_announcement_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_announcement_readers_person_id")),
        sa.PrimaryKeyConstraint("announcement_id", "person_id", name=op.f("pk_announcement_readers")),
    )
    op.create_index(op.f("ix_announcement_readers_person_id"), "announcement_readers", ["person_id"])
    op.create_table(
        "api_tokens",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("token_digest", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_api_tokens_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_tokens_public_id")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_api_tokens_token_digest")),
    )
    op.create_table(
        "webhooks",
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_webhooks_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("public_id", name=op.f("uq_webhooks_public_id")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("state", sa.Enum("waiting", "sent", "failed", name="state", native_enum=False, create_constraint=True, length=20), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_deliveries_webhook_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("webhook_id", "sequence", name=op.f("uq_webhook_deliveries_webhook_id_sequence")),
    )
    op.create_index("ix_webhook_deliveries_due", "webhook_deliveries", ["state", "due_at"])
    op.create_table(
        "monthly_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.String(20), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_monthly_records_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monthly_records")),
        sa.UniqueConstraint("programme", "organisation_id", "year", "month", name=op.f("uq_monthly_records_programme_organisation_id_year_month")),
    )
    op.create_index(op.f("ix_monthly_records_organisation_id"), "monthly_records", ["organisation_id"])



def downgrade():
    for table, column, _ in _REFERENCES:
        op.drop_column(table, column)
    for table, column in _columns():
        op.drop_column(table, column.name)
    for table in (
        "monthly_records", "webhook_deliveries", "webhooks", "api_tokens", "announcement_readers", "announcements",
        "title_decisions", "decision_letters", "objections", "rulings", "score_sets", "sheet_versions", "draws", "experts",
    ):
        op.drop_table(table)
