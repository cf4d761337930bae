//! Rows of `cases_file`, `cases_attachment` and `cases_upload`. The bytes lie in the folder of files, once for
//! each content; a file is held until nothing names it any more.

use contract::cases::{CaseId, FileToServe};
use kernel::db::{Real, Statement};
use kernel::{Audit, Ctx, Principal, Timestamp, Tx, Writes};
use sqlx::{AnyConnection, FromRow};

use super::exchange::exchange_at;
use super::work;
use crate::Cases;
use crate::case::attachment::{self, Attachment, CREATION, Held};
use crate::case::file_type;
use crate::error::CaseError;

/// What nobody made use of is forgotten after this time.
const PENDING_MS: i64 = 3 * 24 * 3_600_000;
/// Bytes that nothing names are kept for this time, in case they are being named just now.
const UNNAMED_MS: i64 = 3_600_000;
/// So many files are forgotten at a time.
const SWEEP_MAX: i64 = 500;

#[derive(FromRow)]
struct Row {
    id: String,
    case_id: String,
    step: String,
    entry_id: Option<String>,
    digest: String,
    thumb_digest: Option<String>,
    name: String,
    media_type: String,
    kind: String,
    size_bytes: i64,
    from_citizen: i64,
    lng: Option<f64>,
    lat: Option<f64>,
    by_id: String,
    by_name: String,
    uploaded_at: i64,
}

const SELECT: &str = "select id, case_id, step, entry_id, digest, thumb_digest, name, media_type, kind, size_bytes, \
                      from_citizen, lng, lat, by_id, by_name, uploaded_at from cases_attachment ";

impl From<Row> for Attachment {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            case_id: row.case_id,
            step: row.step,
            entry_id: row.entry_id,
            digest: row.digest,
            thumb_digest: row.thumb_digest,
            name: row.name,
            media_type: row.media_type,
            kind: row.kind,
            size_bytes: row.size_bytes,
            from_citizen: row.from_citizen != 0,
            position: row.lng.zip(row.lat),
            by_id: row.by_id,
            by_name: row.by_name,
            uploaded_at: Timestamp(row.uploaded_at),
        }
    }
}

/// A file on its way in.
#[derive(Clone, Debug, Default)]
pub struct Incoming {
    /// The name that the sender gives it.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// The small picture that the sender's page made.
    pub thumb: Option<Vec<u8>>,
    /// Where it was taken: longitude and latitude.
    pub position: Option<(f64, f64)>,
}

/// Whose a file will be.
#[derive(Clone, Debug, Default)]
pub(super) struct Owner {
    /// The order; empty while there is none.
    pub(super) case_id: String,
    pub(super) step: String,
    /// The ticket or link that it comes under.
    pub(super) upload_id: Option<String>,
    pub(super) from_citizen: bool,
    pub(super) by_id: String,
    pub(super) by_name: String,
}

/// Which waiting files go to an order that is being written.
#[derive(Clone, Debug, Default)]
pub enum Attached {
    /// None.
    #[default]
    Nothing,
    /// These, which the writer sent before.
    Of(Vec<String>),
    /// Those of an upload ticket.
    Under(String),
}

impl Attached {
    /// Lets the files go to an order, with the line of its time line that says so.
    pub(super) fn bind(&self, writes: &mut Writes, by_id: &str, case_id: &CaseId, entry_id: &str) {
        let mut update = Statement::new("update cases_attachment set entry_id = ");
        update.bind(entry_id.to_owned()).push(", case_id = ").bind(case_id.as_str().to_owned());
        update.push(" where entry_id is null and case_id = '' and ");
        match self {
            Self::Nothing => return,
            Self::Of(ids) if ids.is_empty() => return,
            Self::Of(ids) => {
                update.push("by_id = ").bind(by_id.to_owned()).push(" and id in (");
                update.bind_all(ids.iter().cloned()).push(")");
            }
            Self::Under(upload_id) => {
                update.push("upload_id = ").bind(upload_id.clone());
            }
        }
        writes.defer(update);
    }
}

/// Lets the files that were sent for a step of an order go to the line that tells of it.
pub(super) async fn bind_step(
    conn: &mut AnyConnection,
    case_id: &CaseId,
    by_id: &str,
    step: &str,
    entry_id: &str,
) -> Result<(), CaseError> {
    sqlx::query(
        "update cases_attachment set entry_id = $4 where case_id = $1 and by_id = $2 and step = $3 \
         and entry_id is null",
    )
    .bind(case_id.as_str())
    .bind(by_id)
    .bind(step)
    .bind(entry_id)
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets the files of a ticket or a link go to a line of an order's time line.
pub(super) async fn bind_upload(
    conn: &mut AnyConnection,
    case_id: &CaseId,
    upload_id: &str,
    step: &str,
    entry_id: &str,
) -> Result<(), CaseError> {
    sqlx::query(
        "update cases_attachment set entry_id = $4, case_id = $1, step = $3 where upload_id = $2 \
         and entry_id is null",
    )
    .bind(case_id.as_str())
    .bind(upload_id)
    .bind(step)
    .bind(entry_id)
    .execute(conn)
    .await?;
    Ok(())
}

/// How files of an exchange between units name what they belong to, before its id.
const EXCHANGE: &str = "exchange:";

/// Lets files that somebody sent before go to a post of an exchange.
pub(super) async fn bind_exchange(
    conn: &mut AnyConnection,
    exchange_id: &str,
    by_id: &str,
    files: &[String],
    post_id: &str,
) -> Result<(), CaseError> {
    if files.is_empty() {
        return Ok(());
    }
    let mut update = Statement::new("update cases_attachment set entry_id = ");
    update.bind(post_id).push(", case_id = ").bind(format!("{EXCHANGE}{exchange_id}"));
    update.push(" where entry_id is null and case_id = '' and by_id = ").bind(by_id).push(" and id in (");
    update.bind_all(files.iter().cloned()).push(")");
    update.query().execute(conn).await?;
    Ok(())
}

/// Reads the files of an exchange between units, oldest first.
pub(super) async fn of_exchange(conn: &mut AnyConnection, id: &str) -> Result<Vec<Attachment>, CaseError> {
    of_case(conn, &CaseId(format!("{EXCHANGE}{id}"))).await
}

pub(super) async fn by_id(conn: &mut AnyConnection, id: &str) -> Result<Attachment, CaseError> {
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} where id = $1")))
        .bind(id)
        .fetch_optional(conn)
        .await?;
    row.map(Into::into).ok_or(CaseError::NotFound)
}

/// Reads the files of an order, oldest first.
pub(super) async fn of_case(conn: &mut AnyConnection, id: &CaseId) -> Result<Vec<Attachment>, CaseError> {
    let sql = format!("{SELECT} where case_id = $1 order by uploaded_at, id");
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id.as_str()).fetch_all(conn).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Reads the files that came under a ticket or a link, oldest first.
pub(super) async fn of_upload(conn: &mut AnyConnection, id: &str) -> Result<Vec<Attachment>, CaseError> {
    let sql = format!("{SELECT} where upload_id = $1 order by uploaded_at, id");
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_all(conn).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Names the bytes of a file in the transaction, and returns the name under which they lie.
async fn name_bytes(
    tx: &mut Tx,
    digest: &str,
    blob: &str,
    media_type: &str,
    size_bytes: i64,
    now: Timestamp,
) -> Result<String, CaseError> {
    // Touching the row keeps the sweeper, which asks for old ones, from taking it away meanwhile.
    let (kept,): (String,) = sqlx::query_as(
        "insert into cases_file (digest, blob, media_type, size_bytes, touched_at) values ($1, $2, $3, $4, $5) \
         on conflict (digest) do update set touched_at = excluded.touched_at returning blob",
    )
    .bind(digest)
    .bind(blob)
    .bind(media_type)
    .bind(size_bytes)
    .bind(now.0)
    .fetch_one(tx.conn())
    .await?;
    Ok(kept)
}

fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

impl Cases {
    /// Keeps bytes and returns their digest and name in the folder.
    async fn put_bytes(&self, now: Timestamp, bytes: &[u8]) -> Result<(String, String), CaseError> {
        let digest = kernel::crypto::sha256_hex(bytes);
        let blob = self.kit().blobs.put(now, bytes).await.map_err(|error| CaseError::Port(error.into()))?;
        Ok((digest, blob))
    }

    /// Takes a file in. The same content for the same step is taken once, so that a sender who heard no answer
    /// sends it again without harm.
    pub(super) async fn take_in(
        &self,
        ctx: &Ctx,
        owner: Owner,
        file: Incoming,
    ) -> Result<Attachment, CaseError> {
        let (step, from_citizen) = (owner.step.clone(), owner.from_citizen);
        // Reading a packed document and digesting many bytes takes a while.
        let judged = tokio::task::spawn_blocking(move || {
            let (found, name) = file_type::judge(&file.name, &file.bytes)?;
            let bytes = attachment::prepare(found, file.bytes, &step, from_citizen);
            let thumb = file
                .thumb
                .filter(|_| matches!(found.kind.code(), "image" | "video"))
                .and_then(attachment::small_picture);
            Ok::<_, CaseError>((found, name, bytes, thumb))
        })
        .await
        .map_err(|error| CaseError::Port(error.into()))?;
        let (found, name, bytes, thumb) = judged?;
        let size_bytes = length(&bytes);
        let (digest, blob) = self.put_bytes(ctx.now, &bytes).await?;
        let small = match &thumb {
            Some((media_type, bytes)) => {
                let (digest, blob) = self.put_bytes(ctx.now, bytes).await?;
                Some((digest, blob, *media_type, length(bytes)))
            }
            None => None,
        };
        let kept = Attachment {
            id: kernel::id::new_id(),
            case_id: owner.case_id,
            step: owner.step,
            entry_id: None,
            digest,
            thumb_digest: small.as_ref().map(|(digest, ..)| digest.clone()),
            name,
            media_type: found.media_type.to_owned(),
            kind: found.kind.code().to_owned(),
            size_bytes,
            from_citizen,
            position: file.position.filter(|(lng, lat)| lng.abs() <= 180.0 && lat.abs() <= 90.0),
            by_id: owner.by_id,
            by_name: owner.by_name,
            uploaded_at: ctx.now,
        };
        let written = self.write_attachment(ctx, &kept, owner.upload_id.as_deref(), &blob, small.as_ref());
        let (attachment, named) = match written.await {
            Ok(written) => written,
            Err(error) => {
                self.drop_blobs([&blob].into_iter().chain(small.as_ref().map(|(_, blob, ..)| blob))).await;
                return Err(error);
            }
        };
        let extra = [&blob].into_iter().chain(small.as_ref().map(|(_, blob, ..)| blob));
        self.drop_blobs(extra.filter(|blob| !named.contains(blob))).await;
        Ok(attachment)
    }

    async fn drop_blobs(&self, blobs: impl Iterator<Item = &String> + Send) {
        for blob in blobs.cloned().collect::<Vec<_>>() {
            if let Err(error) = self.kit().blobs.remove(&blob).await {
                tracing::warn!(blob, %error, "a file that nothing names could not be removed");
            }
        }
    }

    /// Writes the rows; returns the file and the names of the bytes that are kept.
    async fn write_attachment(
        &self,
        ctx: &Ctx,
        file: &Attachment,
        upload_id: Option<&str>,
        blob: &str,
        small: Option<&(String, String, &'static str, i64)>,
    ) -> Result<(Attachment, Vec<String>), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        // Under a ticket its own files count; for staff those of the order, or those without one yet.
        let mut asked = Statement::new(SELECT);
        match upload_id {
            Some(upload_id) => asked.push("where upload_id = ").bind(upload_id.to_owned()),
            None if file.case_id.is_empty() => {
                asked.push("where case_id = '' and by_id = ").bind(file.by_id.clone())
            }
            None => asked.push("where case_id = ").bind(file.case_id.clone()),
        };
        let there: Vec<Row> = asked.query_as().fetch_all(tx.conn()).await?;
        let known = there.iter().position(|row| {
            row.entry_id.is_none()
                && (&row.digest, &row.step, &row.by_id) == (&file.digest, &file.step, &file.by_id)
        });
        if let Some(at) = known {
            let known = there.into_iter().nth(at).map(Attachment::from).ok_or(CaseError::NotFound)?;
            return Ok((known, Vec::new()));
        }
        let held = Held {
            files: i64::try_from(there.len()).unwrap_or(i64::MAX),
            bytes: there.iter().map(|row| row.size_bytes).sum(),
        };
        attachment::check_room(held, file.size_bytes, upload_id.is_some())?;
        let mut named =
            vec![name_bytes(&mut tx, &file.digest, blob, &file.media_type, file.size_bytes, ctx.now).await?];
        if let Some((digest, blob, media_type, size)) = small {
            named.push(name_bytes(&mut tx, digest, blob, media_type, *size, ctx.now).await?);
        }
        sqlx::query(
            "insert into cases_attachment (id, case_id, step, entry_id, upload_id, digest, thumb_digest, name, \
             media_type, kind, size_bytes, from_citizen, lng, lat, by_id, by_name, uploaded_at) \
             values ($1, $2, $3, null, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
        .bind(&file.id)
        .bind(&file.case_id)
        .bind(&file.step)
        .bind(upload_id)
        .bind(&file.digest)
        .bind(&file.thumb_digest)
        .bind(&file.name)
        .bind(&file.media_type)
        .bind(&file.kind)
        .bind(file.size_bytes)
        .bind(i64::from(file.from_citizen))
        .bind(Real(file.position.map(|(lng, _)| lng)))
        .bind(Real(file.position.map(|(_, lat)| lat)))
        .bind(&file.by_id)
        .bind(&file.by_name)
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        let detail = serde_json::json!({ "case_id": file.case_id, "step": file.step, "digest": file.digest });
        tx.audit(ctx, Audit::new("attachment.upload", "attachment", file.id.clone()).detail(detail));
        tx.commit().await?;
        Ok((file.clone(), named))
    }

    /// Takes a file of a member of staff in: for a step of an order, or for an order to be written.
    ///
    /// # Errors
    /// Those of the step's action; [`CaseError::Invalid`] for a file that is refused; [`CaseError::Refused`]
    /// without room.
    pub async fn attach(
        &self,
        ctx: &Ctx,
        by: &Principal,
        case_id: Option<&CaseId>,
        step: &str,
        file: Incoming,
    ) -> Result<Attachment, CaseError> {
        if let Some(id) = case_id {
            self.may_attach(by, id, step).await?;
        }
        let owner = Owner {
            case_id: case_id.map(|id| id.as_str().to_owned()).unwrap_or_default(),
            step: if case_id.is_some() { step.to_owned() } else { CREATION.to_owned() },
            by_id: by.person_id.clone(),
            by_name: by.name.clone(),
            ..Owner::default()
        };
        self.take_in(ctx, owner, file).await
    }

    /// Checks that `by` may send files for a step of an order.
    ///
    /// # Errors
    /// Those of the step's action.
    pub async fn may_attach(&self, by: &Principal, id: &CaseId, step: &str) -> Result<(), CaseError> {
        let case = self.read(by, id).await?;
        let action = attachment::action_of(step)?;
        action.permit(&case, by)?;
        action.fits(&case, &self.rule_book().operations)
    }

    /// Lists the files of an order that `by` may see, and says how many are kept from `by`.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when `by` may not read the order.
    pub async fn attachments(
        &self,
        by: &Principal,
        id: &CaseId,
    ) -> Result<(Vec<Attachment>, usize), CaseError> {
        let mut conn = self.kit().db.reader().acquire().await?;
        let case = work::read(&mut conn, by, id).await?;
        let all = of_case(&mut conn, id).await?;
        let hidden = all.iter().filter(|one| one.entry_id.is_some() && !one.is_visible_to(&case, by)).count();
        Ok((all.into_iter().filter(|one| one.is_visible_to(&case, by)).collect(), hidden))
    }

    /// Lists the files that `by` sent for an order that is not written yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn waiting_attachments(&self, by: &Principal) -> Result<Vec<Attachment>, CaseError> {
        let sql = format!(
            "{SELECT} where case_id = '' and by_id = $1 and entry_id is null order by uploaded_at, id"
        );
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(&by.person_id)
            .fetch_all(self.kit().db.reader())
            .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Finds a file that `by` may see.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when there is none for `by`.
    pub async fn attachment_file(
        &self,
        by: &Principal,
        id: &str,
        thumb: bool,
    ) -> Result<FileToServe, CaseError> {
        let mut conn = self.kit().db.reader().acquire().await?;
        let found = by_id(&mut conn, id).await?;
        if found.case_id.is_empty() {
            if found.by_id != by.person_id {
                return Err(CaseError::NotFound);
            }
        } else if let Some(exchange_id) = found.case_id.strip_prefix(EXCHANGE) {
            exchange_at(&mut conn, by, exchange_id).await?;
        } else {
            let case = work::read(&mut conn, by, &CaseId(found.case_id.clone())).await?;
            if !found.is_visible_to(&case, by) {
                return Err(CaseError::NotFound);
            }
        }
        to_serve(&mut conn, &found, thumb).await
    }

    /// Forgets a file of `by`'s own whose step is not done yet.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when there is none; [`CaseError::Refused`] when it belongs to an order's record.
    pub async fn detach(&self, ctx: &Ctx, by: &Principal, id: &str) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let found = by_id(tx.conn(), id).await?;
        if found.by_id.is_empty() || found.by_id != by.person_id {
            return Err(CaseError::NotFound);
        }
        self.forget_pending(tx, ctx, &found).await
    }

    pub(super) async fn forget_pending(
        &self,
        mut tx: Tx,
        ctx: &Ctx,
        found: &Attachment,
    ) -> Result<(), CaseError> {
        let gone = sqlx::query("delete from cases_attachment where id = $1 and entry_id is null")
            .bind(&found.id)
            .execute(tx.conn())
            .await?;
        if gone.rows_affected() == 0 {
            return Err(CaseError::refused(
                "attachment.kept",
                "该附件已随工单提交，不能删除。",
                "This file belongs to the order's record and stays.",
            ));
        }
        let detail = serde_json::json!({ "case_id": found.case_id, "name": found.name });
        tx.audit(ctx, Audit::new("attachment.take_back", "attachment", found.id.clone()).detail(detail));
        Ok(tx.commit().await?)
    }

    /// Forgets files that nobody made use of, tickets that ended, and bytes that nothing names. Returns how many
    /// bytes' names went.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_uploads(&self, now: Timestamp) -> Result<usize, CaseError> {
        let mut tx = self.kit().db.begin().await?;
        sqlx::query("delete from cases_attachment where entry_id is null and uploaded_at < $1")
            .bind(now.0 - PENDING_MS)
            .execute(tx.conn())
            .await?;
        sqlx::query("delete from cases_upload where expires_at < $1")
            .bind(now.0 - PENDING_MS)
            .execute(tx.conn())
            .await?;
        let unnamed: Vec<(String, String)> = sqlx::query_as(
            "select digest, blob from cases_file f where touched_at < $1 \
             and not exists (select 1 from cases_attachment a where a.digest = f.digest) \
             and not exists (select 1 from cases_attachment a where a.thumb_digest = f.digest) limit $2",
        )
        .bind(now.0 - UNNAMED_MS)
        .bind(SWEEP_MAX)
        .fetch_all(tx.conn())
        .await?;
        let mut gone = Vec::new();
        for (digest, blob) in unnamed {
            let taken = sqlx::query("delete from cases_file where digest = $1 and touched_at < $2")
                .bind(&digest)
                .bind(now.0 - UNNAMED_MS)
                .execute(tx.conn())
                .await?;
            if taken.rows_affected() == 1 {
                gone.push(blob);
            }
        }
        tx.commit().await?;
        self.drop_blobs(gone.iter()).await;
        Ok(gone.len())
    }
}

/// Finds the bytes of a file, or of its small picture.
pub(super) async fn to_serve(
    conn: &mut AnyConnection,
    found: &Attachment,
    thumb: bool,
) -> Result<FileToServe, CaseError> {
    let digest =
        if thumb { found.thumb_digest.clone().ok_or(CaseError::NotFound)? } else { found.digest.clone() };
    let row: Option<(String, String, i64)> =
        sqlx::query_as("select blob, media_type, size_bytes from cases_file where digest = $1")
            .bind(&digest)
            .fetch_optional(conn)
            .await?;
    let (blob, stored_type, size_bytes) = row.ok_or(CaseError::NotFound)?;
    Ok(FileToServe {
        name: found.name.clone(),
        // The same bytes may have come under another name; for what cannot be shown the name decides.
        media_type: if thumb { stored_type } else { found.media_type.clone() },
        size_bytes,
        blob,
        digest,
    })
}
