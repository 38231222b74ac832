"""What checks and controls have in common: one SELECT, its declared parameters, the event kinds that it needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import duckdb

from forensics.checks.check import Param
from forensics.checks.header import bare_sql
from forensics.checks.prepare import sql_error
from forensics.model.errors import ConfigError, Location, QueryError

_PARAMETER = re.compile(r"\$([a-z][a-z0-9_]*)")


class Query(Protocol):
    """A check or a control, as far as running it goes."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def needs(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def params(self) -> tuple[Param, ...]: ...  # noqa: D102
    @property
    def sql(self) -> str: ...  # noqa: D102
    @property
    def path(self) -> Path: ...  # noqa: D102


def kinds(con: duckdb.DuckDBPyConnection) -> set[str]:
    """The event kinds of which there is at least one event."""
    return {row[0] for row in con.execute("SELECT DISTINCT kind FROM events").fetchall()}


def absent(query: Query, present: set[str]) -> tuple[str, ...]:
    """The needs that no present kind meets."""
    return tuple(need for need in query.needs if not present & set(need.split("|")))


def names(query: Query) -> set[str]:
    """Under which names values for the query's parameters may be given: `name` for all queries, `id.name` for one."""
    return {name for param in query.params for name in (param.name, f"{query.id}.{param.name}")}


def value(query: Query, param: Param, params: Mapping[str, Any]) -> Any:
    """What the parameter is set to: for this query, for all, else its default."""
    return params.get(f"{query.id}.{param.name}", params.get(param.name, param.default))


def known_parameters(queries: Sequence[Query], params: Mapping[str, Any]) -> None:
    """Refuse what no query would read.

    Raises:
        ConfigError: a parameter that no query has.
    """
    for name in params:
        if not _declared(queries, name):
            raise ConfigError(
                f"no check has a parameter '{name}'", hint="forensics queries show ID lists a check's parameters"
            )


def fitting_parameters(queries: Sequence[Query], params: Mapping[str, Any]) -> None:
    """Refuse a text where a number belongs, and a number where a text does.

    Raises:
        ConfigError: such a value.
    """
    for name, given in params.items():
        for param in _declared(queries, name):
            if isinstance(param.default, str) != isinstance(given, str):
                wanted = "text" if isinstance(param.default, str) else "number"
                raise ConfigError(f"parameter '{name}' must be a {wanted}")


def _declared(queries: Iterable[Query], name: str) -> list[Param]:
    return [param for query in queries for param in query.params if name in (param.name, f"{query.id}.{param.name}")]


def meant_for(queries: Iterable[Query], params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that these queries have."""
    known = {name for query in queries for name in names(query)}
    return {name: given for name, given in params.items() if name in known}


def select(con: duckdb.DuckDBPyConnection, query: Query, params: Mapping[str, Any]) -> duckdb.DuckDBPyRelation:
    """The query's one SELECT with its parameters bound; it runs when rows are fetched.

    Raises:
        QueryError: it is no single SELECT, or names a parameter that its header does not declare.
        duckdb.Error: the SQL fails.
    """
    _only_select(con, query)
    used = set(_PARAMETER.findall(bare_sql(query.sql)))
    if unknown := used - {param.name for param in query.params}:
        raise QueryError(
            f"parameter ${min(unknown)} of '{query.id}' is not declared",
            location=Location(query.path),
            hint=f"add [params.{min(unknown)}] with a default to the header",
        )
    values = {param.name: value(query, param, params) for param in query.params if param.name in used}
    return con.sql(query.sql, params=values or None)


def _only_select(con: duckdb.DuckDBPyConnection, query: Query) -> None:
    """A query reads. Anything else in its file (COPY, INSTALL, a second statement) is refused before it runs."""
    try:
        statements = con.extract_statements(query.sql)
    except duckdb.Error as error:
        raise sql_error(error, f"'{query.id}'", query.path, query.sql) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise QueryError(f"'{query.id}' must be one SELECT", location=Location(query.path))
