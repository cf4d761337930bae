//! Documents from templates (文书模板, ORD-14, ORD-24): a Word or Excel file with placeholders, loops and pictures is
//! filled with what the reader may see of an order. Plain values: no database, no clock.
//!
//! A template is a package of XML parts. Parts with text are healed ([`heal`]: an editor cuts a placeholder into
//! runs), filled by a template engine that has neither files nor network and a bounded number of steps
//! ([`fill`]), and put back. [`preview`] shows the result as a page.

pub mod fields;
pub mod fill;
mod heal;
mod package;
mod picture;
pub mod preview;
mod workbook;

pub use fill::{Picture, Template, TemplateKind};

/// What is wrong with a template, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: a paragraph, a row, a part.
    pub place: String,
    /// The placeholder, as far as it can be told.
    pub placeholder: String,
    /// What is wrong with it, in Chinese.
    pub zh: String,
    /// What is wrong with it, in English.
    pub en: String,
}

impl Fault {
    fn new(place: &str, placeholder: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        let placeholder = placeholder.chars().take(120).collect();
        Self { place: place.to_owned(), placeholder, zh: zh.into(), en: en.into() }
    }
}
