//! Files that belong to an order and to its steps (附件): pictures, documents, sound, video.

use kernel::{Principal, Timestamp};

use super::action::Action;
use super::file_type::{FileKind, FileType};
use super::{Case, metadata};
use crate::error::CaseError;

/// One file of staff, in bytes.
pub const FILE_BYTES_MAX: i64 = 50 * 1024 * 1024;
/// So many files an order has at most.
const FILES_MAX: i64 = 100;
/// All files of an order, in bytes.
const TOTAL_BYTES_MAX: i64 = 500 * 1024 * 1024;

/// One file of a citizen, in bytes.
pub const CITIZEN_FILE_BYTES_MAX: i64 = 20 * 1024 * 1024;
/// So many files a citizen sends at once.
pub const CITIZEN_FILES_MAX: i64 = 9;
/// All files that a citizen sends at once, in bytes.
pub const CITIZEN_TOTAL_BYTES_MAX: i64 = 60 * 1024 * 1024;

/// Staff who write an order add files at this step; they have no order yet.
pub const CREATION: &str = "creation";
/// Files that citizens send with an order.
pub const SUBMISSION: &str = "submission";
/// Files that outside helpers send.
pub const HELP: &str = "help";

/// A file that belongs, or is about to belong, to an order.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// Its id.
    pub id: String,
    /// The order; empty while there is none yet.
    pub case_id: String,
    /// The step that it was sent with: an action, or one of the steps above.
    pub step: String,
    /// The line of the time line; none while the step is not done.
    pub entry_id: Option<String>,
    /// What it holds.
    pub digest: String,
    /// The small picture of it.
    pub thumb_digest: Option<String>,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// `image`, `audio`, `video` or `document`.
    pub kind: String,
    /// Its size in bytes.
    pub size_bytes: i64,
    /// Whether it came from the citizen.
    pub from_citizen: bool,
    /// Where it was taken, as the sender's device says.
    pub position: Option<(f64, f64)>,
    /// Who sent it; empty for people without an account.
    pub by_id: String,
    /// The sender's name.
    pub by_name: String,
    /// When.
    pub uploaded_at: Timestamp,
}

/// What there is already under the same right.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// Files.
    pub files: i64,
    /// Bytes.
    pub bytes: i64,
}

/// Checks that one more file has room.
///
/// # Errors
/// [`CaseError::Refused`] when there are too many, or too much.
pub fn check_room(held: Held, size_bytes: i64, from_citizen: bool) -> Result<(), CaseError> {
    let (files, bytes, one) = if from_citizen {
        (CITIZEN_FILES_MAX, CITIZEN_TOTAL_BYTES_MAX, CITIZEN_FILE_BYTES_MAX)
    } else {
        (FILES_MAX, TOTAL_BYTES_MAX, FILE_BYTES_MAX)
    };
    let mib = |bytes: i64| bytes / 1024 / 1024;
    if size_bytes > one {
        return Err(CaseError::refused(
            "attachment.too_large",
            format!("单个文件不能超过 {} MB。", mib(one)),
            format!("A file may have {} MB at most.", mib(one)),
        ));
    }
    if held.files >= files {
        return Err(CaseError::refused(
            "attachment.too_many",
            format!("最多上传 {files} 个文件。"),
            format!("At most {files} files."),
        ));
    }
    if held.bytes + size_bytes > bytes {
        return Err(CaseError::refused(
            "attachment.too_much",
            format!("文件总大小不能超过 {} MB。", mib(bytes)),
            format!("All files together may have {} MB at most.", mib(bytes)),
        ));
    }
    Ok(())
}

/// Takes out what a telephone wrote into a picture, where others than its owner will see it: what came from a
/// citizen, by the portal or through an agent. A clerk's own picture keeps it: it proves where it was taken.
#[must_use]
pub fn prepare(file_type: &FileType, bytes: Vec<u8>, step: &str, from_citizen: bool) -> Vec<u8> {
    if from_citizen || step == CREATION {
        return metadata::strip(file_type.media_type, bytes);
    }
    bytes
}

/// Checks a small picture that a page made: a picture it must be, and it loses its notes too.
#[must_use]
pub fn small_picture(bytes: Vec<u8>) -> Option<(&'static str, Vec<u8>)> {
    let found = super::file_type::detect(&bytes).filter(|found| found.kind == FileKind::Image)?;
    Some((found.media_type, metadata::strip(found.media_type, bytes)))
}

/// Finds the action that staff send files with.
///
/// # Errors
/// [`CaseError::Invalid`] when there is no such step.
pub fn action_of(step: &str) -> Result<Action, CaseError> {
    Action::ALL
        .iter()
        .copied()
        .find(|action| action.code() == step && *action != Action::Read)
        .ok_or_else(|| CaseError::field("step", "unknown", "没有这个环节。", "There is no such step."))
}

impl Attachment {
    /// Tells whether `person`, who may read the order, may see this file: one's own before the step is done; a
    /// citizen's as far as the person may know who the citizen is, since pictures show faces and doors.
    #[must_use]
    pub fn is_visible_to(&self, case: &Case, person: &Principal) -> bool {
        if self.entry_id.is_none() {
            return !self.by_id.is_empty() && self.by_id == person.person_id;
        }
        !self.from_citizen || case.shows_citizen_to(person)
    }

    /// Tells whether an outside helper may see this file: what the citizen showed, unless the citizen is kept
    /// secret.
    #[must_use]
    pub fn is_visible_to_helper(&self, case: &Case) -> bool {
        self.entry_id.is_some()
            && !case.confidential
            && (self.from_citizen || self.step == CREATION)
            && matches!(self.kind.as_str(), "image" | "video")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_ends_by_number_size_and_total() {
        let code = |held, size, citizen| match check_room(held, size, citizen) {
            Ok(()) => "",
            Err(CaseError::Refused { code, .. }) => code,
            Err(_) => "other",
        };
        let held = |files, bytes| Held { files, bytes };
        assert_eq!(code(held(8, 0), 1, true), "");
        assert_eq!(code(held(9, 0), 1, true), "attachment.too_many");
        assert_eq!(code(held(0, 0), CITIZEN_FILE_BYTES_MAX + 1, true), "attachment.too_large");
        assert_eq!(code(held(0, 0), CITIZEN_FILE_BYTES_MAX + 1, false), "");
        assert_eq!(code(held(3, CITIZEN_TOTAL_BYTES_MAX), 1, true), "attachment.too_much");
    }
}
