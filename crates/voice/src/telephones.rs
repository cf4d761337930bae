//! Desk telephones: what is stored of them, brought to signalling and to the floor.

use kernel::DbError;

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
