//! The audit log: append-only rows, each hashed with the one before.
//!
//! A row is written in the transaction of the change that it tells of. The sequencer (see
//! [`crate::event`]) numbers committed rows and seals them within moments: the hash of row n covers its
//! content and the hash of row n − 1, so that a change, removal or insertion anywhere breaks the chain.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sm3::Sm3;
use sqlx::{AnyConnection, FromRow};

use crate::crypto::hex;
use crate::db::{Statement, Write};
use crate::{Ctx, Db, DbError};

/// What is about to be written to the log.
#[derive(Clone, Debug)]
pub struct Audit {
    pub(crate) action: &'static str,
    pub(crate) subject_kind: &'static str,
    pub(crate) subject_id: String,
    pub(crate) detail: Value,
}

impl Audit {
    /// Says that `action` (such as `case.create`) was done to a subject.
    #[must_use]
    pub fn new(action: &'static str, subject_kind: &'static str, subject_id: impl Into<String>) -> Self {
        Self { action, subject_kind, subject_id: subject_id.into(), detail: Value::Null }
    }

    /// Adds facts: what changed from what to what. Secrets and personal texts stay out.
    #[must_use]
    pub fn detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

/// The digest of the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-256 (FIPS 180-4).
    #[default]
    Sha256,
    /// SM3 (GB/T 32905-2016).
    Sm3,
}

impl Algorithm {
    /// Returns the name that is stored with each seal.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sm3 => "sm3",
        }
    }

    /// Reads a stored or configured name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "sha256" => Some(Self::Sha256),
            "sm3" => Some(Self::Sm3),
            _ => None,
        }
    }

    fn digest(self, data: &[u8]) -> String {
        match self {
            Self::Sha256 => hex(&Sha256::digest(data)),
            Self::Sm3 => hex(&Sm3::digest(data)),
        }
    }
}

/// A row of the log as it is stored.
#[derive(Clone, Debug, FromRow)]
pub struct AuditRow {
    /// The row's id.
    pub id: String,
    /// Its place in the chain.
    pub seq: i64,
    /// When, in epoch milliseconds.
    pub at: i64,
    /// The kind of doer.
    pub actor_kind: String,
    /// The doer's id.
    pub actor_id: String,
    /// The doer's name at that time.
    pub actor_name: String,
    /// The doer's address.
    pub ip: Option<String>,
    /// The request.
    pub trace_id: String,
    /// What was done.
    pub action: String,
    /// To what kind of thing.
    pub subject_kind: String,
    /// To which.
    pub subject_id: String,
    /// Facts as JSON text.
    pub detail: String,
}

const COLUMNS: &str = "id, seq, at, actor_kind, actor_id, actor_name, ip, trace_id, action, subject_kind, \
                       subject_id, detail";

/// Makes the row of an entry, without its number.
pub(crate) fn row_of(ctx: &Ctx, entry: &Audit) -> AuditRow {
    AuditRow {
        id: crate::id::new_id(),
        seq: 0,
        at: ctx.now.0,
        actor_kind: ctx.actor.kind.as_str().to_owned(),
        actor_id: ctx.actor.id.clone(),
        actor_name: ctx.actor.name.clone(),
        ip: ctx.ip.clone(),
        trace_id: ctx.trace_id.clone(),
        action: entry.action.to_owned(),
        subject_kind: entry.subject_kind.to_owned(),
        subject_id: entry.subject_id.clone(),
        detail: entry.detail.to_string(),
    }
}

impl AuditRow {
    /// Makes the write of this row; without a number the sequencer gives it one.
    pub(crate) fn row(self, seq: Option<i64>) -> Write {
        Write::Row {
            into: "kernel_audit (id, seq, at, actor_kind, actor_id, actor_name, ip, trace_id, action, subject_kind, \
                   subject_id, detail)",
            values: vec![
                self.id.into(),
                seq.into(),
                self.at.into(),
                self.actor_kind.into(),
                self.actor_id.into(),
                self.actor_name.into(),
                self.ip.into(),
                self.trace_id.into(),
                self.action.into(),
                self.subject_kind.into(),
                self.subject_id.into(),
                self.detail.into(),
            ],
        }
    }

    /// Makes the write of this row's seal.
    pub(crate) fn seal(&self, algorithm: Algorithm, hash: &str) -> Write {
        Write::Row {
            into: "kernel_audit_seal (seq, audit_id, algorithm, hash)",
            values: vec![self.seq.into(), (&self.id).into(), algorithm.as_str().into(), hash.into()],
        }
    }

    /// Returns the hash of this row after `previous`. Fields are length-prefixed, so that no two rows with
    /// different fields have the same text.
    #[must_use]
    pub fn hash(&self, algorithm: Algorithm, previous: &str) -> String {
        let seq = self.seq.to_string();
        let at = self.at.to_string();
        let fields = [
            previous,
            &self.id,
            &seq,
            &at,
            &self.actor_kind,
            &self.actor_id,
            &self.actor_name,
            self.ip.as_deref().unwrap_or("\u{0}"),
            &self.trace_id,
            &self.action,
            &self.subject_kind,
            &self.subject_id,
            &self.detail,
        ];
        let mut text = Vec::with_capacity(256);
        for field in fields {
            text.extend_from_slice(&(field.len() as u64).to_be_bytes());
            text.extend_from_slice(field.as_bytes());
        }
        algorithm.digest(&text)
    }
}

/// What an offline verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every row agrees with its seal; so many rows, and the last hash.
    Intact {
        /// Sealed rows.
        rows: i64,
        /// The hash of the last row: note it elsewhere to prove later that nothing was cut off.
        head: String,
    },
    /// The first row that does not agree.
    Broken {
        /// Its place in the chain.
        seq: i64,
        /// What is wrong.
        reason: &'static str,
    },
}

/// Numbers what was committed and extends the chain. Returns the number of rows sealed.
pub(crate) async fn seal(conn: &mut AnyConnection, algorithm: Algorithm) -> Result<usize, sqlx::Error> {
    sqlx::query(
        "update kernel_audit set seq = fresh.n from (select id, row_number() over (order by id) + \
         (select coalesce(max(seq), 0) from kernel_audit_seal) as n from kernel_audit where seq is null \
         order by id limit 500) as fresh where kernel_audit.id = fresh.id and kernel_audit.seq is null",
    )
    .execute(&mut *conn)
    .await?;
    let last: Option<(i64, String)> =
        sqlx::query_as("select seq, hash from kernel_audit_seal order by seq desc limit 1")
            .fetch_optional(&mut *conn)
            .await?;
    let (last_seq, mut hash) = last.unwrap_or_default();
    let rows = rows_after(&mut *conn, last_seq, 500).await?;
    let mut seals = Vec::with_capacity(rows.len());
    for row in &rows {
        hash = row.hash(algorithm, &hash);
        seals.push((row.seq, row.id.clone(), hash.clone()));
    }
    for chunk in seals.chunks(100) {
        let mut insert =
            Statement::new("insert into kernel_audit_seal (seq, audit_id, algorithm, hash) values ");
        for (seq, id, hash) in chunk {
            insert.bind_row([(*seq).into(), id.into(), algorithm.as_str().into(), hash.into()]);
        }
        insert.query().execute(&mut *conn).await?;
    }
    Ok(rows.len())
}

async fn rows_after(conn: &mut AnyConnection, seq: i64, limit: i64) -> Result<Vec<AuditRow>, sqlx::Error> {
    let sql = format!("select {COLUMNS} from kernel_audit where seq > $1 order by seq limit $2");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(seq).bind(limit).fetch_all(conn).await
}

/// Walks the whole chain and compares each row with its seal.
///
/// # Errors
/// When the database cannot be read.
pub async fn verify(db: &Db) -> Result<Verdict, DbError> {
    let mut conn = db.reader().acquire().await?;
    let (mut seq, mut hash) = (0_i64, String::new());
    loop {
        let seals: Vec<(i64, String, String, String)> = sqlx::query_as(
            "select seq, audit_id, algorithm, hash from kernel_audit_seal where seq > $1 order by seq limit 500",
        )
        .bind(seq)
        .fetch_all(&mut *conn)
        .await?;
        let rows = rows_after(&mut conn, seq, seals.len() as i64).await?;
        if seals.is_empty() {
            return Ok(Verdict::Intact { rows: seq, head: hash });
        }
        let mut rows = rows.into_iter();
        for (at, id, algorithm, sealed) in seals {
            if at != seq + 1 {
                return Ok(Verdict::Broken { seq: seq + 1, reason: "a seal is missing" });
            }
            seq = at;
            let Some(row) = rows.next().filter(|row| row.seq == at && row.id == id) else {
                return Ok(Verdict::Broken { seq, reason: "the row is missing" });
            };
            let Some(algorithm) = Algorithm::parse(&algorithm) else {
                return Ok(Verdict::Broken { seq, reason: "the digest is unknown" });
            };
            hash = row.hash(algorithm, &hash);
            if hash != sealed {
                return Ok(Verdict::Broken { seq, reason: "the row was changed" });
            }
        }
    }
}
