//! The list of files.

use kernel::db::Statement;
use kernel::{Cursor, DbError, Page};
use sqlx::AnyConnection;

use super::{COLUMNS, Row, phone};
use crate::contact::Contact;

/// What a list is narrowed to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// A part of the name.
    pub(crate) name: Option<String>,
    /// The beginning of a number, or a whole one.
    pub(crate) number: Option<String>,
    /// Whether `number` must be the whole number.
    pub(crate) whole_number: bool,
    /// A tag.
    pub(crate) tag: Option<String>,
}

/// Returns the files changed last first.
pub(crate) async fn page(
    conn: &mut AnyConnection,
    filter: &Filter,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Contact>, DbError> {
    let mut statement = Statement::new("select ");
    statement.push(COLUMNS).push(" from contacts_contact where 1 = 1");
    if let Some(name) = &filter.name {
        let part = format!("%{}%", escape(&name.to_lowercase()));
        statement.push(" and lower(name) like ").bind(part).push(" escape '\\'");
    }
    if let Some(number) = &filter.number {
        statement.push(" and id in (select contact_id from contacts_phone where number ");
        if filter.whole_number {
            statement.push("= ").bind(number);
        } else {
            // A range instead of `like`, which no index serves in every collation.
            statement.push("between ").bind(number).push(" and ").bind(format!("{number:9<20}"));
        }
        statement.push(")");
    }
    if let Some(tag) = &filter.tag {
        statement
            .push(" and ' ' || tags || ' ' like ")
            .bind(format!("% {} %", escape(tag)))
            .push(" escape '\\'");
    }
    if let Some([at, id]) = cursor.and_then(|word| Cursor::decode(word, 2)).as_deref()
        && let Ok(at) = at.parse::<i64>()
    {
        statement.push(" and (updated_at < ").bind(at).push(" or (updated_at = ").bind(at);
        statement.push(" and id < ").bind(id).push("))");
    }
    statement.push(" order by updated_at desc, id desc limit ").bind(limit as i64 + 1);
    let rows: Vec<Row> = statement.query_as().fetch_all(&mut *conn).await?;
    let page = Page::cut(rows, limit, |row| Cursor::encode(&[row.updated_at.to_string(), row.id.clone()]));
    let ids: Vec<String> = page.items.iter().map(|row| row.id.clone()).collect();
    let mut phones = phone::of(conn, &ids).await?;
    Ok(page.map(|row| {
        let phones = phones.remove(&row.id).unwrap_or_default();
        row.contact(phones)
    }))
}

/// Makes the wildcards of `like` ordinary.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
