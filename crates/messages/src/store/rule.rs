//! Rows of `messages_rule`: what the city changed of the rules of the first day.

use kernel::{Audit, Ctx};
use serde_json::json;
use sqlx::FromRow;

use crate::Messages;
use crate::error::MessageError;
use crate::kind::Kind;
use crate::rule::Rule;

#[derive(FromRow)]
struct RuleRow {
    kind: String,
    active: i64,
    handler: i64,
    leader: i64,
    supervisor: i64,
    channels: String,
    version: i64,
}

impl Messages {
    /// Returns the rule of a kind as it is in force.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rule(&self, kind: Kind) -> Result<Rule, MessageError> {
        let rules = self.rules().await?;
        Ok(rules.into_iter().find(|rule| rule.kind == kind).unwrap_or_else(|| Rule::first(kind)))
    }

    /// Returns all rules as they are in force.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rules(&self) -> Result<Vec<Rule>, MessageError> {
        let rows: Vec<RuleRow> = sqlx::query_as(
            "select kind, active, handler, leader, supervisor, channels, version from messages_rule",
        )
        .fetch_all(self.kit().db.reader())
        .await?;
        Ok(Kind::ALL
            .iter()
            .map(|kind| match rows.iter().find(|row| row.kind == kind.code()) {
                None => Rule::first(*kind),
                Some(row) => Rule {
                    kind: *kind,
                    active: row.active != 0,
                    handler: row.handler != 0,
                    leader: row.leader != 0,
                    supervisor: row.supervisor != 0,
                    channels: row
                        .channels
                        .split(' ')
                        .filter(|code| !code.is_empty())
                        .map(ToOwned::to_owned)
                        .collect(),
                    version: row.version,
                },
            })
            .collect())
    }

    /// Changes a rule.
    ///
    /// # Errors
    /// [`MessageError::Stale`], [`MessageError::NoChannel`].
    pub async fn set_rule(&self, ctx: &Ctx, rule: &Rule) -> Result<(), MessageError> {
        let known = self.channels();
        if let Some(code) =
            rule.channels.iter().find(|code| !known.iter().any(|channel| channel.code() == code.as_str()))
        {
            return Err(MessageError::NoChannel(code.clone()));
        }
        let mut tx = self.kit().db.begin().await?;
        let current: Option<(i64,)> = sqlx::query_as("select version from messages_rule where kind = $1")
            .bind(rule.kind.code())
            .fetch_optional(tx.conn())
            .await?;
        let current = current.map_or(0, |(version,)| version);
        if current != rule.version {
            return Err(MessageError::Stale { current });
        }
        sqlx::query(
            "insert into messages_rule (kind, active, handler, leader, supervisor, channels, version) \
             values ($1, $2, $3, $4, $5, $6, $7) on conflict (kind) do update set active = excluded.active, \
             handler = excluded.handler, leader = excluded.leader, supervisor = excluded.supervisor, \
             channels = excluded.channels, version = excluded.version",
        )
        .bind(rule.kind.code())
        .bind(i64::from(rule.active))
        .bind(i64::from(rule.handler))
        .bind(i64::from(rule.leader))
        .bind(i64::from(rule.supervisor))
        .bind(rule.channels.join(" "))
        .bind(current + 1)
        .execute(tx.conn())
        .await?;
        tx.audit(
            ctx,
            Audit::new("notice.set_rule", "notice_rule", rule.kind.code()).detail(json!({
                "active": rule.active, "handler": rule.handler, "leader": rule.leader,
                "supervisor": rule.supervisor, "channels": rule.channels,
            })),
        );
        Ok(tx.commit().await?)
    }
}
