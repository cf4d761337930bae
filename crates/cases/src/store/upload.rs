//! Files of people without an account: tickets of citizens, links of outside helpers.

use async_trait::async_trait;
use contract::cases::{CaseId, FileToServe, UploadDesk, UploadRight, UploadTicket, UploadView, UploadedFile};
use kernel::{Ctx, Problem, Timestamp};

use super::attachment::{self, Incoming, Owner};
use super::{case, external_link};
use crate::Cases;
use crate::case::attachment::{
    Attachment, CITIZEN_FILE_BYTES_MAX, CITIZEN_FILES_MAX, CITIZEN_TOTAL_BYTES_MAX, HELP, SUBMISSION,
};
use crate::case::external_link::check_open;
use crate::error::CaseError;

/// A ticket lives so long.
const TICKET_MS: i64 = 2 * 3_600_000;

fn view(file: &Attachment) -> UploadView {
    UploadView {
        id: file.id.clone(),
        name: file.name.clone(),
        kind: file.kind.clone(),
        media_type: file.media_type.clone(),
        size_bytes: file.size_bytes,
        has_thumb: file.thumb_digest.is_some(),
        uploaded_at: file.uploaded_at.0,
        waiting: file.entry_id.is_none(),
    }
}

impl Cases {
    /// Returns the id behind a ticket's token.
    ///
    /// # Errors
    /// [`CaseError::Gone`] when the ticket ended or never was.
    pub(super) async fn ticket(&self, token: &str, now: Timestamp) -> Result<String, CaseError> {
        let id = kernel::crypto::sha256_hex(token.as_bytes());
        let found: Option<(i64,)> = sqlx::query_as("select expires_at from cases_upload where id = $1")
            .bind(&id)
            .fetch_optional(self.kit().db.reader())
            .await?;
        match found {
            Some((expires_at,)) if expires_at > now.0 => Ok(id),
            _ => Err(CaseError::Gone { code: "upload.ended" }),
        }
    }

    /// Finds whose the files of a right are, and what they are sent for.
    async fn owner(&self, ctx: &Ctx, right: UploadRight<'_>) -> Result<Owner, CaseError> {
        match right {
            UploadRight::Ticket(token) => Ok(Owner {
                step: SUBMISSION.to_owned(),
                upload_id: Some(self.ticket(token, ctx.now).await?),
                from_citizen: true,
                by_name: "市民".to_owned(),
                ..Owner::default()
            }),
            UploadRight::Link(token) => {
                let mut conn = self.kit().db.reader().acquire().await?;
                let (case_id, link) = external_link::by_token(&mut conn, token).await?;
                let order = case::load(&mut conn, &case_id).await?.ok_or(CaseError::NotFound)?;
                check_open(&order, &link, ctx.now)?;
                Ok(Owner {
                    case_id: case_id.0,
                    step: HELP.to_owned(),
                    upload_id: Some(external_link::upload_id(&link.id)),
                    by_name: link.helper,
                    ..Owner::default()
                })
            }
            UploadRight::Order { .. } => Err(CaseError::NotFound),
        }
    }

    /// Lists what may be seen under a right.
    async fn seen(&self, ctx: &Ctx, right: UploadRight<'_>) -> Result<Vec<Attachment>, CaseError> {
        if let UploadRight::Order { number, code } = right {
            let case = self.by_code(number, code).await?.ok_or(CaseError::NotFound)?;
            let mut conn = self.kit().db.reader().acquire().await?;
            let mut files = attachment::of_case(&mut conn, &case.id).await?;
            files.retain(|file| file.from_citizen && file.entry_id.is_some());
            return Ok(files);
        }
        let owner = self.owner(ctx, right).await?;
        let mut conn = self.kit().db.reader().acquire().await?;
        let mut files = match &owner.upload_id {
            Some(upload_id) => attachment::of_upload(&mut conn, upload_id).await?,
            None => Vec::new(),
        };
        if matches!(right, UploadRight::Link(_)) {
            let id = CaseId(owner.case_id);
            let case = case::load(&mut conn, &id).await?.ok_or(CaseError::NotFound)?;
            let shown = attachment::of_case(&mut conn, &id).await?;
            files.splice(0..0, shown.into_iter().filter(|file| file.is_visible_to_helper(&case)));
        }
        Ok(files)
    }

    async fn seen_one(&self, ctx: &Ctx, right: UploadRight<'_>, id: &str) -> Result<Attachment, CaseError> {
        self.seen(ctx, right).await?.into_iter().find(|file| file.id == id).ok_or(CaseError::NotFound)
    }

    async fn put_upload(
        &self,
        ctx: &Ctx,
        right: UploadRight<'_>,
        file: UploadedFile,
    ) -> Result<UploadView, CaseError> {
        let owner = self.owner(ctx, right).await?;
        let file = Incoming { name: file.name, bytes: file.bytes, thumb: file.thumb, position: None };
        Ok(view(&self.take_in(ctx, owner, file).await?))
    }

    async fn take_upload_back(&self, ctx: &Ctx, right: UploadRight<'_>, id: &str) -> Result<(), CaseError> {
        let owner = self.owner(ctx, right).await?;
        let mut tx = self.kit().db.begin().await?;
        let own = attachment::of_upload(tx.conn(), owner.upload_id.as_deref().unwrap_or_default()).await?;
        let found = own.into_iter().find(|file| file.id == id).ok_or(CaseError::NotFound)?;
        self.forget_pending(tx, ctx, &found).await
    }

    async fn give_ticket(&self, ctx: &Ctx) -> Result<UploadTicket, CaseError> {
        let token = kernel::crypto::random_token(24);
        let expires_at = ctx.now.0 + TICKET_MS;
        let mut tx = self.kit().db.begin().await?;
        sqlx::query("insert into cases_upload (id, opened_at, expires_at, ip) values ($1, $2, $3, $4)")
            .bind(kernel::crypto::sha256_hex(token.as_bytes()))
            .bind(ctx.now.0)
            .bind(expires_at)
            .bind(ctx.ip.as_deref())
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(UploadTicket {
            token,
            expires_at,
            files_max: CITIZEN_FILES_MAX,
            file_bytes_max: CITIZEN_FILE_BYTES_MAX,
            total_bytes_max: CITIZEN_TOTAL_BYTES_MAX,
        })
    }

    async fn find_upload(
        &self,
        ctx: &Ctx,
        right: UploadRight<'_>,
        id: &str,
        thumb: bool,
    ) -> Result<FileToServe, CaseError> {
        let found = self.seen_one(ctx, right, id).await?;
        let mut conn = self.kit().db.reader().acquire().await?;
        attachment::to_serve(&mut conn, &found, thumb).await
    }
}

#[async_trait]
impl UploadDesk for Cases {
    async fn open_ticket(&self, ctx: &Ctx) -> Result<UploadTicket, Problem> {
        Ok(self.give_ticket(ctx).await?)
    }

    async fn put(
        &self,
        ctx: &Ctx,
        right: UploadRight<'_>,
        file: UploadedFile,
    ) -> Result<UploadView, Problem> {
        Ok(self.put_upload(ctx, right, file).await?)
    }

    async fn take_back(&self, ctx: &Ctx, right: UploadRight<'_>, id: &str) -> Result<(), Problem> {
        Ok(self.take_upload_back(ctx, right, id).await?)
    }

    async fn list(&self, ctx: &Ctx, right: UploadRight<'_>) -> Result<Vec<UploadView>, Problem> {
        Ok(self.seen(ctx, right).await?.iter().map(view).collect())
    }

    async fn find(
        &self,
        ctx: &Ctx,
        right: UploadRight<'_>,
        id: &str,
        thumb: bool,
    ) -> Result<FileToServe, Problem> {
        Ok(self.find_upload(ctx, right, id, thumb).await?)
    }
}
