//! Rows of `map_feed` (the last state of each thing) and `map_feed_past` (its course).

use std::collections::BTreeMap;

use geo::Point;
use kernel::Timestamp;
use kernel::db::Statement;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::Map;
use crate::error::MapError;
use crate::feed::{FeedKind, KEPT_MS, Outcome, State};

/// Things of one kind at most.
const THINGS_MAX: i64 = 5_000;
/// Rows of one course.
const PAST_MAX: i64 = 2_000;

/// What a row keeps beside its columns.
#[derive(Serialize, Deserialize)]
struct Body {
    text: String,
    figures: BTreeMap<String, f64>,
    line: Vec<Point>,
}

#[derive(FromRow)]
struct FeedRow {
    kind: String,
    id: String,
    source: String,
    at: i64,
    until_at: Option<i64>,
    name: String,
    severity: i64,
    lng: f64,
    lat: f64,
    body: String,
}

/// The last state of something.
#[derive(Clone, Debug, PartialEq)]
pub struct LastState {
    /// Its kind.
    pub kind: FeedKind,
    /// Who pushed it.
    pub source: String,
    /// The state.
    pub state: State,
}

/// A point of a course.
#[derive(Clone, Debug, PartialEq)]
pub struct PastState {
    /// When.
    pub at: i64,
    /// How grave.
    pub severity: i64,
    /// Figures by name.
    pub figures: BTreeMap<String, f64>,
}

impl Map {
    /// Takes states in. The same state twice is one; an older one than is known goes into the course only.
    ///
    /// # Errors
    /// When there would be too many things, or the database fails.
    pub async fn take_states(
        &self,
        kind: FeedKind,
        source: &str,
        states: &[State],
        now: Timestamp,
    ) -> Result<Outcome, MapError> {
        let mut outcome = Outcome::default();
        let mut tx = self.kit().db.begin().await?;
        for state in states {
            if state.at.0 < now.0 - KEPT_MS {
                outcome.outdated += 1;
                continue;
            }
            let figures = serde_json::to_string(&state.figures).map_err(json_error)?;
            let fresh = sqlx::query(
                "insert into map_feed_past (kind, id, at, severity, figures) values ($1, $2, $3, $4, $5) \
                 on conflict (kind, id, at) do nothing",
            )
            .bind(kind.code())
            .bind(&state.id)
            .bind(state.at.0)
            .bind(state.severity)
            .bind(&figures)
            .execute(tx.conn())
            .await?;
            if fresh.rows_affected() == 0 {
                outcome.repeated += 1;
                continue;
            }
            outcome.taken += 1;
            let body =
                Body { text: state.text.clone(), figures: state.figures.clone(), line: state.line.clone() };
            let newer = sqlx::query(
                "insert into map_feed (kind, id, source, at, received_at, until_at, name, severity, lng, lat, body) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
                 on conflict (kind, id) do update set source = excluded.source, at = excluded.at, \
                 received_at = excluded.received_at, until_at = excluded.until_at, name = excluded.name, \
                 severity = excluded.severity, lng = excluded.lng, lat = excluded.lat, body = excluded.body \
                 where map_feed.at < excluded.at",
            )
            .bind(kind.code())
            .bind(&state.id)
            .bind(source)
            .bind(state.at.0)
            .bind(now.0)
            .bind(state.until.map(|at| at.0))
            .bind(&state.name)
            .bind(state.severity)
            .bind(state.place[0])
            .bind(state.place[1])
            .bind(serde_json::to_string(&body).map_err(json_error)?)
            .execute(tx.conn())
            .await?;
            outcome.late += usize::from(newer.rows_affected() == 0);
        }
        let (things,): (i64,) = sqlx::query_as("select count(*) from map_feed where kind = $1")
            .bind(kind.code())
            .fetch_one(tx.conn())
            .await?;
        if things > THINGS_MAX {
            return Err(MapError::field(
                "items",
                "每类数据最多 5000 个点位。",
                "There may be at most 5,000 things of a kind.",
            ));
        }
        tx.commit().await?;
        Ok(outcome)
    }

    /// Returns the last states, those of a kind or all; what has ended by itself is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_states(
        &self,
        kind: Option<FeedKind>,
        now: Timestamp,
    ) -> Result<Vec<LastState>, MapError> {
        let mut sql = Statement::new(
            "select kind, id, source, at, until_at, name, severity, lng, lat, body from map_feed \
             where (until_at is null or until_at > ",
        );
        sql.bind(now.0).push(") and at > ").bind(now.0 - KEPT_MS);
        if let Some(kind) = kind {
            sql.push(" and kind = ").bind(kind.code());
        }
        sql.push(" order by kind, severity desc, name, id");
        let rows: Vec<FeedRow> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        let state = |row: FeedRow| {
            let body: Body = serde_json::from_str(&row.body).ok()?;
            Some(LastState {
                kind: FeedKind::parse(&row.kind)?,
                source: row.source,
                state: State {
                    id: row.id,
                    at: Timestamp(row.at),
                    until: row.until_at.map(Timestamp),
                    name: row.name,
                    severity: row.severity,
                    place: [row.lng, row.lat],
                    line: body.line,
                    text: body.text,
                    figures: body.figures,
                },
            })
        };
        Ok(rows.into_iter().filter_map(state).collect())
    }

    /// Returns the course of something since `from`, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn past_states(&self, kind: FeedKind, id: &str, from: i64) -> Result<Vec<PastState>, MapError> {
        let rows: Vec<(i64, i64, String)> = sqlx::query_as(
            "select at, severity, figures from map_feed_past where kind = $1 and id = $2 and at >= $3 \
             order by at desc limit $4",
        )
        .bind(kind.code())
        .bind(id)
        .bind(from)
        .bind(PAST_MAX)
        .fetch_all(self.kit().db.reader())
        .await?;
        let state = |(at, severity, figures): (i64, i64, String)| PastState {
            at,
            severity,
            figures: serde_json::from_str(&figures).unwrap_or_default(),
        };
        Ok(rows.into_iter().rev().map(state).collect())
    }

    /// Deletes states that are older than they are kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_old_states(&self, now: Timestamp) -> Result<(), MapError> {
        let mut tx = self.kit().db.begin().await?;
        for text in ["delete from map_feed_past where at < $1", "delete from map_feed where at < $1"] {
            sqlx::query(text).bind(now.0 - KEPT_MS).execute(tx.conn()).await?;
        }
        Ok(tx.commit().await?)
    }
}

fn json_error(error: serde_json::Error) -> MapError {
    MapError::Base(error.to_string())
}
