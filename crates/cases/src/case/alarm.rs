//! Alarms of missed limits (超期报警, SLA-09): somebody acknowledges one, or it goes to the next level.

use super::word::words;
use crate::error::{CaseError, Check};

/// The last level.
pub const LEVEL_MAX: i64 = 3;

words!(
    /// Where an alarm stands.
    AlarmState {
        /// Nobody has acknowledged it.
        Open = "open", "待确认", "Not acknowledged";
        /// Somebody has.
        Acknowledged = "acknowledged", "已确认", "Acknowledged";
        /// The order was settled before anybody did.
        Ended = "ended", "工单已办结", "The order is settled";
    }
);

/// Returns who is alarmed on a level.
#[must_use]
pub fn level_name(level: i64, lang: kernel::Lang) -> &'static str {
    match level {
        1 => lang.pick("承办人", "Handlers"),
        2 => lang.pick("单位领导", "The unit's leaders"),
        _ => lang.pick("热线中心", "The centre"),
    }
}

/// Returns the first level of an alarm: what lies with no unit is the centre's.
#[must_use]
pub fn first_level(has_unit: bool) -> i64 {
    if has_unit { 1 } else { LEVEL_MAX }
}

/// Checks what somebody says who acknowledges an alarm.
///
/// # Errors
/// [`CaseError::Invalid`] when nothing or too much is said.
pub fn check_note(note: &str) -> Result<(), CaseError> {
    let mut check = Check::default();
    check.text("note", note, 500);
    check.done()
}
