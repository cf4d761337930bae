//! What the slice does when something happens elsewhere.

use std::sync::Arc;

use contract::identity::SeatChanged;
use kernel::{BoxError, Event as _, Subscription};

use crate::Voice;
use crate::core::Core;
use crate::desk::SeatPlace;

/// Returns the slice's reactions.
#[must_use]
pub fn subscriptions(voice: &Voice) -> Vec<Subscription> {
    let core = voice.core.clone();
    vec![Subscription::new("voice.follow_seats", &[SeatChanged::NAME], move |envelope| {
        let core = core.clone();
        async move {
            let event: SeatChanged = envelope.read()?;
            follow_seat(&core, &event).await
        }
    })]
}

/// Somebody at the seat has other skills from now on.
async fn follow_seat(core: &Arc<Core>, event: &SeatChanged) -> Result<(), BoxError> {
    let Some(directory) = &core.ports.directory else { return Ok(()) };
    let Some(seat) = directory.seat(&event.seat_id).await? else { return Ok(()) };
    if core.desk.sitting_at(&seat.no).is_none() {
        return Ok(());
    }
    let unit = directory.unit(&seat.unit_id).await?;
    let place = SeatPlace {
        unit_path: unit.as_ref().map(|unit| unit.path.clone()).unwrap_or_default(),
        unit_name: unit.map(|unit| unit.name).unwrap_or_default(),
        unit_id: seat.unit_id.0,
        skills: seat.skills,
        // That is the person's right, and the person stays.
        chats: core.desk.place_of(&seat.no).is_some_and(|place| place.chats),
    };
    core.desk.place(&seat.no, seat.id.as_str(), place);
    Ok(())
}
