//! The schema of a form: what is stored and exchanged, in a format of our own that only gains optional members.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::access::{May, RoleRule};
use crate::fault::Fault;

/// The largest schema, in bytes of JSON.
pub const SCHEMA_MAX: usize = 256 * 1024;
/// The version of the format that is written.
pub const FORMAT: u32 = 1;

/// A text in both languages; English falls back to Chinese.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Chinese.
    #[serde(default)]
    pub zh: String,
    /// English; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub en: String,
}

impl Label {
    /// Returns the text of a language.
    #[must_use]
    pub fn pick(&self, english: bool) -> &str {
        if english && !self.en.is_empty() { &self.en } else { &self.zh }
    }
}

macro_rules! field_types {
    ($($(#[$meta:meta])* $name:ident = $code:literal, $zh:literal;)*) => {
        /// What a field is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum FieldType { $($(#[$meta])* #[serde(rename = $code)] $name,)* }

        impl FieldType {
            /// All types, as the palette has them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Returns the code that is stored.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Returns the Chinese name.
            #[must_use]
            pub fn zh(self) -> &'static str {
                match self { $(Self::$name => $zh,)* }
            }
        }
    };
}

field_types!(
    /// One line of text.
    Line = "line", "单行文本";
    /// Several lines of text.
    Text = "text", "多行文本";
    /// Yes or no.
    Tick = "tick", "复选框";
    /// One of several, all of them shown.
    Radio = "radio", "单选按钮";
    /// Any of several, all of them shown.
    Checks = "checks", "复选按钮";
    /// One of several, folded.
    Select = "select", "下拉框";
    /// A day, `2026-03-02`.
    Date = "date", "日期";
    /// A month, `2026-03`.
    Month = "month", "月份";
    /// A time of day, `18:30`.
    Time = "time", "时间";
    /// A telephone number.
    Phone = "phone", "电话";
    /// A number.
    Number = "number", "数值";
    /// Text with marks, sanitised.
    Rich = "rich", "富文本";
    /// People of the organisation.
    Person = "person", "组织机构用户";
    /// A group of users: those of one role.
    Group = "group", "用户组";
    /// Units.
    Unit = "unit", "部门";
    /// Rows of fields.
    Table = "table", "子表";
    /// One node of a tree.
    Tree = "tree", "下拉树";
    /// Files of the order.
    Upload = "upload", "上传";
    /// A text that begins from a template and can be worked on.
    Edit = "edit", "编辑";
    /// A value that nobody sees.
    Hidden = "hidden", "隐藏";
    /// Opinions with decision, who and when.
    Approval = "approval", "审批";
    /// A frame around other fields.
    Border = "border", "边框";
    /// Other orders.
    Relation = "relation", "关联";
    /// Orders found by what was filled in.
    Query = "query", "自定义查询";
);

impl FieldType {
    /// Tells whether the field holds an answer.
    #[must_use]
    pub fn has_answer(self) -> bool {
        !matches!(self, Self::Border | Self::Query)
    }

    /// Tells whether the field is chosen from options.
    #[must_use]
    pub fn has_options(self) -> bool {
        matches!(self, Self::Radio | Self::Checks | Self::Select | Self::Tree)
    }

    /// Tells whether the field can be a column of a sub-table.
    #[must_use]
    pub fn fits_table(self) -> bool {
        matches!(
            self,
            Self::Line
                | Self::Text
                | Self::Tick
                | Self::Radio
                | Self::Checks
                | Self::Select
                | Self::Date
                | Self::Month
                | Self::Time
                | Self::Phone
                | Self::Number
                | Self::Person
                | Self::Unit
                | Self::Tree
        )
    }
}

/// One thing to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What is shown.
    #[serde(default)]
    pub label: Label,
    /// The level below, of a tree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Choice>,
}

/// Where options come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum Options {
    /// From the schema itself.
    List {
        /// What can be chosen.
        list: Vec<Choice>,
    },
    /// From a list of the dictionary.
    Dictionary {
        /// The list's name.
        name: String,
    },
    /// From the tree of categories.
    Categories,
    /// From the tree of units.
    Units,
    /// From the people of the organisation.
    People,
}

/// What a custom query looks for. Every condition that is set narrows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderQuery {
    /// The field whose answer has to occur in title or content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_from: Option<String>,
    /// Whether the category has to be that of the order being written.
    #[serde(default, skip_serializing_if = "is_false")]
    pub same_category: bool,
    /// Whether the district has to be that of the order being written.
    #[serde(default, skip_serializing_if = "is_false")]
    pub same_district: bool,
    /// Only orders of so many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The key of its answer; unique in the form.
    pub key: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// What it is called.
    #[serde(default)]
    pub label: Label,
    /// What helps whoever fills it in.
    #[serde(default, skip_serializing_if = "is_empty_label")]
    pub hint: Label,
    /// Whether it has to be filled in wherever it can be.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// Whether only the script sets it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub computed: bool,
    /// What it holds at first.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub default: Value,
    /// The least number, or number of characters, choices, rows or files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The most of the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The earliest day, month or time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest: Option<String>,
    /// The latest day, month or time; `today` for days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<String>,
    /// A regular expression for the whole text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Digits behind the point of a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u32>,
    /// What is written behind a number, such as 米.
    #[serde(default, skip_serializing_if = "is_empty_label")]
    pub suffix: Label,
    /// Whether several people, units or orders can be chosen.
    #[serde(default, skip_serializing_if = "is_false")]
    pub several: bool,
    /// What can be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Options>,
    /// Columns of a sub-table, or what is inside a frame.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// The text from which an editable one begins; `{{key}}` stands for answers.
    #[serde(default, skip_serializing_if = "is_empty_label")]
    pub template: Label,
    /// What a custom query looks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<OrderQuery>,
    /// How many of the three columns of a wide screen it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<u8>,
    /// What may be done with it at each node: `create`, `citizen`, a step of the flow, `view`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub access: BTreeMap<String, May>,
    /// What single roles may do with it instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleRule>,
}

/// How a phone shows the form, where it differs from the wide screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// Keys in the order of the phone; those that are missing follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// Keys that the phone does not show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<String>,
}

/// The schema as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The version of the format.
    pub format: u32,
    /// What the form is called.
    #[serde(default)]
    pub title: Label,
    /// The fields in the order of the wide screen.
    pub fields: Vec<Field>,
    /// How a phone shows it.
    #[serde(default, skip_serializing_if = "is_plain_phone")]
    pub phone: Phone,
    /// The script; see `crates/forms/README.md` for what it may call.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub script: String,
}

/// What an answer refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReferenceKind {
    /// A person.
    Person,
    /// A unit.
    Unit,
    /// A role.
    Group,
    /// Another order.
    Order,
    /// A file of the order.
    Attachment,
    /// A category.
    Category,
    /// A word of a list of the dictionary.
    Word,
}

/// A reference in answers; the host says whether it exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The path of the answer, such as `slots[2].unit`.
    pub path: String,
    /// What is referred to.
    pub kind: ReferenceKind,
    /// Its id.
    pub id: String,
    /// The list of the dictionary.
    pub list: Option<String>,
}

/// A schema that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    schema: Schema,
}

impl Form {
    /// Reads and checks a schema.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(json: &str) -> Result<Self, Vec<Fault>> {
        if json.len() > SCHEMA_MAX {
            return Err(vec![Fault::new("", "too_large", "表单定义过大。", "The form is too large.")]);
        }
        let schema: Schema = serde_json::from_str(json).map_err(|error| {
            vec![Fault::new(
                "",
                "malformed",
                format!("表单定义无法读取：{error}"),
                format!("The form cannot be read: {error}"),
            )]
        })?;
        Self::of(schema)
    }

    /// Checks a schema.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn of(schema: Schema) -> Result<Self, Vec<Fault>> {
        let faults = crate::verify::faults(&schema);
        if faults.is_empty() { Ok(Self { schema }) } else { Err(faults) }
    }

    /// Returns the form without some of its fields.
    #[must_use]
    pub fn without(&self, unwanted: impl Fn(&Field) -> bool) -> Self {
        let mut schema = self.schema.clone();
        for field in &mut schema.fields {
            field.fields.retain(|inside| !unwanted(inside));
        }
        schema.fields.retain(|field| !unwanted(field));
        Self { schema }
    }

    /// Wraps a schema whose checks are still going on.
    pub(crate) fn of_unchecked(schema: &Schema) -> Self {
        Self { schema: schema.clone() }
    }

    /// Returns the schema.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns the schema as it is stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.schema).unwrap_or_default()
    }

    /// Returns all fields but frames, with those inside frames, in order.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.schema.fields.iter().flat_map(|field| {
            let (own, inside) = match field.kind {
                FieldType::Border => (None, field.fields.as_slice()),
                _ => (Some(field), [].as_slice()),
            };
            own.into_iter().chain(inside)
        })
    }

    /// Finds a field by its key.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields().find(|field| field.key == key)
    }

    /// Returns what the form holds before anybody has filled it in.
    #[must_use]
    pub fn defaults(&self) -> Map<String, Value> {
        let given = self.fields().filter(|field| field.kind.has_answer() && !field.default.is_null());
        given.map(|field| (field.key.clone(), field.default.clone())).collect()
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_empty_label(label: &Label) -> bool {
    label.zh.is_empty() && label.en.is_empty()
}

fn is_plain_phone(phone: &Phone) -> bool {
    *phone == Phone::default()
}
