"""The journal of requests and the settings the gateway ran with."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "settings",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("started_at", sa.DateTime, nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
    )
    op.create_table(
        "journal",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("user", sa.String(64), nullable=False, comment="address"),
        sa.Column("username", sa.String(320)),
        sa.Column("type", sa.String(255), nullable=False),
        sa.Column("request", sa.Text),
        sa.Column("request_dt", sa.DateTime, nullable=False, index=True),
        sa.Column("response", sa.Text),
        sa.Column("response_dt", sa.DateTime, nullable=False),
        sa.Column("status_code", sa.Integer, nullable=False),
        sa.Column("config_id", NUMBER, sa.ForeignKey("settings.id"), nullable=False),
    )
