"""The city reviewer's desk: reviews, looks, returns, phrases, views, deputies, deadlines

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-25 11:30:00

"""
from alembic import op
import sqlalchemy as sa

from hbreview.evaluation.names import initials


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def _columns():
    """Added one by one, never by making a table anew: that would lose the triggers of the first migration."""
    yield "comments", sa.Column("fields", sa.JSON(), nullable=False, server_default="[]")
    yield "comments", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True)
    yield "submissions", sa.Column("extended_to", sa.Date(), nullable=True)
    yield "submissions", sa.Column("open_fields", sa.JSON(), nullable=True)
    yield "revisions", sa.Column("warnings", sa.Integer(), nullable=True)
    yield "opinions", sa.Column("ticks", sa.JSON(), nullable=False, server_default="[]")
    yield "rounds", sa.Column("audit_deadline", sa.Date(), nullable=True)
    yield "rounds", sa.Column("score_deadline", sa.Date(), nullable=True)
    yield "organisations", sa.Column("initials", sa.String(200), nullable=False, server_default="")


# A constraint in ADD COLUMN itself: SQLite takes it there and nowhere else, and drops it with its column.
_REFERENCES = (
    ("attachments", "comment_id", "comments"),
    ("opinions", "checked_by", "people"),
)
_INDEXES = (
    ("ix_attachments_comment_id", "attachments", ["comment_id"]),
    ("ix_attachments_sha256", "attachments", ["sha256"]),
    ("ix_served_enterprises_credit_code", "served_enterprises", ["credit_code"]),
)


def upgrade():
    for table, column in _columns():
        op.add_column(table, column)
    for table, column, other in _REFERENCES:
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {column} INTEGER CONSTRAINT fk_{table}_{column} REFERENCES {other} (id)"
        )
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns)
    _reviewing()
    _standing_in()
    _fill_initials()


def _fill_initials():
    organisations = sa.table(
        "organisations", sa.column("id", sa.Integer), sa.column("name", sa.String), sa.column("initials", sa.String)
    )
    connection = op.get_bind()
    for row in connection.execute(sa.select(organisations.c.id, organisations.c.name)).all():
        connection.execute(
            sa.update(organisations).where(organisations.c.id == row.id).values(initials=initials(row.name))
        )


def _reviewing():
    op.create_table(
        "reviews",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("flag", sa.String(500), nullable=False),
        sa.Column("ticks", sa.JSON(), nullable=False),
        sa.Column("ticks_revision", sa.Integer(), nullable=False),
        sa.Column("checked_by", sa.Integer(), nullable=True),
        sa.Column("checked_revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_reviews_submission_id")),
        sa.ForeignKeyConstraint(["assignee_id"], ["people.id"], name=op.f("fk_reviews_assignee_id")),
        sa.ForeignKeyConstraint(["checked_by"], ["people.id"], name=op.f("fk_reviews_checked_by")),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_assignee_id"), "reviews", ["assignee_id"])
    op.create_table(
        "looks",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("former_revision", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_looks_submission_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_looks_person_id")),
        sa.PrimaryKeyConstraint("submission_id", "person_id", name=op.f("pk_looks")),
    )
    op.create_table(
        "returns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("comments", sa.JSON(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("deadline", sa.Date(), nullable=False),
        sa.Column("open_fields", sa.JSON(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name=op.f("fk_returns_round_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_returns_submission_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_returns_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returns")),
        sa.UniqueConstraint("round_id", "region", "number", name=op.f("uq_returns_round_id_region_number")),
    )
    op.create_index("ix_returns_submission", "returns", ["submission_id", "id"])
    op.create_table(
        "counters",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )


def _standing_in():
    op.create_table(
        "phrases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("region", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_phrases_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phrases")),
        sa.UniqueConstraint("public_id", name=op.f("uq_phrases_public_id")),
    )
    op.create_index("ix_phrases_region", "phrases", ["region", "kind"])
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("query", sa.String(500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_saved_views_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("public_id", name=op.f("uq_saved_views_public_id")),
        sa.UniqueConstraint("person_id", "name", name=op.f("uq_saved_views_person_id_name")),
    )
    op.create_table(
        "deputies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("deputy_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_deputies_person_id")),
        sa.ForeignKeyConstraint(["deputy_id"], ["people.id"], name=op.f("fk_deputies_deputy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deputies")),
        sa.UniqueConstraint("public_id", name=op.f("uq_deputies_public_id")),
    )
    op.create_index(op.f("ix_deputies_person_id"), "deputies", ["person_id"])
    op.create_index(op.f("ix_deputies_deputy_id"), "deputies", ["deputy_id"])
    op.create_table(
        "city_settings",
        sa.Column("region", sa.String(20), nullable=False),
        sa.Column("second_check", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("region", name=op.f("pk_city_settings")),
    )


def downgrade():
    for table in ("city_settings", "deputies", "saved_views", "phrases", "counters", "returns", "looks", "reviews"):
        op.drop_table(table)
    for name, table, _ in reversed(_INDEXES):
        op.drop_index(name, table_name=table)
    for table, column, _ in _REFERENCES:
        op.drop_column(table, column)
    for table, column in _columns():
        op.drop_column(table, column.name)
