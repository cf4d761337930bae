//! Who reacts to what: the whole flow of events at a glance.
//!
//! | event | reaction |
//! |---|---|
//! | `cases.task_opened` | `cases.auto_dispatch`: an order at its dispatch goes out by the catalogue, where its row says so |
//! | `cases.deadline_near`, `…_missed`, `cases.case_urged`, `…_returned`, `…_dispatched`, `…_assigned` | `messages.tell`: whom the rules name gets a notice |
//! | `cases.alarm_raised`, `cases.rating_given` | `messages.tell`: the next level learns of an alarm, the unit of a bad rating |
//! | `exchange.written` | `messages.tell`: the units that another unit wrote to learn of it |
//! | `cases.citizen_reply_due` | `messages.tell_citizen`: a text to the citizen is queued for the agreed way |
//! | `messages.citizen_told` | `cases.note_told`: the time line says so; what could not go out becomes a call |
//! | `identity.unit_dissolved` | `cases.succeed_unit`: the job `cases.succession` hands orders, tasks and the catalogue to the successor |
//! | `identity.unit_changed` | `cases.note_move`: orders, finds, commitments, alarms and exchanges of a moved unit follow by the job `cases.follow_units` |
//! | `succession.unit_succeeded` | `messages.tell`: the successor's clerks are told how many orders came |
//! | `identity.registration_changed` | `messages.tell`: who decides on applications, or gives rights, is told |
//! | `voice.recording_finished` | `cases.bind_recording`: the recording is bound to the orders of its call |
//! | `cases.*`, `voice.call_*` | `insight` reads them at a place of its own and takes the orders and calls in as facts |
//! | `identity.seat_changed` | `voice.follow_seats`: whoever sits there has other skills for calls from now on |

//!
//! Beside these, every process follows `cases.*` by the pushes that screens get: `bot` keeps the newest orders in memory.

use kernel::Subscription;

use crate::compose::City;

/// Returns all subscriptions.
pub(crate) fn subscriptions(city: &City) -> Vec<Subscription> {
    let mut all = cases::react::subscriptions(&city.cases);
    all.extend(voice::react::subscriptions(&city.voice));
    all.extend(messages::subscriptions(&city.messages));
    all
}
