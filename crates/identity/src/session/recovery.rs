//! What a security administrator does for people who cannot sign in.

use contract::identity::PersonId;
use kernel::crypto::sha256_hex;
use kernel::{Audit, Ctx};

use crate::directory::Touched;
use crate::error::IdentityError;
use crate::password::check_password;
use crate::{Identity, store};

impl Identity {
    /// Lifts the lock of an account.
    ///
    /// # Errors
    /// When the person does not exist.
    pub async fn unlock(&self, ctx: &Ctx, id: &PersonId) -> Result<(), IdentityError> {
        let mut tx = self.kit.db.begin().await?;
        let person = store::person::find(tx.conn(), id).await?.ok_or(IdentityError::NotFound)?;
        store::attempt::forget(tx.conn(), &sha256_hex(person.account.as_bytes())).await?;
        tx.audit(ctx, Audit::new("person.unlock", "person", id.0.clone()));
        Ok(tx.commit().await?)
    }

    /// Gives somebody a password that must be changed at the next sign-in, and ends their sessions.
    ///
    /// # Errors
    /// When the person does not exist or the password is weak.
    pub async fn reset_password(&self, ctx: &Ctx, id: &PersonId, new: String) -> Result<(), IdentityError> {
        let account =
            self.directory.read(|snapshot| snapshot.people.get(id).map(|person| person.account.clone()));
        let account = account.ok_or(IdentityError::NotFound)?;
        check_password(&new, &account, self.password_length_min())?;
        let hash = self.hasher.hash(new).await?;
        let mut change = self.begin_change().await?;
        store::person::set_password(change.tx.conn(), id, &hash, true, ctx.now).await?;
        store::session::end_all(change.tx.conn(), id, None, ctx.now).await?;
        store::attempt::forget(change.tx.conn(), &sha256_hex(account.as_bytes())).await?;
        change.tx.audit(ctx, Audit::new("person.reset_password", "person", id.0.clone()));
        self.finish(change, Touched::Person(id.clone())).await
    }

    /// Takes away the second factor of somebody who lost it, and ends their sessions.
    ///
    /// # Errors
    /// When the person does not exist.
    pub async fn reset_totp(&self, ctx: &Ctx, id: &PersonId) -> Result<(), IdentityError> {
        let mut tx = self.kit.db.begin().await?;
        store::person::find(tx.conn(), id).await?.ok_or(IdentityError::NotFound)?;
        store::person::set_totp(tx.conn(), id, None, false, 0).await?;
        store::session::end_all(tx.conn(), id, None, ctx.now).await?;
        tx.audit(ctx, Audit::new("person.reset_totp", "person", id.0.clone()));
        tx.commit().await?;
        self.gate.forget_all();
        Ok(())
    }
}
