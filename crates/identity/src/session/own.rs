//! What people do with their own password and second factor.

use contract::identity::PersonId;
use kernel::crypto::sha256_hex;
use kernel::{Audit, Ctx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::Touched;
use crate::error::IdentityError;
use crate::password::check_password;
use crate::person::StoredPerson;
use crate::{Identity, store, totp};

/// A second factor that waits to be confirmed.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TotpOffer {
    /// The secret in Base32, to be typed into an authenticator.
    pub secret: String,
    /// The same as an address for a QR code.
    pub otpauth_uri: String,
}

impl Identity {
    /// Changes one's own password and ends one's other sessions.
    ///
    /// # Errors
    /// When the old one is wrong or the new one weak or the same.
    pub async fn change_password(
        &self,
        ctx: &Ctx,
        id: &PersonId,
        session_id: &str,
        old: String,
        new: String,
    ) -> Result<(), IdentityError> {
        let person = self.prove_password(ctx, id, old.clone()).await?;
        check_password(&new, &person.account, self.password_length_min())?;
        if new == old {
            return Err(IdentityError::field(
                "password",
                "same",
                "新密码与旧密码相同。",
                "It is the old password.",
            ));
        }
        let hash = self.hasher.hash(new).await?;
        let mut change = self.begin_change().await?;
        store::person::set_password(change.tx.conn(), id, &hash, false, ctx.now).await?;
        store::session::end_all(change.tx.conn(), id, Some(session_id), ctx.now).await?;
        change.tx.audit(ctx, Audit::new("person.change_password", "person", id.0.clone()));
        self.finish(change, Touched::Person(id.clone())).await
    }

    /// Offers a second factor; it counts once [`Identity::confirm_totp`] has seen a code.
    ///
    /// # Errors
    /// When one is set up already.
    pub async fn offer_totp(&self, ctx: &Ctx, id: &PersonId) -> Result<TotpOffer, IdentityError> {
        let mut tx = self.kit.db.begin().await?;
        let person = store::person::find(tx.conn(), id).await?.ok_or(IdentityError::NotFound)?;
        if person.totp_enabled {
            return Err(IdentityError::TotpState);
        }
        let secret = totp::new_secret();
        store::person::set_totp(tx.conn(), id, Some(&secret), false, 0).await?;
        tx.audit(ctx, Audit::new("person.offer_totp", "person", id.0.clone()));
        tx.commit().await?;
        Ok(TotpOffer { otpauth_uri: totp::otpauth_uri(&secret, &person.account), secret })
    }

    /// Turns the offered second factor on.
    ///
    /// # Errors
    /// When none is offered or the code is wrong.
    pub async fn confirm_totp(&self, ctx: &Ctx, id: &PersonId, code: &str) -> Result<(), IdentityError> {
        let digest = attempt_digest(id);
        let _turn = self.attempt_turn(&digest).await;
        let mut tx = self.kit.db.begin().await?;
        let attempts = store::attempt::find(tx.conn(), &digest).await?;
        attempts.check(ctx.now)?;
        let person = store::person::find(tx.conn(), id).await?.ok_or(IdentityError::NotFound)?;
        let (Some(secret), false) = (&person.totp_secret, person.totp_enabled) else {
            return Err(IdentityError::TotpState);
        };
        let Some(step) = totp::accept(secret, code, ctx.now, 0) else {
            let after = attempts.after_failure(ctx.now, self.attempt_rules());
            store::attempt::save(tx.conn(), &digest, after).await?;
            tx.commit().await?;
            return Err(IdentityError::TotpWrong);
        };
        store::attempt::forget(tx.conn(), &digest).await?;
        store::person::set_totp(tx.conn(), id, Some(secret), true, step).await?;
        tx.audit(ctx, Audit::new("person.enable_totp", "person", id.0.clone()));
        Ok(tx.commit().await?)
    }

    /// Turns one's own second factor off.
    ///
    /// # Errors
    /// When the password is wrong.
    pub async fn remove_own_totp(
        &self,
        ctx: &Ctx,
        id: &PersonId,
        password: String,
    ) -> Result<(), IdentityError> {
        self.prove_password(ctx, id, password).await?;
        let mut tx = self.kit.db.begin().await?;
        store::person::set_totp(tx.conn(), id, None, false, 0).await?;
        tx.audit(ctx, Audit::new("person.disable_totp", "person", id.0.clone()));
        Ok(tx.commit().await?)
    }

    /// Proves that whoever holds the session also knows the password; failures count as at sign-in.
    async fn prove_password(
        &self,
        ctx: &Ctx,
        id: &PersonId,
        password: String,
    ) -> Result<StoredPerson, IdentityError> {
        let digest = attempt_digest(id);
        let _turn = self.attempt_turn(&digest).await;
        let mut conn = self.kit.db.reader().acquire().await?;
        let attempts = store::attempt::find(&mut conn, &digest).await?;
        attempts.check(ctx.now)?;
        let person = store::person::find(&mut conn, id).await?.ok_or(IdentityError::NotFound)?;
        drop(conn);
        let fits = self.hasher.verify(password, Some(person.password_hash.clone())).await?;
        if fits && attempts.failures == 0 {
            return Ok(person);
        }
        let mut tx = self.kit.db.begin().await?;
        if fits {
            store::attempt::forget(tx.conn(), &digest).await?;
        } else {
            let after = attempts.after_failure(ctx.now, self.attempt_rules());
            store::attempt::save(tx.conn(), &digest, after).await?;
            tx.audit(ctx, Audit::new("person.refuse_password", "person", id.0.clone()));
        }
        tx.commit().await?;
        if fits { Ok(person) } else { Err(IdentityError::PasswordWrong) }
    }
}

/// Names the count of failures inside sessions, apart from that of sign-in, so that one cannot lock the other.
fn attempt_digest(id: &PersonId) -> String {
    sha256_hex(format!("session of {id}").as_bytes())
}
