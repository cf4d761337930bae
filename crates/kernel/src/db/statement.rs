//! A statement that is put together at run time. sqlx's own builder writes `?` through the `Any` driver,
//! which PostgreSQL does not read; this one numbers its placeholders.

use std::fmt::Write as _;

use sqlx::any::{AnyArguments, AnyRow, AnyTypeInfo};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::query::{Query, QueryAs};
use sqlx::{Any, AssertSqlSafe, Encode, FromRow, Type};

/// A number with a fraction, or null, to be bound.
///
/// The driver tells PostgreSQL that an absent `f64` is a number of four bytes and an absent `f32` one of eight, and
/// the statement stays prepared so: a number that is bound to it later is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Real(pub Option<f64>);

impl Type<Any> for Real {
    fn type_info() -> AnyTypeInfo {
        <f64 as Type<Any>>::type_info()
    }
}

impl<'q> Encode<'q, Any> for Real {
    fn encode_by_ref(
        &self,
        buffer: &mut <Any as sqlx::Database>::ArgumentBuffer,
    ) -> Result<IsNull, BoxDynError> {
        match self.0 {
            Some(number) => Encode::<Any>::encode_by_ref(&number, buffer),
            None => Encode::<Any>::encode_by_ref(&None::<f32>, buffer),
        }
    }
}

/// A value that is bound to a placeholder.
#[derive(Clone, Debug, PartialEq)]
pub enum SqlValue {
    /// Text or null.
    Text(Option<String>),
    /// A whole number or null.
    Int(Option<i64>),
    /// A number or null.
    Real(Option<f64>),
}

macro_rules! sql_value_from {
    ($($from:ty => $variant:ident($to:expr)),+ $(,)?) => {$(
        impl From<$from> for SqlValue {
            fn from(value: $from) -> Self {
                let to: fn($from) -> _ = $to;
                Self::$variant(to(value))
            }
        }
    )+};
}

sql_value_from! {
    &str => Text(|text| Some(text.to_owned())),
    &String => Text(|text| Some(text.clone())),
    String => Text(Some),
    Option<String> => Text(|text| text),
    Option<&str> => Text(|text| text.map(ToOwned::to_owned)),
    Option<&String> => Text(|text| text.cloned()),
    i64 => Int(Some),
    Option<i64> => Int(|number| number),
    bool => Int(|truth| Some(i64::from(truth))),
    f64 => Real(Some),
    Option<f64> => Real(|number| number),
}

/// Text with numbered placeholders and the values behind them. Only constant text goes into
/// [`Statement::push`]; whatever a user may choose goes through [`Statement::bind`].
#[derive(Clone, Debug, Default)]
pub struct Statement {
    text: String,
    values: Vec<SqlValue>,
}

impl Statement {
    /// Begins with constant text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    /// Adds constant text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a placeholder and its value.
    pub fn bind(&mut self, value: impl Into<SqlValue>) -> &mut Self {
        self.values.push(value.into());
        let _ = write!(self.text, "${}", self.values.len());
        self
    }

    /// Adds placeholders with commas between, for `in (…)`. An empty list becomes `null`, which matches
    /// nothing.
    pub fn bind_all<V: Into<SqlValue>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        let mut first = true;
        for value in values {
            if !std::mem::take(&mut first) {
                self.push(", ");
            }
            self.bind(value);
        }
        if first {
            self.push("null");
        }
        self
    }

    /// Adds a row in parentheses with commas before all but the first, for `values …`.
    pub fn bind_row<const N: usize>(&mut self, row: [SqlValue; N]) -> &mut Self {
        if self.text.ends_with(')') && self.text.contains(" values (") {
            self.push(", ");
        }
        self.push("(").bind_all(row).push(")")
    }

    /// Returns the text, for tests and logs.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the values behind the placeholders.
    pub(super) fn values(&self) -> &[SqlValue] {
        &self.values
    }

    /// Makes the query to run for its effect or for raw rows.
    pub fn query(self) -> Query<'static, Any, AnyArguments> {
        bind(sqlx::query(AssertSqlSafe(self.text)), self.values)
    }

    /// Makes the query to run for typed rows.
    pub fn query_as<T>(self) -> QueryAs<'static, Any, T, AnyArguments>
    where
        T: for<'r> FromRow<'r, AnyRow>,
    {
        let mut query = sqlx::query_as(AssertSqlSafe(self.text));
        for value in self.values {
            query = match value {
                SqlValue::Text(text) => query.bind(text),
                SqlValue::Int(number) => query.bind(number),
                SqlValue::Real(number) => query.bind(Real(number)),
            };
        }
        query
    }
}

/// Binds values in their order.
pub(super) fn bind(
    mut query: Query<'static, Any, AnyArguments>,
    values: Vec<SqlValue>,
) -> Query<'static, Any, AnyArguments> {
    for value in values {
        query = match value {
            SqlValue::Text(text) => query.bind(text),
            SqlValue::Int(number) => query.bind(number),
            SqlValue::Real(number) => query.bind(Real(number)),
        };
    }
    query
}

#[cfg(test)]
mod tests {
    use super::Statement;

    #[test]
    fn placeholders_are_numbered_across_all_parts() {
        let mut statement = Statement::new("select 1 from t where a = ");
        statement.bind("x").push(" and b in (").bind_all([1_i64, 2]).push(")");
        assert_eq!(statement.text(), "select 1 from t where a = $1 and b in ($2, $3)");
        let mut none = Statement::new("select 1 where a in (");
        none.bind_all(Vec::<i64>::new()).push(")");
        assert_eq!(none.text(), "select 1 where a in (null)");
    }

    #[test]
    fn rows_are_separated() {
        let mut statement = Statement::new("insert into t (a, b) values ");
        statement.bind_row(["x".into(), 1_i64.into()]).bind_row(["y".into(), 2_i64.into()]);
        assert_eq!(statement.text(), "insert into t (a, b) values ($1, $2), ($3, $4)");
    }
}
