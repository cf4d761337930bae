//! Who reacts to what: the whole flow of events at a glance.
//!
//! | event | reaction |
//! |---|---|
//! | `cases.task_opened` | `cases.auto_dispatch`: an order at its dispatch goes out by the catalogue, where its row says so |
//! | `voice.recording_finished` | `cases.bind_recording`: the recording is bound to the orders of its call |

use kernel::Subscription;

use crate::compose::City;

/// Returns all subscriptions.
pub(crate) fn subscriptions(city: &City) -> Vec<Subscription> {
    cases::react::subscriptions(&city.cases)
}
