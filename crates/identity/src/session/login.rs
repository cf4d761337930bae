//! Sign-in and sign-out.

use contract::identity::{PersonId, SessionRevoked};
use kernel::crypto::{random_token, sha256_hex};
use kernel::{Actor, ActorKind, Audit, Ctx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{StoredSession, token_digest};
use crate::attempts::{AttemptRules, Attempts};
use crate::error::IdentityError;
use crate::person::{StoredPerson, normal_account};
use crate::{Identity, store, totp};

/// What somebody signs in with.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
pub struct Credentials {
    /// The account.
    pub account: String,
    /// The password.
    pub password: String,
    /// The code of the authenticator, when one is set up.
    pub totp_code: Option<String>,
}

/// A fresh session.
pub struct SignedIn {
    /// The token for the cookie; it is nowhere else.
    pub token: String,
    /// The person.
    pub person_id: PersonId,
    /// The session.
    pub session_id: String,
}

impl Identity {
    /// Signs somebody in. Unknown accounts cost the same time and lock in the same way as known ones, so
    /// that answers do not tell which accounts exist.
    ///
    /// # Errors
    /// When the account is locked, a credential is wrong, or a one-time code is missing.
    pub async fn sign_in(
        &self,
        ctx: &Ctx,
        credentials: Credentials,
        agent: Option<String>,
    ) -> Result<SignedIn, IdentityError> {
        let account = normal_account(&credentials.account);
        let digest = sha256_hex(account.as_bytes());
        // Guesses at one account take turns, so that a burst cannot outrun the count of failures.
        let _turn = self.attempt_turn(&digest).await;
        let mut conn = self.kit.db.reader().acquire().await?;
        let rules = self.attempt_rules();
        let attempts = store::attempt::find(&mut conn, &digest).await?;
        attempts.check(ctx.now)?;
        let person = store::person::by_account(&mut conn, &account).await?.filter(|person| person.active);
        drop(conn);
        let hash = person.as_ref().map(|person| person.password_hash.clone());
        let fits = self.hasher.verify(credentials.password, hash).await?;
        let Some(person) = person.filter(|_| fits) else {
            return Err(self
                .refuse(ctx, &account, &digest, attempts, rules, IdentityError::SignInRefused)
                .await?);
        };
        let step = match second_factor(&person, credentials.totp_code.as_deref(), ctx.now) {
            Ok(step) => step,
            Err(IdentityError::TotpRequired) => return Err(IdentityError::TotpRequired),
            Err(error) => return Err(self.refuse(ctx, &account, &digest, attempts, rules, error).await?),
        };
        let ctx = Ctx {
            actor: Actor { kind: ActorKind::Person, id: person.id.0.clone(), name: person.name.clone() },
            ..ctx.clone()
        };
        let token = random_token(32);
        let session = StoredSession {
            id: kernel::id::new_id(),
            person_id: person.id.clone(),
            created_at: ctx.now,
            seen_at: ctx.now,
            ended_at: None,
        };
        let mut tx = self.kit.db.begin().await?;
        if !store::person::note_sign_in(tx.conn(), &person.id, step, ctx.now).await? {
            return Err(IdentityError::TotpWrong);
        }
        store::attempt::forget(tx.conn(), &digest).await?;
        let agent = agent.map(|agent| agent.chars().take(200).collect::<String>());
        store::session::insert(tx.conn(), &session, &token_digest(&token), ctx.ip.clone(), agent).await?;
        tx.audit(
            &ctx,
            Audit::new("session.create", "session", session.id.clone())
                .detail(json!({"account": person.account, "two_factors": step.is_some()})),
        );
        tx.commit().await?;
        Ok(SignedIn { token, person_id: person.id, session_id: session.id })
    }

    /// Counts a failure and returns the error to answer with.
    async fn refuse(
        &self,
        ctx: &Ctx,
        account: &str,
        digest: &str,
        attempts: Attempts,
        rules: AttemptRules,
        error: IdentityError,
    ) -> Result<IdentityError, IdentityError> {
        let after = attempts.after_failure(ctx.now, rules);
        let locked = after.check(ctx.now).is_err();
        let mut tx = self.kit.db.begin().await?;
        let person = store::person::by_account(tx.conn(), account).await?;
        store::attempt::save(tx.conn(), digest, after).await?;
        // What was typed is only written down when it is an account: it may be a password in the wrong box.
        let subject = person.map(|person| person.id.0).unwrap_or_default();
        tx.audit(
            ctx,
            Audit::new(if locked { "session.lock" } else { "session.refuse" }, "person", subject)
                .detail(json!({"failures": after.failures, "reason": error.to_string()})),
        );
        tx.commit().await?;
        Ok(if locked { after.check(ctx.now).err().unwrap_or(error) } else { error })
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When it does not exist or ended already.
    pub async fn end_session(&self, ctx: &Ctx, session_id: &str) -> Result<(), IdentityError> {
        let mut tx = self.kit.db.begin().await?;
        let person_id =
            store::session::end(tx.conn(), session_id, ctx.now).await?.ok_or(IdentityError::NotFound)?;
        let revoked = person_id.0 != ctx.actor.id;
        tx.audit(
            ctx,
            Audit::new(if revoked { "session.revoke" } else { "session.end" }, "session", session_id)
                .detail(json!({"person_id": person_id})),
        );
        tx.emit(ctx, &SessionRevoked { session_id: session_id.to_owned(), person_id });
        tx.commit().await?;
        self.gate.forget_all();
        Ok(())
    }
}

/// Checks the second factor and returns the step that its code used up.
fn second_factor(
    person: &StoredPerson,
    code: Option<&str>,
    now: kernel::Timestamp,
) -> Result<Option<i64>, IdentityError> {
    let Some(secret) = person.totp_secret.as_ref().filter(|_| person.totp_enabled) else { return Ok(None) };
    let code = code.filter(|code| !code.trim().is_empty()).ok_or(IdentityError::TotpRequired)?;
    totp::accept(secret, code, now, person.totp_step).map(Some).ok_or(IdentityError::TotpWrong)
}
