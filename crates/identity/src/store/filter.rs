//! A list's conditions, one after another.

use kernel::db::{SqlValue, Statement};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow};

/// A query that grows by conditions. Text of callers only ever enters as a bound value.
pub(crate) struct Filter(Statement);

impl Filter {
    /// Starts from `select … from …`.
    pub(crate) fn new(select: &str) -> Self {
        let mut statement = Statement::new(select);
        statement.push(" where 1 = 1");
        Self(statement)
    }

    /// Adds a condition in which each `{}` stands for the value.
    pub(crate) fn and(&mut self, condition: &str, value: impl Into<SqlValue>) -> &mut Self {
        let value = value.into();
        self.0.push(" and ");
        for (n, part) in condition.split("{}").enumerate() {
            if n > 0 {
                self.0.bind(value.clone());
            }
            self.0.push(part);
        }
        self
    }

    /// Adds a condition that a row contains `part` in one of the columns, whatever its case.
    pub(crate) fn contains(&mut self, columns: &[&str], part: &str) -> &mut Self {
        let escaped =
            part.trim().to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let any: Vec<String> =
            columns.iter().map(|column| format!("lower({column}) like {{}} escape '\\'")).collect();
        self.and(&format!("({})", any.join(" or ")), format!("%{escaped}%"))
    }

    /// Ends the query with an order and a limit and reads the rows.
    pub(crate) async fn fetch<T>(
        mut self,
        conn: &mut AnyConnection,
        order: &str,
        limit: usize,
    ) -> Result<Vec<T>, sqlx::Error>
    where
        T: for<'r> FromRow<'r, AnyRow> + Send + Unpin,
    {
        self.0.push(" order by ").push(order).push(" limit ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
        self.0.query_as::<T>().fetch_all(conn).await
    }
}
