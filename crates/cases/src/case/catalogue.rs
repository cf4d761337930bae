//! The dispatch catalogue (派单目录, STD-03): which unit deals with which matter, and what it proposes for an
//! order, with the reason. Plain values: no database, no clock.

use std::collections::HashMap;

use kernel::Lang;
use serde::{Deserialize, Serialize};

use crate::error::Check;

/// So many keywords one row may have.
const KEYWORDS_MAX: usize = 60;
/// So many districts one row may name.
const REGIONS_MAX: usize = 200;
/// The longest keyword, in characters.
const KEYWORD_CHARS_MAX: usize = 30;

/// A row of the catalogue (目录项).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its id within this version.
    pub id: String,
    /// Its code, the same in every version.
    pub code: String,
    /// The matter in words.
    pub item: String,
    /// The category that it deals with, by code.
    pub category_code: Option<String>,
    /// Words that point at it.
    pub keywords: Vec<String>,
    /// The unit in charge, by code; none when only the districts say it.
    pub unit_code: Option<String>,
    /// Units that help, by code.
    pub co_unit_codes: Vec<String>,
    /// Units in charge by district: name or code of the district, code of the unit.
    pub regions: Vec<(String, String)>,
    /// The tier of the limit, such as `2h`, `24h`, `7d`, `15d`.
    pub tier: Option<String>,
    /// The legal basis.
    pub basis: String,
    /// Whether orders go out by it without a dispatcher.
    pub automatic: bool,
    /// Whether it is used.
    pub active: bool,
    /// How often it changed; for optimistic locking.
    pub version: i64,
}

/// Tells whether a text names a tier: a number of hours (`h`), days (`d`) or working days (`w`).
#[must_use]
pub fn is_tier(text: &str) -> bool {
    tier_length(text).is_some()
}

/// Reads a tier: its number and its unit.
#[must_use]
pub fn tier_length(text: &str) -> Option<(u32, char)> {
    let unit = text.chars().last()?;
    let number = text.strip_suffix(unit)?;
    let plain = !number.is_empty() && number.len() <= 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    let amount: u32 = number.parse().ok().filter(|amount| plain && *amount > 0)?;
    matches!(unit, 'h' | 'd' | 'w').then_some((amount, unit))
}

/// Returns what a tier is called.
#[must_use]
pub fn tier_name(text: &str, lang: Lang) -> String {
    match tier_length(text) {
        Some((amount, 'h')) => lang.pick(format!("{amount} 小时"), format!("{amount} hours")),
        Some((amount, 'd')) => lang.pick(format!("{amount} 日"), format!("{amount} days")),
        Some((amount, _)) => lang.pick(format!("{amount} 个工作日"), format!("{amount} working days")),
        None => text.to_owned(),
    }
}

impl Row {
    /// Refuses what cannot stand in a row. Whether units and the category exist is asked by the caller.
    pub fn check(&self, check: &mut Check) {
        check.text("code", &self.code, 40);
        check.text("item", &self.item, 100);
        check.optional("basis", &self.basis, 1000);
        if self.keywords.len() > KEYWORDS_MAX {
            check.refuse("keywords", "too_many", "关键词最多 60 个。", "At most 60 keywords.");
        }
        for keyword in &self.keywords {
            check.optional("keywords", keyword, KEYWORD_CHARS_MAX);
        }
        if self.regions.len() > REGIONS_MAX {
            check.refuse("regions", "too_many", "区域最多 200 个。", "At most 200 districts.");
        }
        for (district, _) in &self.regions {
            check.text("regions", district, 40);
        }
        if self.unit_code.is_none() && self.regions.is_empty() {
            check.refuse(
                "unit_code",
                "required",
                "请填写主办单位，或按区域指定单位。",
                "Name the unit in charge, or units by district.",
            );
        }
        if self.category_code.is_none() && self.keywords.is_empty() {
            check.refuse(
                "category_code",
                "required",
                "请关联事项分类或填写关键词，否则此项永远不会被匹配。",
                "Link a category or give keywords; otherwise nothing ever matches this row.",
            );
        }
        if self.tier.as_deref().is_some_and(|tier| !is_tier(tier)) {
            check.refuse(
                "tier",
                "malformed",
                "时限档写作数字加 h（小时）、d（日）或 w（工作日），如 2h、24h、7d。",
                "A tier is a number with h (hours), d (days) or w (working days), such as 2h, 24h, 7d.",
            );
        }
        if self.co_unit_codes.len() > super::dispatch::CO_UNITS_MAX {
            check.refuse("co_unit_codes", "too_many", "协办单位最多 10 个。", "At most 10 units can help.");
        }
        if self.automatic && self.category_code.is_none() {
            check.refuse(
                "automatic",
                "needs_category",
                "只凭关键词匹配的目录项不能自动派单，请先关联事项分类。",
                "A row that matches by keywords alone cannot dispatch by itself; link a category first.",
            );
        }
    }
}

/// Why a row was proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Why {
    /// The order's category is the row's.
    Category {
        /// The category's code.
        code: String,
    },
    /// A category above the order's is the row's.
    CategoryAbove {
        /// The category's code.
        code: String,
    },
    /// These words stand in the order.
    Keywords {
        /// The words.
        words: Vec<String>,
    },
    /// The district decides the unit.
    Region {
        /// The district.
        district: String,
    },
    /// The row goes by district, but says nothing of this one, so its usual unit is proposed.
    RegionElsewhere {
        /// The district; empty when the order names none.
        district: String,
    },
}

/// What the catalogue proposes for an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The row.
    pub row: Row,
    /// The unit in charge, by code.
    pub unit_code: String,
    /// Why, in the order of the argument.
    pub why: Vec<Why>,
}

/// What of an order decides where it goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Matter<'a> {
    /// Codes of the category and those above, the order's own first.
    pub categories: &'a [String],
    /// The title.
    pub title: &'a str,
    /// The content.
    pub content: &'a str,
    /// The district, by name or code.
    pub district: Option<&'a str>,
}

/// A version of the catalogue, ready to be asked.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Its id.
    pub id: String,
    /// Its number.
    pub version: i64,
    rows: Vec<Row>,
    by_category: HashMap<String, Vec<usize>>,
}

impl Catalogue {
    /// Makes a catalogue of its rows; those that are not used are left out.
    #[must_use]
    pub fn new(id: String, version: i64, rows: Vec<Row>) -> Self {
        let rows: Vec<Row> = rows.into_iter().filter(|row| row.active).collect();
        let mut by_category: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            if let Some(code) = &row.category_code {
                by_category.entry(code.clone()).or_default().push(at);
            }
        }
        Self { id, version, rows, by_category }
    }

    /// Returns the rows that are used.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Proposes a unit for an order: the row of its category (or of the nearest one above that has rows),
    /// among several the one whose keywords the order names most; without a category by keywords alone. The
    /// row's districts then decide the unit.
    #[must_use]
    pub fn propose(&self, matter: Matter<'_>) -> Option<Proposal> {
        let by_category = matter.categories.iter().enumerate().find_map(|(above, code)| {
            let rows = self.by_category.get(code)?;
            let (row, words) = self.best(rows, matter)?;
            let why = if above == 0 {
                Why::Category { code: code.clone() }
            } else {
                Why::CategoryAbove { code: code.clone() }
            };
            Some((row, vec![why], words))
        });
        let (row, mut why, words) = match by_category {
            Some(found) => found,
            None => {
                let all: Vec<usize> = (0..self.rows.len()).collect();
                let (row, words) = self.best(&all, matter).filter(|(_, words)| !words.is_empty())?;
                (row, Vec::new(), words)
            }
        };
        if !words.is_empty() {
            why.push(Why::Keywords { words });
        }
        let unit_code = if row.regions.is_empty() {
            row.unit_code.clone()?
        } else {
            let district = matter.district.unwrap_or_default().trim();
            match row.regions.iter().find(|(named, _)| !district.is_empty() && named == district) {
                Some((_, unit)) => {
                    why.push(Why::Region { district: district.to_owned() });
                    unit.clone()
                }
                None => {
                    why.push(Why::RegionElsewhere { district: district.to_owned() });
                    row.unit_code.clone()?
                }
            }
        };
        Some(Proposal { row: row.clone(), unit_code, why })
    }

    /// Finds the row whose keywords the order names most: in the title they count double. Of equals the one
    /// without keywords wins, for it is meant for whatever the others do not name; then the earlier one.
    fn best(&self, rows: &[usize], matter: Matter<'_>) -> Option<(&Row, Vec<String>)> {
        let mut best: Option<(i64, &Row, Vec<String>)> = None;
        for row in rows.iter().map(|at| &self.rows[*at]) {
            let mut score = 0;
            let mut words = Vec::new();
            for keyword in row.keywords.iter().filter(|keyword| !keyword.is_empty()) {
                let (title, content) = (matter.title.contains(keyword), matter.content.contains(keyword));
                if title || content {
                    let length = i64::try_from(keyword.chars().count()).unwrap_or(1);
                    score += length * 2 * if title { 2 } else { 1 };
                    words.push(keyword.clone());
                }
            }
            if row.keywords.is_empty() {
                score += 1;
            }
            if best.as_ref().is_none_or(|(most, ..)| score > *most) {
                best = Some((score, row, words));
            }
        }
        best.map(|(_, row, words)| (row, words))
    }
}

impl Proposal {
    /// Says in one sentence why this is proposed. `category_name` turns a code into words.
    #[must_use]
    pub fn reason(
        &self,
        lang: Lang,
        catalogue_version: i64,
        category_name: impl Fn(&str) -> String,
    ) -> String {
        let parts: Vec<String> = self
            .why
            .iter()
            .map(|why| match why {
                Why::Category { code } => lang.pick(
                    format!("事项分类为“{}”", category_name(code)),
                    format!("the category is “{}”", category_name(code)),
                ),
                Why::CategoryAbove { code } => lang.pick(
                    format!("事项分类属于“{}”", category_name(code)),
                    format!("the category belongs to “{}”", category_name(code)),
                ),
                Why::Keywords { words } => lang.pick(
                    format!("诉求中提到“{}”", words.join("、")),
                    format!("the order names “{}”", words.join(", ")),
                ),
                Why::Region { district } => lang.pick(
                    format!("按区域规则，{district}由该单位负责"),
                    format!("by district, {district} is this unit's"),
                ),
                Why::RegionElsewhere { district } if district.is_empty() => lang.pick(
                    "工单未填区域，按主办单位".to_owned(),
                    "the order names no district, so the usual unit".to_owned(),
                ),
                Why::RegionElsewhere { district } => lang.pick(
                    format!("区域规则未列{district}，按主办单位"),
                    format!("the row says nothing of {district}, so the usual unit"),
                ),
            })
            .collect();
        lang.pick(
            format!("派单目录第{catalogue_version}版“{}”：{}。", self.row.item, parts.join("；")),
            format!("Catalogue version {catalogue_version}, “{}”: {}.", self.row.item, parts.join("; ")),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Catalogue, Matter, Row, Why, is_tier};

    fn row(code: &str, category: Option<&str>, keywords: &[&str], unit: &str) -> Row {
        Row {
            code: code.to_owned(),
            item: code.to_owned(),
            category_code: category.map(ToOwned::to_owned),
            keywords: keywords.iter().map(|word| (*word).to_owned()).collect(),
            unit_code: Some(unit.to_owned()),
            active: true,
            ..Row::default()
        }
    }

    fn catalogue() -> Catalogue {
        let mut lamps = row("lamps", Some("lamps"), &[], "roads");
        lamps.regions = vec![("云水区".to_owned(), "yunshui".to_owned())];
        let rows = vec![
            row("park", Some("lamps"), &["公园", "绿地"], "parks"),
            lamps,
            row("city", Some("city"), &[], "city"),
            row("words", None, &["燃气", "煤气味"], "gas"),
            Row { active: false, ..row("old", Some("old"), &[], "nobody") },
        ];
        Catalogue::new("c".to_owned(), 3, rows)
    }

    #[track_caller]
    fn check(categories: &[&str], title: &str, district: Option<&str>, unit: Option<&str>) {
        let categories: Vec<String> = categories.iter().map(|code| (*code).to_owned()).collect();
        let matter = Matter { categories: &categories, title, content: "", district };
        let proposal = catalogue().propose(matter);
        assert_eq!(proposal.as_ref().map(|proposal| proposal.unit_code.as_str()), unit, "{proposal:?}");
    }

    #[test]
    fn the_category_decides_then_keywords_then_the_district() {
        check(&["lamps", "city"], "路灯不亮", None, Some("roads"));
        check(&["lamps", "city"], "路灯不亮", Some("云水区"), Some("yunshui"));
        check(&["lamps", "city"], "公园路灯不亮", Some("云水区"), Some("parks"));
        check(&["benches", "city"], "长椅损坏", None, Some("city"));
    }

    #[test]
    fn without_a_category_only_words_decide() {
        check(&[], "楼道有煤气味", None, Some("gas"));
        check(&[], "你好", None, None);
        check(&["old"], "旧事项", None, None);
    }

    #[test]
    fn the_reason_names_row_version_and_argument() {
        let categories = ["benches".to_owned(), "city".to_owned()];
        let matter = Matter { categories: &categories, ..Matter::default() };
        let proposal = catalogue().propose(matter).unwrap();
        assert_eq!(proposal.why, [Why::CategoryAbove { code: "city".to_owned() }]);
        let text = proposal.reason(kernel::Lang::Zh, 3, |code| format!("<{code}>"));
        assert_eq!(text, "派单目录第3版“city”：事项分类属于“<city>”。");
    }

    #[test]
    fn tiers_are_hours_days_or_working_days() {
        for good in ["2h", "24h", "7d", "15w"] {
            assert!(is_tier(good), "{good}");
        }
        for bad in ["", "h", "0h", "2", "-2h", "9999d", "2x", "２h", "1.5h"] {
            assert!(!is_tier(bad), "{bad}");
        }
    }
}
