"""Guards: what the database itself refuses, whoever asks; written per kind of database."""

from __future__ import annotations

from sqlalchemy import DDL, Table, event


def guard(table: Table, dialect: str, *statements: str) -> None:
    """Run these statements right after ``table`` is made in a database of this kind."""
    for statement in statements:
        # A percent sign is a place to fill in to SQLAlchemy; ours are meant as they stand.
        plain = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]  # SQLAlchemy left it so
        event.listen(table, "after_create", plain.execute_if(dialect=dialect))
