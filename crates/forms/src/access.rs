//! Who may see and fill in which field, at which node of the flow.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schema::{Field, FieldType, Form, Options};
use crate::script::Effects;

/// The node at which a member of staff writes the order.
pub const CREATE: &str = "create";
/// The node at which a citizen writes the order.
pub const CITIZEN: &str = "citizen";
/// The node of whoever reads an order that is in other hands.
pub const VIEW: &str = "view";

/// Nodes at which an order is written; what is hidden there is not there yet, rather than kept from readers.
pub(crate) const WRITING: &[&str] = &[CREATE, CITIZEN, "amendment"];

/// Every node that a schema may name, in the order of an order's life.
pub const NODES: &[&str] = &[
    CREATE,
    CITIZEN,
    "review",
    "amendment",
    "dispatch",
    "acceptance",
    "handling",
    "result_review",
    "return_visit",
    "closure",
    VIEW,
];

/// What may be done with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum May {
    /// Nothing; it is not even shown.
    Hidden,
    /// It is shown.
    Read,
    /// It can be filled in.
    Edit,
    /// It has to be filled in.
    Must,
}

/// What a role may do with a field, at one node or at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRule {
    /// The role.
    pub role: String,
    /// The node; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// What it may do.
    pub may: May,
}

/// Who looks at the form, where.
#[derive(Clone, Debug, Default)]
pub struct Reader<'a> {
    /// The node.
    pub node: &'a str,
    /// The reader's roles.
    pub roles: &'a [String],
    /// Whether the reader may only read here, whatever the node allows.
    pub reads_only: bool,
    /// Whether the form is that of the step itself, which is there to be filled in.
    pub own: bool,
    /// Today, `2026-03-02`.
    pub today: &'a str,
    /// The reader's id, for opinions.
    pub person_id: &'a str,
    /// The reader's name, for opinions.
    pub person_name: &'a str,
    /// The instant in epoch milliseconds, for opinions.
    pub now: i64,
}

impl Field {
    /// Tells whether a citizen can fill it in: what the office keeps is not shown to the street.
    fn fits_citizens(&self) -> bool {
        let inside = matches!(
            self.kind,
            FieldType::Person
                | FieldType::Group
                | FieldType::Unit
                | FieldType::Relation
                | FieldType::Query
                | FieldType::Upload
        );
        let listed = !self.kind.has_options() || matches!(self.options, Some(Options::List { .. }));
        let columns = || self.kind != FieldType::Table || self.fields.iter().all(Self::fits_citizens);
        !inside && self.kind != FieldType::Approval && listed && columns()
    }

    /// Returns what a reader may do with the field. The first rule of one of the reader's roles counts, then that
    /// of the node; without any, whoever writes the order fills it in, and others read it.
    #[must_use]
    pub fn may(&self, reader: &Reader<'_>) -> May {
        let by_role = self.roles.iter().find(|rule| {
            reader.roles.contains(&rule.role) && rule.node.as_deref().is_none_or(|node| node == reader.node)
        });
        let by_node = || {
            let fallback = match reader.node {
                CITIZEN | "amendment" => CREATE,
                "acceptance" => "handling",
                _ => reader.node,
            };
            let own = self.access.get(reader.node);
            // What is kept from the unit while it works is kept from it before; what it fills in then it reads before.
            let other = self
                .access
                .get(fallback)
                .filter(|_| own.is_none())
                .map(|may| if reader.node == "acceptance" { (*may).min(May::Read) } else { *may });
            own.copied().or(other).unwrap_or(match reader.node {
                CREATE | CITIZEN | "amendment" if self.kind != FieldType::Approval => May::Edit,
                _ if reader.own => May::Edit,
                _ => May::Read,
            })
        };
        let may = by_role.map_or_else(by_node, |rule| rule.may);
        if reader.node == CITIZEN && !self.fits_citizens() {
            return May::Hidden;
        }
        let may = if self.kind == FieldType::Hidden { may.min(May::Edit) } else { may };
        let bound = if reader.reads_only || self.computed { May::Read } else { May::Must };
        may.min(bound)
    }
}

impl Form {
    /// Returns what a reader may do with a field: the frame around it binds it too.
    #[must_use]
    pub fn may(&self, field: &Field, reader: &Reader<'_>) -> May {
        let frame = self.schema().fields.iter().find(|one| {
            one.kind == FieldType::Border && one.fields.iter().any(|inside| inside.key == field.key)
        });
        let hidden = frame.is_some_and(|frame| frame.may(reader) == May::Hidden);
        if hidden { May::Hidden } else { field.may(reader) }
    }

    /// Returns the answers that a reader may see.
    #[must_use]
    pub fn readable(&self, reader: &Reader<'_>, answers: &Map<String, Value>) -> Map<String, Value> {
        let seen = |key: &String| {
            self.field(key).is_some_and(|field| {
                field.kind != FieldType::Hidden && self.may(field, reader) != May::Hidden
            })
        };
        answers.iter().filter(|(key, _)| seen(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Returns the form as a reader sees it: without hidden fields, and without the script where nothing can be
    /// filled in.
    #[must_use]
    pub fn shown_to(&self, reader: &Reader<'_>) -> crate::schema::Schema {
        let mut schema = self.schema().clone();
        for field in &mut schema.fields {
            field
                .fields
                .retain(|inside| field.kind != FieldType::Border || self.may(inside, reader) != May::Hidden);
        }
        schema.fields.retain(|field| {
            field.may(reader) != May::Hidden && (field.kind != FieldType::Border || !field.fields.is_empty())
        });
        if !self.fields().any(|field| self.may(field, reader) >= May::Edit) {
            schema.script.clear();
        }
        schema
    }

    /// Returns the keys of the fields that a reader can fill in.
    #[must_use]
    pub fn editable(&self, reader: &Reader<'_>, effects: &Effects) -> Vec<String> {
        self.fields()
            .filter(|field| field.kind.has_answer())
            .filter(|field| self.may(field, reader) >= May::Edit && !effects.locked.contains(&field.key))
            .map(|field| field.key.clone())
            .collect()
    }

    /// Returns the keys of the fields that a reader has to fill in.
    #[must_use]
    pub fn required(&self, reader: &Reader<'_>) -> Vec<String> {
        self.fields()
            .filter(|field| match self.may(field, reader) {
                May::Must => true,
                May::Edit => field.required,
                May::Hidden | May::Read => false,
            })
            .map(|field| field.key.clone())
            .collect()
    }
}
