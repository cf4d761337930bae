//! Finding entries: an index in the data folder that follows the published entries, and a close look at what it
//! brings, which also says why something was found.

mod disk;
pub mod finding;
pub(crate) mod keeping;
pub(crate) mod library;
pub mod look;

use contract::knowledge::Audience;
use kernel::Timestamp;

use crate::entry::{Content, Kind};
use crate::text;

/// What stands between the parts of an indexed body: other ways to ask, answers, attachments.
pub(crate) const PART: char = '\u{2}';

/// What is asked, with what narrows it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The words as they were typed.
    pub text: String,
    /// Code of a region; what holds there, also from above, is found.
    pub region: Option<String>,
    /// Code of a business; what stands below it is found as well.
    pub business: Option<String>,
    /// The form.
    pub kind: Option<Kind>,
    /// The unit that maintains it.
    pub unit: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// A text for the index.
pub(crate) struct Indexed {
    /// The entry.
    pub(crate) entry_id: String,
    /// The version that readers have.
    pub(crate) content: Content,
    /// The unit that maintains it.
    pub(crate) unit_id: String,
    /// Codes of the business and all above.
    pub(crate) businesses: Vec<String>,
    /// Texts of attached files, by file.
    pub(crate) attached: Vec<(String, String)>,
}

impl Indexed {
    /// Makes the document for readers of one kind; none when nothing is for them.
    pub(crate) fn document(&self, audience: Audience) -> Option<lang::retrieve::Document> {
        let answers: Vec<_> = self
            .content
            .answers
            .iter()
            .filter(|answer| audience == Audience::Internal || answer.audience == Audience::Public)
            .collect();
        if answers.is_empty() {
            return None;
        }
        let asked = self.content.questions.iter().chain(&self.content.keywords);
        let asked = asked.map(String::as_str).collect::<Vec<_>>().join("\n");
        let mut said = self.content.description.clone();
        let mut attached = String::new();
        for answer in answers {
            said.push('\n');
            said.push_str(&text::plain(&answer.html));
            for file in &answer.attachments {
                attached.push('\n');
                attached.push_str(&file.name);
                if let Some((_, text)) = self.attached.iter().find(|(id, _)| *id == file.file_id) {
                    attached.push('\n');
                    attached.push_str(text);
                }
            }
        }
        let clean = |text: String| text.replace(PART, " ");
        Some(lang::retrieve::Document {
            id: self.entry_id.clone(),
            title: self.content.title.clone(),
            body: [clean(asked), clean(said), clean(attached)].join(&PART.to_string()),
            marks: self.marks(),
        })
    }

    fn marks(&self) -> Vec<String> {
        let mut marks = vec![format!("r_{}", self.content.region), format!("u_{}", self.unit_id)];
        marks.extend(self.businesses.iter().map(|code| format!("b_{code}")));
        marks.extend(self.content.kind.map(|kind| format!("k_{}", kind.code())));
        marks.retain(|mark| !mark.contains(char::is_whitespace));
        marks
    }
}

impl Request {
    /// Returns the groups of marks that narrow the search.
    pub(crate) fn marks(&self) -> Vec<Vec<String>> {
        let mut groups = Vec::new();
        if let Some(region) = &self.region {
            groups.push(
                crate::region::with_parents(region).into_iter().map(|code| format!("r_{code}")).collect(),
            );
        }
        if let Some(business) = &self.business {
            groups.push(vec![format!("b_{business}")]);
        }
        if let Some(kind) = self.kind {
            groups.push(vec![format!("k_{}", kind.code())]);
        }
        if let Some(unit) = &self.unit {
            groups.push(vec![format!("u_{unit}")]);
        }
        groups
    }
}

/// How the index stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexStatus {
    /// Whether it can be searched.
    pub ready: bool,
    /// Whether it is being built.
    pub building: bool,
    /// Entries in it for staff.
    pub entries: u64,
    /// When it was last brought up to date.
    pub refreshed_at: Option<Timestamp>,
    /// Why it was last given up: `missing`, `damaged`, `words`, `asked`, `first`.
    pub reason: Option<&'static str>,
}
