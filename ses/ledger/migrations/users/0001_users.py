"""Users and their tokens. The table's name is the administrator's: the history carries it."""

import sqlalchemy as sa
from alembic import context, op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema, _, name = context.config.attributes["history"].name.rpartition(".")
    where = {"schema": schema or None}
    op.create_table(
        name,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("email", sa.String(320), nullable=False, unique=True),
        sa.Column("password", sa.String(255), nullable=False, comment="argon2"),
        sa.Column("privileged", sa.Boolean, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("expiration_date", sa.Date, nullable=False, comment="the last day that counts, UTC"),
        sa.Column("created_at", sa.DateTime, nullable=False),
        **where,
    )
    op.create_table(
        f"{name}_tokens",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column(
            "user_id",
            sa.Integer,
            sa.ForeignKey(f"{schema}.{name}.id" if schema else f"{name}.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("digest", sa.String(64), nullable=False, unique=True, comment="SHA-256"),
        sa.Column("shown", sa.String(8), nullable=False, comment="its end"),
        sa.Column("own", sa.Boolean, nullable=False, comment="the one the user was created with"),
        sa.Column("created_at", sa.DateTime, nullable=False),
        **where,
    )
