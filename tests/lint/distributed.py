#!/usr/bin/python3
"""Nothing that the product says to its database is refused by distributed PostgreSQL (Citus 13): every step of schema/, every row of
sql.def, and every SQL text in the C code is parsed with PostgreSQL's own parser, and looked through for each refusal of the table below.

usage: distributed.py      Exit code: 0 all is well, 1 not, 77 skipped: python3-pglast is not installed.

Each refusal has statements that it must find and ones it must let pass: they are tried first, so that no check is one that cannot fail.
"""
import glob
import os
import re
import sys

try:
    import pglast
    from pglast import ast, enums
except ImportError:
    print("skipped: python3-pglast is not installed")
    sys.exit(77)

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
VERBS = "SELECT INSERT UPDATE DELETE WITH CREATE ALTER DROP LOCK COPY SET GRANT TRUNCATE BEGIN MERGE COMMIT ROLLBACK".split()
# what stands in a text for what the program puts there
FORMATS = [(r"^CREATE ROLE %s %s %s", "CREATE ROLE x LOGIN BYPASSRLS"), (r"%\.10s", "2026-01-01"), (r"%\.?\d*s", "x"),
           (r"%ll?d", "1"), (r"%zu", "1")]

# Texts that are only pieces, and the statements that the program makes of them.
PIECES = {
    "collector/archive/part.c": [
        "COPY (SELECT tenant_id, event_id, raw FROM event WHERE tenant_id = 1 AND ts >= '2026-01-01' AND ts < '2026-01-02'"
        " AND kind IN (1, 2) ORDER BY event_id, ts) TO STDOUT (FORMAT binary)",
        "COPY (SELECT tenant_id, origin_id, raw FROM origin WHERE tenant_id = 1 AND origin_id IN (SELECT origin_id FROM event"
        " WHERE tenant_id = 1 AND ts >= '2026-01-01' AND ts < '2026-01-02' AND kind IN (1, 2)) ORDER BY origin_id)"
        " TO STDOUT (FORMAT binary)",
    ],
}

# Statements that look into every tenant's rows, on all nodes: none of them is on the way of a batch or of a question.
FAN_OUT = {
    "TENANTS": "upkeep asks whose rows there are",
    "RETENTION_TENANTS": "the same",
    "RETENTION_HAS": "upkeep drops a day that nobody has rows of",
    "RETENTION_SPARED": "upkeep leaves days alone that anybody restored",
    "ARCHIVE_DAYS": "days of the default partition, few rows",
    "ARCHIVE_OTHERS": "a day is dropped only when nobody else has rows of it",
    "CERTIFICATES_PRUNE": "upkeep, small",
    "REVOKED_SERIALS": "a handshake comes before its tenant is known",
    "AGENTS_BEHIND": "a change of roots concerns all",
}


def strings(text):
    """String literals of C, neighbours joined, with the line they begin at."""
    macros = dict(re.findall(r'^#define (\w+)\s+"([^"\n]*)"', text, re.M))
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"((?:\\.|[^"\\\n])*)"|\'(?:\\.|[^\'\\])+\'|\w+|[^\s\w"\']|\s+', re.S)
    joined, begun = None, 0
    for match in token.finditer(text):
        if match.group(1) is not None:
            if joined is None:
                joined, begun = "", text.count("\n", 0, match.start()) + 1
            joined += match.group(1).replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
        elif joined is not None and (match.group(0) in macros or match.group(0).startswith("PRI")):
            joined += macros.get(match.group(0), "lld")
        elif not match.group(0).isspace() and not match.group(0).startswith(("/*", "//")) and joined is not None:
            yield begun, joined
            joined = None


def product():
    """(where, name, text) of everything that goes to the database."""
    for path in sorted(glob.glob(ROOT + "/schema/*.sql")):
        with open(path, encoding="utf-8") as file:
            for statement in pglast.split(file.read()):
                yield os.path.basename(path), "", statement
    with open(ROOT + "/collector/store/sql.def", encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    for match in re.finditer(r'^SQL\((\w+), "[^"]*",((?:\s*"(?:\\.|[^"\\])*")+)\)', text, re.M):
        yield "sql.def", match.group(1), "".join(part for _, part in strings(match.group(2) + ";"))
    for path in sorted(glob.glob(ROOT + "/collector/**/*.c", recursive=True) + glob.glob(ROOT + "/lib/store/*.c") +
                       glob.glob(ROOT + "/cli/*.c")):
        with open(path, encoding="utf-8") as file:
            for statement in PIECES.get(os.path.relpath(path, ROOT), ()):
                yield os.path.relpath(path, ROOT), "", statement
            for line, literal in () if os.path.relpath(path, ROOT) in PIECES else strings(file.read()):
                if re.match(r"(%s) [\w(*%%'\"]" % "|".join(VERBS), literal):
                    for pattern, word in FORMATS:
                        literal = re.sub(pattern, word, literal)
                    yield "%s:%d" % (os.path.relpath(path, ROOT), line), "", literal


def nodes(node, stop=()):
    """The node and all below it; not into queries of their own where stop says so."""
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from nodes(item, stop)
        return
    if not isinstance(node, ast.Node):
        return
    yield node
    for name in node:
        child = getattr(node, name)
        if not (stop and isinstance(child, stop)):
            yield from nodes(child, stop)


VOLATILE = {"now", "clock_timestamp", "statement_timestamp", "random", "current_setting", "to_char", "to_timestamp", "date_trunc"}
QUERIES = (ast.SelectStmt, ast.UpdateStmt, ast.DeleteStmt, ast.InsertStmt)


class Catalogue:
    """Tables as the schema makes them; distributed are those with a tenant."""

    def __init__(self):
        self.tables = {"schema_step": {"step", "checksum", "applied_at"}}

    def learn(self, statement):
        if isinstance(statement, ast.CreateStmt) and statement.tableElts:
            self.tables[statement.relation.relname] = {element.colname for element in statement.tableElts
                                                       if isinstance(element, ast.ColumnDef)}
        elif isinstance(statement, ast.CreateStmt) and statement.inhRelations:
            self.tables[statement.relation.relname] = self.tables[statement.inhRelations[0].relname]

    def is_distributed(self, name):
        return "tenant_id" in self.tables.get(name, ())


def words(names):
    return [name.sval for name in names or () if isinstance(name, ast.String)]


def is_tenant(node):
    return isinstance(node, ast.ColumnRef) and words(node.fields)[-1:] == ["tenant_id"]


def conjuncts(node):
    if isinstance(node, ast.BoolExpr) and node.boolop == enums.BoolExprType.AND_EXPR:
        for argument in node.args:
            yield from conjuncts(argument)
    elif node is not None:
        yield node


class Level:
    """One query without those within it: which distributed tables it names, and which of them the tenant ties together."""

    def __init__(self, query, catalogue, outer, ctes):
        self.query, self.outer = query, outer
        self.ctes = set(ctes)
        clause = getattr(query, "withClause", None)
        self.named = list(clause.ctes) if clause else []
        self.ctes |= {cte.ctename for cte in self.named}
        ranges = list(nodes([getattr(query, name, None) or () for name in ("fromClause", "usingClause")], QUERIES))
        ranges += [query.relation] if isinstance(query, (ast.UpdateStmt, ast.DeleteStmt)) else []
        tables = [node for node in ranges if isinstance(node, ast.RangeVar) and node.relname not in self.ctes]
        self.relations = {node.alias.aliasname if node.alias else node.relname: node.relname for node in tables}
        # a query within FROM that gives the tenant stands for the tables in it
        self.givers = {node.alias.aliasname: node.subquery for node in ranges if isinstance(node, ast.RangeSubselect) and node.alias
                       and any(is_tenant(target.val) for target in node.subquery.targetList or ())}
        self.distributed = set(self.givers) | {alias for alias, name in self.relations.items() if catalogue.is_distributed(name)}
        quals = list(conjuncts(getattr(query, "whereClause", None)))
        for node in ranges:
            if isinstance(node, ast.JoinExpr):
                quals += conjuncts(node.quals)
        self.tied = {alias: alias for alias in self.distributed}
        for qual in quals:
            self.tie(qual)

    def side(self, node):
        if isinstance(node, (ast.ParamRef, ast.A_Const)):
            return ["$"]
        if not is_tenant(node):
            return []
        fields = words(node.fields)
        if len(fields) == 1:
            return list(self.distributed)
        if fields[0] in self.distributed:
            return [fields[0]]
        return ["$"] if self.outer and fields[0] in self.outer.filtered() else []

    def tie(self, qual):
        if not isinstance(qual, ast.A_Expr) or words(qual.name) != ["="] or not (is_tenant(qual.lexpr) or is_tenant(qual.rexpr)):
            return
        for left in self.side(qual.lexpr):
            for right in self.side(qual.rexpr):
                old, new = self.root(left), self.root(right)
                if old == "$":
                    old, new = new, old
                self.tied[old] = new

    def root(self, name):
        while self.tied.get(name, name) != name:
            name = self.tied[name]
        return name

    def filtered(self):
        known = {alias for alias in self.distributed if self.root(alias) == "$"}
        return known | (self.outer.filtered() if self.outer else set())

    def groups(self):
        return {self.root(alias) for alias in self.distributed}


def levels(query, catalogue, outer=None, ctes=()):
    level = Level(query, catalogue, outer, ctes)
    yield level
    inner = [cte.ctequery for cte in level.named]
    todo = [getattr(query, name) for name in query if name != "withClause"]
    while todo:
        node = todo.pop()
        if isinstance(node, QUERIES):
            inner.append(node)
        elif isinstance(node, (list, tuple)):
            todo += node
        elif isinstance(node, ast.Node):
            todo += [getattr(node, name) for name in node]
    for node in inner:
        yield from levels(node, catalogue, level, level.ctes)


def queries(statement, catalogue):
    if isinstance(statement, QUERIES):
        yield from levels(statement, catalogue)
    elif isinstance(statement, ast.CopyStmt) and statement.query is not None:
        yield from levels(statement.query, catalogue)


# The checks: each gets a statement and the catalogue, and yields what is wrong.

def key_without_tenant(statement, catalogue):
    for node in nodes(statement):
        keys = None
        if isinstance(node, ast.Constraint) and node.contype in (enums.ConstrType.CONSTR_PRIMARY, enums.ConstrType.CONSTR_UNIQUE):
            keys = words(node.keys)
        elif isinstance(node, ast.IndexStmt) and node.unique:
            keys = [element.name for element in node.indexParams]
        relation = getattr(statement, "relation", None)
        if keys is not None and relation is not None and catalogue.is_distributed(relation.relname) and "tenant_id" not in keys:
            yield "unique by (%s), without tenant_id" % ", ".join(keys)


def foreign_key(statement, _):
    for node in nodes(statement):
        if isinstance(node, ast.Constraint) and node.contype == enums.ConstrType.CONSTR_FOREIGN:
            yield "a foreign key"


def tenant_changed(statement, _):
    for node in nodes(statement):
        if isinstance(node, (ast.UpdateStmt, ast.OnConflictClause)):
            if any(target.name == "tenant_id" for target in node.targetList or ()):
                yield "a row's tenant is changed"


def recursion(statement, catalogue):
    for level in queries(statement, catalogue):
        clause = getattr(level.query, "withClause", None)
        if clause and clause.recursive and any(inner.groups() - {"$"} for cte in clause.ctes
                                               for inner in levels(cte.ctequery, catalogue, level, level.ctes)):
            yield "a recursive query that is not of one tenant"


def grouping_sets(statement, _):
    if any(isinstance(node, ast.GroupingSet) for node in nodes(statement)):
        yield "GROUPING SETS, CUBE or ROLLUP"


def row_locks(statement, catalogue):
    for level in queries(statement, catalogue):
        for clause in getattr(level.query, "lockingClause", None) or ():
            if clause.waitPolicy != enums.LockWaitPolicy.LockWaitBlock:
                yield "SKIP LOCKED or NOWAIT"
            if level.groups() - {"$"}:
                yield "rows of several tenants are locked"


def triggers(statement, _):
    if isinstance(statement, (ast.CreateTrigStmt, ast.CreateEventTrigStmt, ast.RuleStmt)):
        yield "a trigger or a rule"


def merge(statement, _):
    if isinstance(statement, ast.MergeStmt):
        yield "MERGE"


def joins(statement, catalogue):
    for level in queries(statement, catalogue):
        if len(level.groups()) > 1:
            yield "%s are joined, but not by tenant_id" % ", ".join(sorted(level.distributed))
        if level.outer and level.outer.distributed and level.groups() - {"$"}:
            if any(query is level.query for query in level.outer.givers.values()):
                continue
            yield "%s within another query, but not of one tenant" % ", ".join(sorted(level.distributed))


def all_tables(statement):
    return {node.relname for node in nodes(statement) if isinstance(node, ast.RangeVar)}


def catalogue_joins(statement, catalogue):
    tables = all_tables(statement)
    is_union = isinstance(statement, ast.SelectStmt) and statement.op == enums.SetOperation.SETOP_UNION
    if not is_union and any(name.startswith("pg_") for name in tables) and any(map(catalogue.is_distributed, tables)):
        yield "tables of the system beside distributed ones"


def staged_subqueries(statement, catalogue):
    """Temporary tables are the coordinator's: they may be joined to a distributed table, but not hold a question about one."""
    for level in queries(statement, catalogue):
        if level.outer and level.distributed and any(name.startswith("restored_") for name in level.outer.relations.values()):
            yield "a question about a distributed table for each row of a temporary one"


def empty_lists(statement, catalogue):
    for level in queries(statement, catalogue):
        if isinstance(level.query, ast.SelectStmt) and level.outer and not level.query.targetList and not level.query.valuesLists \
                and not level.query.op and level.groups() - {"$"}:
            yield "EXISTS (SELECT FROM ...) over all tenants"


def changing_conflicts(statement, _):
    """What decides over a row that is there has to be the same on every node: nothing that knows the time or the time zone."""
    for clause in nodes(statement):
        if isinstance(clause, ast.OnConflictClause):
            for node in nodes(clause):
                if isinstance(node, ast.SQLValueFunction) or (isinstance(node, ast.FuncCall) and words(node.funcname)[-1] in VOLATILE):
                    yield "the time of now in ON CONFLICT"
                if isinstance(node, ast.ParamRef):
                    yield "a parameter in ON CONFLICT: a node gets it without its type"
                if isinstance(node, ast.TypeCast) and words(node.typeName.names)[-1:] == ["interval"]:
                    yield "an interval in ON CONFLICT: adding it depends on the time zone"


def insert_without_tenant(statement, catalogue):
    for node in nodes(statement):
        if isinstance(node, ast.InsertStmt) and catalogue.is_distributed(node.relation.relname):
            if node.cols and "tenant_id" not in [target.name for target in node.cols]:
                yield "a row without its tenant"


T = "CREATE TABLE t (tenant_id bigint, a int, b int, PRIMARY KEY (tenant_id, a)); CREATE TABLE u (tenant_id bigint, a int); "
# refusal, how the server says it, the check, statements that it finds, statements that it lets pass
REFUSALS = [
    ("unique keys without the distribution column", key_without_tenant,
     ["CREATE TABLE v (tenant_id bigint, a int, PRIMARY KEY (a))", "CREATE UNIQUE INDEX i ON t (a)",
      "ALTER TABLE t ADD UNIQUE (a, b)"],
     ["CREATE TABLE v (tenant_id bigint, a int, PRIMARY KEY (tenant_id, a))", "CREATE INDEX i ON t (a)"]),
    ("foreign keys between tables that lie apart", foreign_key,
     ["CREATE TABLE v (tenant_id bigint, a int REFERENCES t (a))", "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (a)"],
     ["CREATE TABLE v (tenant_id bigint, a int CHECK (a > 0))"]),
    ("a new value for the distribution column", tenant_changed,
     ["UPDATE t SET tenant_id = 2 WHERE tenant_id = 1",
      "INSERT INTO t (tenant_id, a) VALUES ($1, $2) ON CONFLICT (tenant_id, a) DO UPDATE SET tenant_id = excluded.tenant_id"],
     ["UPDATE t SET a = 2 WHERE tenant_id = $1"]),
    ("recursive queries over several tenants", recursion,
     ["WITH RECURSIVE w AS (SELECT a FROM t UNION SELECT t.a FROM t JOIN w ON t.b = w.a) SELECT * FROM w"],
     ["WITH RECURSIVE w AS (SELECT a FROM t WHERE tenant_id = $1) SELECT * FROM w", "WITH w AS (SELECT a FROM t) SELECT * FROM w"]),
    ("GROUPING SETS", grouping_sets,
     ["SELECT a, count(*) FROM t WHERE tenant_id = $1 GROUP BY GROUPING SETS ((a), ())", "SELECT a FROM t GROUP BY ROLLUP (a)"],
     ["SELECT a, count(*) FROM t WHERE tenant_id = $1 GROUP BY a"]),
    ("row locks across tenants, SKIP LOCKED", row_locks,
     ["SELECT a FROM t FOR UPDATE", "SELECT a FROM t WHERE tenant_id = $1 FOR UPDATE SKIP LOCKED"],
     ["SELECT a FROM t WHERE tenant_id = $1 FOR UPDATE"]),
    ("triggers", triggers,
     ["CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()", "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING"],
     ["CREATE INDEX i ON t (a)"]),
    ("MERGE", merge,
     ["MERGE INTO t USING u ON t.tenant_id = u.tenant_id AND t.a = u.a WHEN MATCHED THEN UPDATE SET b = 1"],
     ["UPDATE t SET b = 1 FROM u WHERE t.tenant_id = $1 AND u.tenant_id = $1 AND t.a = u.a"]),
    ("joins and subqueries that are not by the distribution column", joins,
     ["SELECT t.a FROM t JOIN u ON t.a = u.a", "SELECT t.a FROM t, u WHERE t.a = u.a AND t.tenant_id = $1",
      "SELECT a FROM t WHERE tenant_id = $1 AND EXISTS (SELECT 1 FROM u WHERE u.a = t.a)",
      "DELETE FROM t USING u WHERE t.tenant_id = $1 AND u.a = t.a",
      "UPDATE t SET b = 1 FROM u WHERE u.a = t.a",
      "UPDATE t SET b = x.n FROM (SELECT tenant_id, a, count(*) AS n FROM u GROUP BY tenant_id, a) x WHERE x.a = t.a"],
     ["SELECT t.a FROM t JOIN u ON t.tenant_id = u.tenant_id AND t.a = u.a",
      "SELECT a FROM t WHERE tenant_id = $1 AND EXISTS (SELECT 1 FROM u WHERE u.tenant_id = t.tenant_id AND u.a = t.a)",
      "SELECT a FROM t WHERE tenant_id = $1 AND a IN (SELECT a FROM u WHERE tenant_id = $1)",
      "UPDATE t SET b = x.n FROM (SELECT tenant_id, a, count(*) AS n FROM u GROUP BY tenant_id, a) x"
      " WHERE x.tenant_id = t.tenant_id AND x.a = t.a",
      "WITH w AS (SELECT a FROM u WHERE tenant_id = $1) SELECT t.a FROM t JOIN w ON w.a = t.a WHERE t.tenant_id = $1"]),
    ("tables of the system beside distributed ones", catalogue_joins,
     ["SELECT relname FROM pg_class WHERE NOT EXISTS (SELECT 1 FROM t WHERE a::text = relname)"],
     ["SELECT relname FROM pg_class UNION SELECT a::text FROM t WHERE tenant_id = $1", "SELECT relname FROM pg_class"]),
    ("subqueries over a distributed table for rows of a temporary one", staged_subqueries,
     ["SELECT 1 FROM restored_event r WHERE NOT EXISTS (SELECT 1 FROM t WHERE t.tenant_id = $1 AND t.a = r.a)"],
     ["SELECT 1 FROM restored_event r JOIN t ON t.tenant_id = $1 AND t.a = r.a"]),
    ("EXISTS with an empty list over all tenants", empty_lists,
     ["SELECT EXISTS (SELECT FROM t WHERE a = 1)"],
     ["SELECT count(*) > 0 FROM (SELECT 1 FROM t WHERE a = 1 LIMIT 1) x", "SELECT EXISTS (SELECT FROM t WHERE tenant_id = $1)"]),
    ("parameters, and functions that are not immutable, in ON CONFLICT", changing_conflicts,
     ["INSERT INTO t (tenant_id, a) VALUES ($1, $2) ON CONFLICT (tenant_id, a) DO UPDATE SET b = extract(epoch FROM now())",
      "INSERT INTO t (tenant_id, a) VALUES ($1, $2) ON CONFLICT (tenant_id, a) DO UPDATE SET b = 1 WHERE t.at < excluded.at - interval '1 day'",
      "INSERT INTO t (tenant_id, a) SELECT $1, $2 ON CONFLICT (tenant_id, a) DO UPDATE SET b = 1 WHERE t.b < $3"],
     ["INSERT INTO t (tenant_id, a) VALUES ($1, $2) ON CONFLICT (tenant_id, a) DO UPDATE SET b = greatest(t.b, excluded.b)",
      "INSERT INTO t (tenant_id, a) SELECT $1, extract(epoch FROM now()) ON CONFLICT DO NOTHING"]),
    ("rows without the distribution column", insert_without_tenant,
     ["INSERT INTO t (a) VALUES (1)"], ["INSERT INTO t (tenant_id, a) VALUES ($1, 1)"]),
]


def parse(text):
    return [raw.stmt for raw in pglast.parse_sql(text)]


def try_checks():
    """Every check finds what it is for, and nothing in its neighbours."""
    bad = 0
    catalogue = Catalogue()
    for statement in parse(T):
        catalogue.learn(statement)
    for refusal, check, found, passed in REFUSALS:
        for texts, wanted in ((found, True), (passed, False)):
            for text in texts:
                statement, = parse(text)
                catalogue.learn(statement)
                if bool(list(check(statement, catalogue))) != wanted:
                    print("the check for %s %s: %s" % (refusal, "misses" if wanted else "complains of", text))
                    bad += 1
    for text, wanted in (("SELECT 1; SELECT 2", 2), ("SELECT 1", 1)):
        bad += len(parse(text)) != wanted
    return bad


def is_fan_out(statement, catalogue):
    return isinstance(statement, QUERIES) and any(level.groups() - {"$"} for level in levels(statement, catalogue))


def main():
    bad = try_checks()
    catalogue, counted, unused = Catalogue(), {}, set(FAN_OUT)
    for where, name, text in product():
        place = where + (" " + name if name else "")
        try:
            statements = parse(text)
        except pglast.parser.ParseError as error:
            print("%s: cannot be parsed: %s: %s" % (place, error, text[:100]))
            bad += 1
            continue
        kind = where.split(":")[0] if where == "sql.def" else os.path.splitext(where.split(":")[0])[1]
        counted[kind] = counted.get(kind, 0) + 1
        if len(statements) != 1 and not all(isinstance(statement, ast.VariableSetStmt) for statement in statements):
            print("%s: %d statements in one command" % (place, len(statements)))
            bad += 1
        for statement in statements:
            catalogue.learn(statement)
            for refusal, check, _, _ in REFUSALS:
                for complaint in check(statement, catalogue):
                    print("%s: %s (refused: %s)" % (place, complaint, refusal))
                    bad += 1
            if where == "sql.def" and is_fan_out(statement, catalogue):
                unused.discard(name)
                if name not in FAN_OUT:
                    print("%s: asks every node: no tenant_id = $1" % place)
                    bad += 1
    for name in sorted(unused):
        print("%s is excused for asking every node, and does not" % name)
        bad += 1
    print("%s; %d refusals, %d complaints" % (", ".join("%d of %s" % (n, kind) for kind, n in sorted(counted.items())),
                                              len(REFUSALS) + 1, bad))
    with open(ROOT + "/collector/store/sql.def", encoding="utf-8") as file:
        if counted.get("sql.def") != len(re.findall(r"^SQL\(", file.read(), re.M)):
            print("not every row of sql.def was read")
            bad += 1
    return 1 if bad or len(counted) < 3 else 0


if __name__ == "__main__":
    sys.exit(main())
