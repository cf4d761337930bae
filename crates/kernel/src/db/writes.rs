//! Writes that are known before they are made: collected without the database, written in one go.
//!
//! Several lists of the same shape become one text with several rows a statement, so that a batch of orders
//! costs as many trips to the database as one order. The text depends only on the shape and the number of
//! lists (a power of two), so that it is prepared once and found again.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::Write as _;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::{DbError, Dialect, SqlValue, Statement};
use crate::event::{Event, OutboxRow};
use crate::http::StoredAnswer;
use crate::{Audit, Ctx};

/// So many lists become one text at most; a text of more would only be longer, not faster.
const LISTS_MAX: usize = 16;

/// A longer list is written in pieces of this length: the embedded database binds no more than 32,766 values a
/// statement, PostgreSQL no more than 65,535.
const LIST_MAX: usize = 40;

/// One deferred write.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    /// A row into a table.
    Row {
        /// Table and columns, `lamp (id, lit)`.
        into: &'static str,
        values: Vec<SqlValue>,
    },
    /// Any other statement.
    Change(Statement),
}

/// A condition that must still hold when the writes are made.
#[derive(Clone, Debug)]
pub struct Check {
    /// Selects the keys of rows, up to and including the column that is compared: `select number from
    /// contacts_phone where number`.
    pub question: &'static str,
    /// The key that is asked for.
    pub key: String,
    /// So many rows must have it.
    pub expected: i64,
}

/// Rows, changes, events, audit rows and the stored answer of one change, collected to be written together.
///
/// They are written in the order in which they were given; reads inside a transaction do not see them.
/// Dropping them changes nothing.
#[derive(Default)]
pub struct Writes {
    pub(super) list: Vec<Write>,
    pub(super) checks: Vec<Check>,
    pub(super) events: Vec<OutboxRow>,
    pub(super) audits: Vec<(Ctx, Audit)>,
    pub(super) answer: Option<StoredAnswer>,
    kept: Vec<Box<dyn Any + Send + Sync>>,
}

impl std::fmt::Debug for Writes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writes").field("list", &self.list).finish_non_exhaustive()
    }
}

impl Writes {
    /// Begins an empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a row `into` a table, given with its columns: `lamp (id, lit)`.
    pub fn insert<const N: usize>(&mut self, into: &'static str, row: [SqlValue; N]) {
        self.list.push(Write::Row { into, values: row.into() });
    }

    /// Runs a statement for its effect.
    pub fn defer(&mut self, statement: Statement) {
        self.list.push(Write::Change(statement));
    }

    /// Writes nothing unless `check` holds; [`DbError::Raced`] otherwise.
    pub fn expect(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// Keeps something, such as a turn that others wait for, until the writes are made or given up.
    pub fn keep(&mut self, what: impl Any + Send + Sync) {
        self.kept.push(Box::new(what));
    }

    /// Publishes `event` together with this change; it is delivered after the commit.
    pub fn emit<E: Event>(&mut self, ctx: &Ctx, event: &E) {
        self.events.push(OutboxRow::of(ctx, event));
    }

    /// Writes an audit row together with this change.
    pub fn audit(&mut self, ctx: &Ctx, entry: Audit) {
        self.audits.push((ctx.clone(), entry));
    }

    /// Keeps the answer to a request with an `Idempotency-Key`, so that a repetition gets the same.
    pub fn remember(&mut self, answer: StoredAnswer) {
        self.answer = Some(answer);
    }

    /// Takes over what another list collected, after what this one has.
    pub fn append(&mut self, other: Self) {
        self.list.extend(other.list);
        self.checks.extend(other.checks);
        self.events.extend(other.events);
        self.audits.extend(other.audits);
        self.kept.extend(other.kept);
        if other.answer.is_some() {
            self.answer = other.answer;
        }
    }

    /// Tells whether there is something to publish or to seal after the commit.
    pub(super) fn tells(&self) -> bool {
        !(self.events.is_empty() && self.audits.is_empty())
    }
}

/// What lists have to have in common to become one text.
#[derive(PartialEq)]
enum Piece<'a> {
    Rows { into: &'static str, count: usize },
    Change(&'a str),
}

fn shape<'a>(list: &'a [Cow<'_, Write>]) -> Vec<Piece<'a>> {
    let mut shape: Vec<Piece<'_>> = Vec::new();
    for write in list {
        match (write.as_ref(), shape.last_mut()) {
            (Write::Row { into, .. }, Some(Piece::Rows { into: last, count, .. })) if into == last => {
                *count += 1
            }
            (Write::Row { into, .. }, _) => shape.push(Piece::Rows { into, count: 1 }),
            (Write::Change(statement), _) => shape.push(Piece::Change(statement.text())),
        }
    }
    shape
}

/// The writes of one change, in their order.
type List<'a> = &'a [Cow<'a, Write>];

/// Makes all writes of `lists`, each list in its order. Lists may be interleaved.
pub(super) async fn write_lists(
    conn: &mut AnyConnection,
    dialect: Dialect,
    lists: &[Vec<Cow<'_, Write>>],
) -> Result<(), DbError> {
    let mut groups: Vec<(Vec<Piece<'_>>, Vec<List<'_>>)> = Vec::new();
    for list in lists.iter().filter(|list| !list.is_empty()) {
        if list.len() > LIST_MAX {
            for piece in list.chunks(LIST_MAX) {
                for query in queries(dialect, &shape(piece), &[piece]) {
                    query.execute(&mut *conn).await?;
                }
            }
            continue;
        }
        let shape = shape(list);
        match groups.iter_mut().find(|(known, _)| *known == shape) {
            Some((_, alike)) => alike.push(list),
            None => groups.push((shape, vec![list])),
        }
    }
    for (shape, alike) in groups {
        let mut rest = alike.as_slice();
        while !rest.is_empty() {
            // Powers of two: few texts, which all stay prepared.
            let count = LISTS_MAX.min(1 << rest.len().ilog2());
            let (some, others) = rest.split_at(count);
            for query in queries(dialect, &shape, some) {
                query.execute(&mut *conn).await?;
            }
            rest = others;
        }
    }
    Ok(())
}

/// Puts lists of one shape into as few texts as the database takes: the embedded one several statements a
/// text, PostgreSQL one statement, in which inserts are chained.
fn queries(
    dialect: Dialect,
    shape: &[Piece<'_>],
    lists: &[List<'_>],
) -> Vec<Query<'static, sqlx::Any, AnyArguments>> {
    let mut texts = vec![Text::new(dialect)];
    let mut from = 0;
    for piece in shape {
        match piece {
            Piece::Rows { into, count } => {
                let text = texts.last_mut().expect("begins with one");
                text.begin_insert(into);
                let to = from + count;
                let rows =
                    lists.iter().flat_map(|list| &list[from..to]).filter_map(|write| match write.as_ref() {
                        Write::Row { values, .. } => Some(values),
                        Write::Change(_) => None,
                    });
                for (n, row) in rows.enumerate() {
                    text.row(n > 0, row);
                }
                from = to;
            }
            Piece::Change(_) => {
                for list in lists {
                    let Write::Change(statement) = list[from].as_ref() else { continue };
                    if dialect == Dialect::Postgres {
                        let mut text = Text::new(dialect);
                        text.change(statement);
                        let at = texts.len() - usize::from(texts.last().is_some_and(Text::is_empty));
                        texts.insert(at, text);
                    } else {
                        texts.last_mut().expect("begins with one").change(statement);
                    }
                }
                if dialect == Dialect::Postgres && texts.last().is_some_and(|text| !text.is_empty()) {
                    texts.push(Text::new(dialect));
                }
                from += 1;
            }
        }
    }
    texts.into_iter().filter(|text| !text.is_empty()).map(Text::query).collect()
}

struct Text {
    dialect: Dialect,
    done: String,
    /// The insert that is being put together; on PostgreSQL all but the last become `with` parts.
    insert: String,
    parts: usize,
    values: Vec<SqlValue>,
}

impl Text {
    fn new(dialect: Dialect) -> Self {
        Self { dialect, done: String::new(), insert: String::new(), parts: 0, values: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.done.is_empty() && self.insert.is_empty()
    }

    fn end_insert(&mut self) {
        if self.insert.is_empty() {
            return;
        }
        if self.dialect == Dialect::Postgres {
            self.done.push_str(if self.parts == 0 { "with " } else { ", " });
            let _ = write!(self.done, "w{} as ({})", self.parts, self.insert);
            self.parts += 1;
        } else {
            self.done.push_str(&self.insert);
            self.done.push_str(";\n");
        }
        self.insert.clear();
    }

    fn begin_insert(&mut self, into: &str) {
        self.end_insert();
        // Whoever writes lists undoes all of them when one is refused. Told so, the embedded database keeps no copy
        // of each page that an insert of several rows changes.
        self.insert.push_str(if self.dialect == Dialect::Sqlite {
            "insert or fail into "
        } else {
            "insert into "
        });
        self.insert.push_str(into);
        self.insert.push_str(" values ");
    }

    fn row(&mut self, more: bool, row: &[SqlValue]) {
        self.insert.push_str(if more { ", (" } else { "(" });
        for (column, value) in row.iter().enumerate() {
            if column > 0 {
                self.insert.push(',');
            }
            self.values.push(value.clone());
            if self.dialect == Dialect::Postgres {
                let _ = write!(self.insert, "${}", self.values.len());
            } else {
                // Nameless placeholders: SQLite looks names up one by one.
                self.insert.push('?');
            }
        }
        self.insert.push(')');
    }

    /// Adds a statement with its own numbering.
    fn change(&mut self, statement: &Statement) {
        self.end_insert();
        if self.dialect == Dialect::Postgres {
            self.done.push_str(statement.text());
            self.values.extend_from_slice(statement.values());
            return;
        }
        let mut rest = statement.text();
        while let Some(at) = rest.find('$') {
            let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
            let number: Option<usize> = rest[at + 1..at + 1 + digits].parse().ok();
            match number.and_then(|number| statement.values().get(number.checked_sub(1)?)) {
                Some(value) => {
                    self.done.push_str(&rest[..at]);
                    self.done.push('?');
                    self.values.push(value.clone());
                }
                None => self.done.push_str(&rest[..=at + digits]),
            }
            rest = &rest[at + 1 + digits..];
        }
        self.done.push_str(rest);
        self.done.push_str(";\n");
    }

    fn query(mut self) -> Query<'static, sqlx::Any, AnyArguments> {
        let text = if self.dialect == Dialect::Postgres {
            if self.parts > 0 { format!("{} {}", self.done, self.insert) } else { self.done + &self.insert }
        } else {
            self.end_insert();
            self.done
        };
        super::statement::bind(sqlx::query(AssertSqlSafe(text)), self.values)
    }
}

/// Gives the refusal of a stored answer its name: somebody stored one for the same key a moment ago.
pub(super) fn name_race(error: DbError) -> DbError {
    match &error {
        DbError::Sql(sqlx::Error::Database(inner))
            if inner.is_unique_violation() && inner.message().contains("kernel_idempotency") =>
        {
            DbError::IdempotencyRace
        }
        _ => error,
    }
}

/// Asks whether the conditions of a batch still hold.
pub(super) async fn check_all<'a>(
    conn: &mut AnyConnection,
    checks: impl Iterator<Item = &'a Check>,
) -> Result<(), DbError> {
    let mut by_question: Vec<(&str, Vec<&Check>)> = Vec::new();
    for check in checks {
        match by_question.iter_mut().find(|(question, _)| *question == check.question) {
            Some((_, alike)) => alike.push(check),
            None => by_question.push((check.question, vec![check])),
        }
    }
    for (question, checks) in by_question {
        let mut ask = Statement::new(question);
        // Filled up to a power of two, so that few texts are prepared.
        let count = checks.len().next_power_of_two();
        let keys = checks.iter().chain(std::iter::repeat(&checks[checks.len() - 1]));
        ask.push(" in (").bind_all(keys.take(count).map(|check| check.key.as_str())).push(")");
        let found: Vec<(String,)> = ask.query_as().fetch_all(&mut *conn).await?;
        for check in checks {
            let known = found.iter().filter(|(key,)| *key == check.key).count();
            if i64::try_from(known).ok() != Some(check.expected) {
                return Err(DbError::Raced);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use sqlx::Execute as _;

    use super::{Text, Write, queries, shape};
    use crate::db::{Dialect, Statement};

    fn list(id: &str) -> Vec<Cow<'static, Write>> {
        let mut touch = Statement::new("update room set used = ");
        touch.bind(1_i64).push(" where id = ").bind(id);
        [
            Write::Change(touch),
            Write::Row { into: "lamp (id, lit)", values: vec![id.into(), 1_i64.into()] },
            Write::Row { into: "bulb (id, lamp)", values: vec!["a".into(), id.into()] },
            Write::Row { into: "bulb (id, lamp)", values: vec!["b".into(), id.into()] },
        ]
        .into_iter()
        .map(Cow::Owned)
        .collect()
    }

    fn texts(dialect: Dialect) -> Vec<String> {
        let (one, two) = (list("x"), list("y"));
        assert!(shape(&one) == shape(&two));
        queries(dialect, &shape(&one), &[&one, &two])
            .into_iter()
            .map(|query| query.sql().as_str().to_owned())
            .collect()
    }

    #[test]
    fn lists_of_one_shape_share_a_text_on_the_embedded_database() {
        assert_eq!(
            texts(Dialect::Sqlite),
            ["update room set used = ? where id = ?;\nupdate room set used = ? where id = ?;\n\
              insert or fail into lamp (id, lit) values (?,?), (?,?);\n\
              insert or fail into bulb (id, lamp) values (?,?), (?,?), (?,?), (?,?);\n"]
        );
    }

    #[test]
    fn inserts_are_chained_and_changes_stand_alone_on_postgresql() {
        assert_eq!(
            texts(Dialect::Postgres),
            [
                "update room set used = $1 where id = $2",
                "update room set used = $1 where id = $2",
                "with w0 as (insert into lamp (id, lit) values ($1,$2), ($3,$4)) \
                 insert into bulb (id, lamp) values ($5,$6), ($7,$8), ($9,$10), ($11,$12)",
            ]
        );
    }

    #[test]
    fn a_value_that_is_named_twice_is_bound_twice_without_names() {
        let mut text = Text::new(Dialect::Sqlite);
        let mut statement = Statement::new("update a set b = ");
        statement.bind("x").push(", c = $1 where d = '$'");
        text.change(&statement);
        assert_eq!(text.done, "update a set b = ?, c = ? where d = '$';\n");
        assert_eq!(text.values.len(), 2);
    }
}
