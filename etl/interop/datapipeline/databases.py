"""Databases of a definition: the client that talks to each, and the statements that Data Pipeline sent."""

from __future__ import annotations

import re
import shlex
from typing import Any
from urllib.parse import urlsplit

from attrs import frozen

from etl.errors import ConfigError
from etl.interop.datapipeline.definition import Thing
from etl.interop.datapipeline.expressions import Scope, plain, template

PORTS = {"postgresql": "5432", "redshift": "5439", "mysql": "3306", "mariadb": "3306"}
OTHERS = "JDBC_CLIENT"
# Cuts jdbc:kind://host:port/name?options; braces of a template are doubled, ${{…}} is the shell's.
APART = (
    "URL={url}; HOST=${{URL#*://}}; NAME=${{HOST#*/}}; NAME=${{NAME%%\\?*}}; HOST=${{HOST%%/*}}; PORT={port}\n"
    'case "$HOST" in *:*) PORT=${{HOST#*:}}; HOST=${{HOST%%:*}};; esac\n'
)
TABS_TO_CSV = (
    " | python3 -c 'import csv, sys\n"
    'w = csv.writer(sys.stdout, lineterminator="\\n")\n'
    'for line in sys.stdin: w.writerow(line.rstrip("\\n").split("\\t"))\''
)


@frozen(kw_only=True)
class Database:
    """A database and how a shell asks it.

    Args:
        kind: ``postgresql``, ``redshift``, ``mysql`` or another.
        host: templates, all of them.
        port: empty where it is not said.
        name: of the database.
        user: who asks.
        password: the shell's variable of it; empty where there is none.
        url: the whole address.
        is_whole: host, port and name are taken from the address when it is known, at run time.
    """

    kind: str
    host: str = ""
    port: str = ""
    name: str = ""
    user: str = ""
    password: str = ""
    url: str = ""
    is_whole: bool = False

    def client(self, statement: str, *, rows: bool = False) -> str:
        """Return the shell's lines that send a statement, which is quoted already; with ``rows`` they write CSV."""
        port = self.port or PORTS.get(self.kind, "")
        ahead, host, name = "", _word(self.host), _word(self.name)
        if self.is_whole:
            ahead, host, port = APART.format(url=shlex.quote(self.url), port=port), '"$HOST"', '"$PORT"'
            name = _word(self.name) if self.name else '"$NAME"'
        user = _word(self.user)
        if self.kind in ("postgresql", "redshift"):
            form = " --csv -t" if rows else " -1"
            asked = f"psql -X -v ON_ERROR_STOP=1{form} -h {host} -p {port} -U {user} -d {name} -c {statement}"
            return f"{ahead}PGPASSWORD={self._secret} {asked}"
        if self.kind in ("mysql", "mariadb"):
            asked = f"mysql --batch -N -h {host} -P {port} -u {user} -D {name} -e {statement}"
            return f"{ahead}MYSQL_PWD={self._secret} {asked}{TABS_TO_CSV if rows else ''}"
        form = "--csv " if rows else ""
        return f'"${{{OTHERS}}}" {form}--url {_word(self.url)} --user {user} --statement {statement}'

    @property
    def _secret(self) -> str:
        return f'"{self.password}"' if self.password else "''"


def _word(text: str) -> str:
    return f'"{text}"' if "$" in text else shlex.quote(text)


def of(thing: Thing, scope: Scope) -> Database:
    """Return the database that an activity or a data node names, or that stands in the node itself.

    Raises:
        ConfigError: it names none.
    """
    named = thing.refs("database")
    owner = scope.definition.objects[named[0]] if named else thing
    inner = scope.inner(owner)
    url = template(owner.text("connectionString") or "", inner)
    if not url and owner.type not in ("RdsDatabase", "RedshiftDatabase"):
        raise ConfigError(
            f"object {thing.id!r} names no database, and has no connectionString", place=scope.definition.place(thing)
        )
    said: dict[str, Any] = {
        "user": template(owner.text("username") or "", inner),
        "password": template("#{*password}", inner) if owner.text("*password") else "",
        "name": template(owner.text("databaseName") or "", inner),
        "url": url,
    }
    kind = "redshift" if owner.type == "RedshiftDatabase" else ""
    if not url:
        host = template(owner.text("clusterId") or owner.text("rdsInstanceId") or "", inner)
        scope.notes.append(f"{owner.id}: its host is to be written in: {host} is an instance's or a cluster's id")
        return Database(kind=kind or _guessed(owner, scope), host=host, **said)
    found = re.match(r"(?:jdbc:)?([a-z]+)\d*:", url)
    kind = kind or (found[1] if found else _guessed(owner, scope))
    if kind not in PORTS:
        scope.notes.append(f"{owner.id}: for {kind} set {OTHERS} to a program that takes --url, --user and --statement")
        return Database(kind=kind, **said)
    if "{param." in url:
        scope.notes.append(f"{owner.id}: host, port and database are taken from the address when it is given")
        return Database(kind=kind, is_whole=True, **said)
    address = urlsplit(url.removeprefix("jdbc:"))
    if not found or "{param." in url.split("//")[0]:
        scope.notes.append(
            f"{owner.id}: the address is a parameter; host, port and database are taken from it as a whole"
        )
        return Database(kind=kind or _guessed(owner, scope), host=url, **said)
    try:
        port = str(address.port or "")
    except ValueError:
        port = ""
    host = address.netloc.rpartition("@")[2].partition(":")[0] or url
    said["name"] = said["name"] or address.path.lstrip("/")
    return Database(kind=kind, host=host, port=port, **said)


def _guessed(owner: Thing, scope: Scope) -> str:
    driver = plain(owner.text("jdbcDriverClass") or "", scope.inner(owner)) or ""
    kinds = [kind for kind in PORTS if kind in driver.lower()]
    return kinds[0] if kinds else "mysql" if owner.type == "MySqlDataNode" else "postgresql"


def columns(node: Thing, scope: Scope) -> tuple[list[str], str]:
    """Return the columns of a data node's format as ``name TYPE``, and what stands between values."""
    named = node.refs("dataFormat")
    if not named:
        return [], ","
    form = scope.definition.objects[named[0]]
    inner = scope.inner(form)
    between = {"TSV": "\t"}.get(form.type, ",")
    if form.text("columnSeparator"):
        between = template(form.text("columnSeparator") or "", inner)
    return [template(text, inner) for text in form.texts("column")], between


def table(node: Thing, scope: Scope) -> str:
    """Return the table of a data node, with its schema."""
    inner = scope.inner(node)
    name = template(node.text("tableName") or node.text("table") or "", inner)
    schema = template(node.text("schemaName") or "", inner)
    return f"{schema}.{name}" if schema else name


def created(node: Thing, scope: Scope) -> str:
    """Return the statement that makes a data node's table if it is not there; empty where none is given."""
    text = node.text("createTableSql")
    return f"{template(text, scope.inner(node)).rstrip(';')};\n" if text else ""


def query(node: Thing, scope: Scope) -> str:
    """Return the shell line that writes a node's rows as CSV into the first output folder."""
    text = node.text("selectQuery")
    statement = template(text, scope.inner(node)) if text else f"SELECT * FROM {table(node, scope)}"
    line = of(node, scope).client(shlex.quote(statement), rows=True)
    return f'set -o pipefail\n{line} > "$OUTPUT1_STAGING_DIR"/{re.sub(r"[^A-Za-z0-9_]", "_", node.id)}.csv'


def load(node: Thing, scope: Scope, between: str) -> str:
    """Return the shell lines that load the first input folder's files into a node's table."""
    database, name = of(node, scope), table(node, scope)
    made = database.client(shlex.quote(created(node, scope))) if created(node, scope) else ""
    if node.text("insertQuery"):
        scope.notes.append(f"{node.id}: insertQuery is replaced by the client's own load of whole files")
    if database.kind in ("mysql", "mariadb"):
        rows = f"LOAD DATA LOCAL INFILE '$file' INTO TABLE {name} FIELDS TERMINATED BY '{between}'"
    else:
        rows = f"\\copy {name} FROM '$file' WITH (FORMAT csv, DELIMITER '{between}')"
    line = database.client(f'"{rows}"')
    return "\n".join(filter(None, ["set -e", made, f'for file in "$INPUT1_STAGING_DIR"/*; do\n  {line}\ndone']))
