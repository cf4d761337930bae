//! The file and what may be written into it.

pub(crate) mod change;

use contract::contacts::{ContactId, mask_phone};
use kernel::{Principal, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ContactsError;
use crate::phone::normalise;

/// A number in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Phone {
    /// The number's id.
    pub id: String,
    /// The number, masked for readers with the mask `phone`.
    pub number: String,
    /// Whether the reader sees it masked.
    pub masked: bool,
    /// Whether it is the number to call first.
    pub primary: bool,
}

/// A citizen's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contact {
    /// The file.
    pub id: ContactId,
    /// The name; empty when the citizen gave none.
    pub name: String,
    /// `male`, `female`, or absent.
    pub gender: Option<String>,
    /// The numbers, the primary first.
    pub phones: Vec<Phone>,
    /// The address.
    pub address: Option<String>,
    /// The district.
    pub district: Option<String>,
    /// What agents should know.
    pub note: Option<String>,
    /// Tags such as `vip`.
    pub tags: Vec<String>,
    /// How often it was changed.
    pub version: i64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Contact {
    /// Returns the file as `reader` may see it.
    #[must_use]
    pub fn seen_by(mut self, reader: &Principal) -> Self {
        if reader.is_masked("phone") {
            for phone in &mut self.phones {
                phone.number = mask_phone(&phone.number);
                phone.masked = true;
            }
        }
        self
    }
}

/// A file to be opened.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct NewContact {
    /// The name; may be empty when a number is given.
    #[serde(default)]
    pub name: String,
    /// `male`, `female`, or absent.
    #[serde(default)]
    pub gender: Option<String>,
    /// Numbers; the first becomes the primary one.
    #[serde(default)]
    pub phones: Vec<String>,
    /// The address.
    #[serde(default)]
    pub address: Option<String>,
    /// The district.
    #[serde(default)]
    pub district: Option<String>,
    /// What agents should know.
    #[serde(default)]
    pub note: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// What changes in a file; what is absent stays, an empty text removes.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ContactChange {
    /// The version that the writer saw.
    pub version: i64,
    /// The name.
    pub name: Option<String>,
    /// `male`, `female`, or empty.
    pub gender: Option<String>,
    /// The address.
    pub address: Option<String>,
    /// The district.
    pub district: Option<String>,
    /// What agents should know.
    pub note: Option<String>,
    /// Tags.
    pub tags: Option<Vec<String>>,
}

const NAME_CHARS_MAX: usize = 60;
const TEXT_CHARS_MAX: usize = 500;
pub(crate) const TAGS_MAX: usize = 20;
pub(crate) const PHONES_MAX: usize = 10;

fn refuse(problem: Problem) -> Result<(), ContactsError> {
    if problem.has_fields() { Err(ContactsError::Invalid(Box::new(problem))) } else { Ok(()) }
}

fn check_text(problem: Problem, field: &str, text: Option<&str>, chars_max: usize) -> Problem {
    if text.is_some_and(|text| text.chars().count() > chars_max) {
        problem.field(
            field,
            "too_long",
            &format!("最多 {chars_max} 个字。"),
            &format!("At most {chars_max} characters."),
        )
    } else {
        problem
    }
}

fn check_gender(problem: Problem, gender: Option<&str>) -> Problem {
    match gender {
        None | Some("" | "male" | "female") => problem,
        Some(_) => problem.field("gender", "unknown", "性别只能是男或女。", "Gender is male or female."),
    }
}

fn check_tags(problem: Problem, tags: &[String]) -> Problem {
    let tame = |tag: &String| {
        !tag.is_empty()
            && tag.len() <= 32
            && tag.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    if tags.len() > TAGS_MAX || !tags.iter().all(tame) {
        problem.field("tags", "malformed", "标签不正确。", "A tag is a short lower-case word.")
    } else {
        problem
    }
}

impl NewContact {
    /// Checks the fields and returns the numbers in their normal form, without doubles.
    ///
    /// # Errors
    /// [`ContactsError::Invalid`] with each field that needs correction.
    pub fn check(&self) -> Result<Vec<String>, ContactsError> {
        let mut problem = check_text(Problem::invalid(), "name", Some(&self.name), NAME_CHARS_MAX);
        problem = check_text(problem, "address", self.address.as_deref(), TEXT_CHARS_MAX);
        problem = check_text(problem, "district", self.district.as_deref(), NAME_CHARS_MAX);
        problem = check_text(problem, "note", self.note.as_deref(), TEXT_CHARS_MAX);
        problem = check_gender(problem, self.gender.as_deref());
        problem = check_tags(problem, &self.tags);
        let mut numbers = Vec::new();
        for (at, phone) in self.phones.iter().enumerate().take(PHONES_MAX + 1) {
            match normalise(phone) {
                Some(number) if !numbers.contains(&number) => numbers.push(number),
                Some(_) => {}
                None => {
                    problem = problem.field(
                        &format!("phones.{at}"),
                        "malformed",
                        "号码格式不正确。",
                        "This is not a telephone number.",
                    );
                }
            }
        }
        if self.phones.len() > PHONES_MAX {
            problem = problem.field("phones", "too_many", "号码过多。", "Too many numbers.");
        }
        if self.name.trim().is_empty() && numbers.is_empty() {
            problem = problem.field("name", "required", "姓名和号码至少填一项。", "Give a name or a number.");
        }
        refuse(problem).map(|()| numbers)
    }
}

impl ContactChange {
    /// Checks the fields.
    ///
    /// # Errors
    /// [`ContactsError::Invalid`] with each field that needs correction.
    pub fn check(&self) -> Result<(), ContactsError> {
        let mut problem = check_text(Problem::invalid(), "name", self.name.as_deref(), NAME_CHARS_MAX);
        problem = check_text(problem, "address", self.address.as_deref(), TEXT_CHARS_MAX);
        problem = check_text(problem, "district", self.district.as_deref(), NAME_CHARS_MAX);
        problem = check_text(problem, "note", self.note.as_deref(), TEXT_CHARS_MAX);
        problem = check_gender(problem, self.gender.as_deref());
        problem = check_tags(problem, self.tags.as_deref().unwrap_or_default());
        refuse(problem)
    }

    /// Returns `contact`, whose version was raised already, with these changes.
    #[must_use]
    pub fn apply(self, contact: Contact, now: Timestamp) -> Contact {
        let text = |new: Option<String>, old: Option<String>| match new {
            None => old,
            Some(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        };
        Contact {
            name: self.name.map_or(contact.name, |name| name.trim().to_owned()),
            gender: text(self.gender, contact.gender),
            address: text(self.address, contact.address),
            district: text(self.district, contact.district),
            note: text(self.note, contact.note),
            tags: self.tags.unwrap_or(contact.tags),
            updated_at: now,
            ..contact
        }
    }
}
