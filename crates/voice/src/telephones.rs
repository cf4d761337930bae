//! Desk telephones: what is stored of them, brought to signalling and to the floor.

use kernel::{Audit, Ctx, DbError};

use crate::Voice;
use crate::accounts::new_password;
use crate::core::Core;
use crate::desk::PhoneChoice;
use crate::sip_port::Place;
use crate::store::telephones;

/// Reads all accounts. Whoever lost theirs, or has another password now, has to register again.
///
/// # Errors
/// When the database fails.
pub async fn load(core: &Core) -> Result<(), DbError> {
    let accounts = telephones::all(&core.kit.db).await?;
    for account in &accounts {
        let place = if account.chosen == 1 { Place::Desk } else { Place::Page };
        let choice = PhoneChoice { place, auto_answer: account.auto_answer == 1 };
        if core.desk.phone_choice(&account.seat_no) != choice {
            core.desk.choose_phone(&account.seat_no, choice);
        }
    }
    for seat in core.accounts.replace(accounts.into_iter().map(|account| (account.seat_no, account.ha1))) {
        core.stack.forget_telephones(&seat);
        if !core.accounts.has(&seat) {
            core.desk.choose_phone(&seat, PhoneChoice::default());
        }
    }
    Ok(())
}

impl Voice {
    /// Gives a seat, by id and number, a desk telephone. Nobody is told its password: whoever sets the telephone up has
    /// another one made. A seat that has one keeps it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_telephone(&self, ctx: &Ctx, seat: (&str, &str), note: &str) -> Result<(), DbError> {
        let (_, ha1) = new_password(seat.1, &self.core.config.realm);
        let mut tx = self.core.kit.db.begin().await?;
        if telephones::insert(&mut tx, ctx, seat, &ha1, note).await? {
            let detail = serde_json::json!({ "seat_no": seat.1 });
            tx.audit(ctx, Audit::new("telephone.create", "telephone", seat.0).detail(detail));
        }
        tx.commit().await?;
        load(&self.core).await
    }
}
