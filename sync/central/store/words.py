"""The words of SQLAlchemy Core that central's rooms may speak, so that the library stays behind one door."""

from __future__ import annotations

from sqlalchemy import BigInteger as BigInteger
from sqlalchemy import Boolean as Boolean
from sqlalchemy import CheckConstraint as CheckConstraint
from sqlalchemy import Column as Column
from sqlalchemy import ColumnElement as ColumnElement
from sqlalchemy import Connection as Connection
from sqlalchemy import ForeignKeyConstraint as ForeignKeyConstraint
from sqlalchemy import Index as Index
from sqlalchemy import Integer as Integer
from sqlalchemy import LargeBinary as LargeBinary
from sqlalchemy import MetaData as MetaData
from sqlalchemy import Row as Row
from sqlalchemy import Select as Select
from sqlalchemy import String as String
from sqlalchemy import Table as Table
from sqlalchemy import Text as Text
from sqlalchemy import UniqueConstraint as UniqueConstraint
from sqlalchemy import and_ as and_
from sqlalchemy import bindparam as bindparam
from sqlalchemy import case as case
from sqlalchemy import delete as delete
from sqlalchemy import exists as exists
from sqlalchemy import func as func
from sqlalchemy import insert as insert
from sqlalchemy import literal as literal
from sqlalchemy import or_ as or_
from sqlalchemy import select as select
from sqlalchemy import text as text
from sqlalchemy import tuple_ as tuple_
from sqlalchemy import update as update
from sqlalchemy.exc import DBAPIError as DBAPIError
from sqlalchemy.exc import IntegrityError as IntegrityError

metadata = MetaData()
"""Every table of central; each noun's file adds its own."""
