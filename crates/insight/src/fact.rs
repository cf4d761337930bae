//! Facts: rows without names, numbers and texts of citizens, each in the month in which it began.
//!
//! A table is declared once, in [`TABLES`]; files, queries and `docs/figures.md` follow from that.

mod calls;
mod orders;

use std::sync::Arc;

use chrono::{DateTime, Datelike as _, Timelike as _};
use chrono_tz::Tz;
use datafusion::arrow::array::{ArrayRef, Float64Builder, Int64Builder, RecordBatch, StringViewBuilder};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;

pub use calls::{CALLS, Home, KEYS, SEATS, call_row, key_row, seat_row};
pub use orders::{ORDERS, STEPS, order_row, step_rows};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number; times are epoch milliseconds.
    Int,
    /// A number.
    Real,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text or nothing.
    Text(Option<String>),
    /// A whole number or nothing.
    Int(Option<i64>),
    /// A number or nothing.
    Real(Option<f64>),
}

impl Value {
    /// Returns the number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "figures on a screen")]
            Self::Int(number) => number.map(|number| number as f64),
            Self::Real(number) => *number,
            Self::Text(_) => None,
        }
    }

    /// Returns the whole number, if it is one.
    #[must_use]
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => *number,
            _ => None,
        }
    }

    /// Returns what names a group: the text, or the number as text; empty for nothing.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Text(text) => text.clone().unwrap_or_default(),
            Self::Int(number) => number.map(|number| number.to_string()).unwrap_or_default(),
            Self::Real(number) => number.map(|number| number.to_string()).unwrap_or_default(),
        }
    }
}

macro_rules! value_from {
    ($($from:ty => $make:expr),+ $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                let make: fn($from) -> Self = $make;
                make(value)
            }
        }
    )+};
}

value_from! {
    &str => |text| Self::Text(Some(text.to_owned())),
    String => |text| Self::Text(Some(text)),
    Option<String> => Self::Text,
    i64 => |number| Self::Int(Some(number)),
    Option<i64> => Self::Int,
    Option<f64> => Self::Real,
}

/// A row: the values of a table's own columns, in their order.
pub type Row = Vec<Value>;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What it means.
    pub about: &'static str,
}

/// A table of facts. The first column is the row's id, the second the instant that it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// What a row is.
    pub about: &'static str,
    /// Its own columns.
    pub columns: &'static [Column],
    /// How far the reader sees: columns that hold a person, a unit, a unit's path.
    pub scope: ScopeColumns,
}

/// The columns by which a reader's scope is judged.
#[derive(Clone, Copy, Debug)]
pub struct ScopeColumns {
    /// Columns with ids of people.
    pub people: &'static [&'static str],
    /// Columns with ids of units.
    pub units: &'static [&'static str],
    /// Columns with paths of units.
    pub paths: &'static [&'static str],
    /// Columns with ids of helping units and people between commas.
    pub helpers: &'static [&'static str],
}

/// All tables.
pub const TABLES: &[&Table] = &[&ORDERS, &STEPS, &CALLS, &SEATS, &KEYS];

/// Columns that every file has besides: derived from id and instant in the city's zone.
pub const DERIVED: &[Column] = &[
    Column {
        name: "hash",
        kind: Kind::Int,
        about: "a number made from the id, by which newer rows replace older ones",
    },
    Column { name: "day", kind: Kind::Int, about: "the day in the city's zone, counted from 1970-01-01" },
    Column { name: "hour", kind: Kind::Int, about: "the hour of the day, 0 to 23" },
    Column { name: "month", kind: Kind::Int, about: "the month as a number, such as 202611" },
];

/// Finds a table.
#[must_use]
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name).copied()
}

/// Makes the number by which rows of one id are told to be the same (FNV-1a, so that it never changes).
#[must_use]
pub fn hash_of(id: &str) -> i64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in id.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    // FNV leaves the high bits of short texts alike; one more mixing spreads them.
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    i64::from_ne_bytes((hash ^ (hash >> 29)).to_ne_bytes())
}

/// Where an instant is on the city's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Days since 1970-01-01.
    pub day: i64,
    /// The hour of the day.
    pub hour: i64,
    /// Such as 202611.
    pub month: i64,
}

/// Returns where an instant is on the city's clock.
#[must_use]
pub fn local(zone: Tz, at: i64) -> Local {
    let at = DateTime::from_timestamp_millis(at).unwrap_or_default().with_timezone(&zone);
    let date = at.date_naive();
    Local {
        day: i64::from(date.num_days_from_ce()) - 719_163,
        hour: i64::from(at.hour()),
        month: i64::from(date.year()) * 100 + i64::from(date.month()),
    }
}

impl Table {
    /// Returns all columns of a file.
    pub fn all_columns(&self) -> impl Iterator<Item = &'static Column> + use<> {
        self.columns.iter().chain(DERIVED)
    }

    /// Returns the schema of its files.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(
            self.all_columns()
                .map(|column| {
                    let kind = match column.kind {
                        Kind::Text => DataType::Utf8View,
                        Kind::Int => DataType::Int64,
                        Kind::Real => DataType::Float64,
                    };
                    Field::new(column.name, kind, true)
                })
                .collect::<Vec<_>>(),
        ))
    }

    /// Returns the month that a row belongs to.
    #[must_use]
    pub fn month_of(&self, zone: Tz, row: &Row) -> i64 {
        local(zone, row.get(1).and_then(Value::int).unwrap_or(0)).month
    }

    /// Puts rows into columns.
    ///
    /// # Errors
    /// When a row does not fit the table.
    pub fn batch<'a>(
        &self,
        zone: Tz,
        rows: impl Iterator<Item = &'a Row> + Clone,
    ) -> Result<RecordBatch, ArrowError> {
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len() + DERIVED.len());
        for (at, column) in self.columns.iter().enumerate() {
            let values = rows.clone().map(|row| row.get(at));
            arrays.push(match column.kind {
                Kind::Text => {
                    let mut builder = StringViewBuilder::new().with_deduplicate_strings();
                    for value in values {
                        builder.append_option(match value {
                            Some(Value::Text(text)) => text.as_deref(),
                            _ => None,
                        });
                    }
                    Arc::new(builder.finish())
                }
                Kind::Int => {
                    let mut builder = Int64Builder::new();
                    for value in values {
                        builder.append_option(value.and_then(Value::int));
                    }
                    Arc::new(builder.finish())
                }
                Kind::Real => {
                    let mut builder = Float64Builder::new();
                    for value in values {
                        builder.append_option(value.and_then(Value::number));
                    }
                    Arc::new(builder.finish())
                }
            });
        }
        let mut derived =
            [Int64Builder::new(), Int64Builder::new(), Int64Builder::new(), Int64Builder::new()];
        for row in rows {
            let place = local(zone, row.get(1).and_then(Value::int).unwrap_or(0));
            let hash = hash_of(&row.first().map(Value::key).unwrap_or_default());
            for (builder, value) in derived.iter_mut().zip([hash, place.day, place.hour, place.month]) {
                builder.append_value(value);
            }
        }
        arrays.extend(derived.into_iter().map(|mut builder| Arc::new(builder.finish()) as ArrayRef));
        RecordBatch::try_new(self.schema(), arrays)
    }
}

#[cfg(test)]
mod tests {
    use super::{Local, TABLES, hash_of, local};

    #[test]
    fn an_instant_is_in_the_citys_day() {
        let shanghai = chrono_tz::Asia::Shanghai;
        // 2026-03-01T16:00:00Z is midnight of the second of March in the city.
        let place = local(shanghai, 1_772_380_800_000);
        assert_eq!(place, Local { day: 20_514, hour: 0, month: 202_603 });
        assert_eq!(local(shanghai, 1_772_380_799_999), Local { day: 20_513, hour: 23, month: 202_603 });
    }

    #[test]
    fn ids_made_in_the_same_millisecond_differ() {
        let hashes: std::collections::HashSet<i64> =
            (0..100_000).map(|n| hash_of(&format!("01939b5e-7a00-7000-8000-{n:012x}"))).collect();
        assert_eq!(hashes.len(), 100_000);
    }

    #[test]
    fn every_table_begins_with_id_and_instant() {
        for table in TABLES {
            assert_eq!((table.columns[0].name, table.columns[1].name), ("id", "at"), "{}", table.name);
            let mut names: Vec<_> = table.all_columns().map(|column| column.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.all_columns().count(), "{}", table.name);
        }
    }
}
