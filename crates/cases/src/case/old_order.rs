//! Orders of an older system (历史工单): a table with one line an order, each of them closed long ago.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use contract::cases::CaseImported;
use contract::identity::UnitBrief;
use kernel::calendar::WorkCalendar;
use kernel::{Lang, Timestamp};
use serde_json::json;

use super::change::{Change, Fact};
use super::draft::{CONTENT_MAX, TITLE_MAX, is_phone};
use super::timeline::EntryKind;
use super::{Case, Kind, Status, UnitRef};
use crate::error::{CaseError, Check, Refusal};
use crate::sheet::{Sheet, cell};

/// So many orders one file may hold.
pub const ROWS_MAX: usize = 5_000;
/// The longest number of an older system, in characters.
pub const NUMBER_MAX: usize = 60;
/// Nothing is older than this year.
const YEAR_MIN: i32 = 1990;
/// Who asked, when the older system did not know.
const NOBODY: &str = "匿名";

/// A column of the file: its field, its titles in Chinese and English, and whether it has to be there.
struct Column {
    field: &'static str,
    zh: &'static str,
    en: &'static str,
    must: bool,
}

const fn column(field: &'static str, zh: &'static str, en: &'static str, must: bool) -> Column {
    Column { field, zh, en, must }
}

/// The columns in the order of the template.
const COLUMNS: [Column; 14] = [
    column("old_number", "原工单编号", "Old number", true),
    column("created_at", "受理时间", "Taken at", true),
    column("settled_at", "办结时间", "Settled at", false),
    column("name", "市民姓名", "Citizen", false),
    column("phone", "联系电话", "Telephone", false),
    column("type", "诉求类型", "Type", false),
    column("category", "事项分类", "Category", true),
    column("district", "区域", "District", false),
    column("address", "地点", "Place", false),
    column("title", "标题", "Title", true),
    column("content", "内容", "Content", true),
    column("unit", "承办单位", "Unit", false),
    column("result", "办理结果", "Result", true),
    column("status", "状态", "Status", false),
];

/// Returns the head of the file.
#[must_use]
pub fn head(lang: Lang) -> Vec<&'static str> {
    COLUMNS.iter().map(|column| lang.pick(column.zh, column.en)).collect()
}

/// Returns the title of a field's column.
fn title_of(field: &str, lang: Lang) -> &'static str {
    COLUMNS.iter().find(|column| column.field == field).map_or("", |column| lang.pick(column.zh, column.en))
}

/// An order as the older system closed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldOrder {
    /// Its number there.
    pub old_number: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was closed.
    pub settled_at: Timestamp,
    /// Who asked.
    pub name: String,
    /// The number to call back.
    pub phone: Option<String>,
    /// The type.
    pub kind: Kind,
    /// The category.
    pub category_id: String,
    /// The district, as it is written in the file.
    pub district: Option<String>,
    /// Where.
    pub address: Option<String>,
    /// What it was about.
    pub title: String,
    /// What happened and what was asked for.
    pub content: String,
    /// The unit that dealt with it; none when the centre answered.
    pub unit: Option<UnitRef>,
    /// What was done.
    pub result: String,
}

/// What a name stands for.
#[derive(Clone, Debug)]
enum Meaning<T> {
    One(T),
    /// Several have the same name; only their codes tell them apart.
    Several,
}

/// What the words of a file may mean.
pub struct Known {
    units: HashMap<String, Meaning<UnitRef>>,
    categories: HashMap<String, Meaning<String>>,
    calendar: Arc<WorkCalendar>,
}

fn learn<T: PartialEq>(words: &mut HashMap<String, Meaning<T>>, word: &str, meaning: T) {
    let word = word.trim().to_lowercase();
    if word.is_empty() {
        return;
    }
    let known = match words.get(&word) {
        Some(Meaning::One(known)) if *known == meaning => return,
        Some(_) => Meaning::Several,
        None => Meaning::One(meaning),
    };
    words.insert(word, known);
}

impl Known {
    /// Learns units by code and name, and categories, each given as id, code, name and names from the root. A code
    /// goes before a name that is alike.
    #[must_use]
    pub fn new(units: &[UnitBrief], categories: &[[&str; 4]], calendar: Arc<WorkCalendar>) -> Self {
        let mut known = Self { units: HashMap::new(), categories: HashMap::new(), calendar };
        let reference = |unit: &UnitBrief| UnitRef { id: unit.id.0.clone(), path: unit.path.clone() };
        for unit in units {
            learn(&mut known.units, &unit.name, reference(unit));
        }
        for unit in units {
            known.units.insert(unit.code.to_lowercase(), Meaning::One(reference(unit)));
        }
        for [id, _, name, path_name] in categories {
            learn(&mut known.categories, name, (*id).to_owned());
            learn(&mut known.categories, path_name, (*id).to_owned());
        }
        for [id, code, ..] in categories {
            known.categories.insert(code.to_lowercase(), Meaning::One((*id).to_owned()));
        }
        known
    }
}

/// A line of a file.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number in the file.
    pub number: usize,
    /// Its cells as they came.
    pub cells: Vec<String>,
    /// Its texts in the order of [`COLUMNS`].
    texts: Vec<String>,
}

/// Reads the lines of a table.
///
/// # Errors
/// [`CaseError::Invalid`] when columns are missing or there are too many lines.
pub fn read(sheet: &Sheet) -> Result<Vec<Line>, CaseError> {
    let columns: Vec<Option<usize>> =
        COLUMNS.iter().map(|column| sheet.column(&[column.zh, column.en])).collect();
    let missing: Vec<&Column> = COLUMNS
        .iter()
        .zip(&columns)
        .filter(|(column, found)| column.must && found.is_none())
        .map(|(column, _)| column)
        .collect();
    if !missing.is_empty() {
        let titles = |lang: Lang| {
            missing.iter().map(|column| lang.pick(column.zh, column.en)).collect::<Vec<_>>().join("、")
        };
        return Err(CaseError::field(
            "file",
            "missing_columns",
            format!("缺少列：{}。请使用下载的模板。", titles(Lang::Zh)),
            format!("Columns are missing: {}. Please use the template.", titles(Lang::En)),
        ));
    }
    let rows = sheet.rows.len();
    if rows == 0 {
        return Err(CaseError::field(
            "file",
            "empty",
            "文件中没有工单。",
            "There are no orders in the file.",
        ));
    }
    if rows > ROWS_MAX {
        return Err(CaseError::field(
            "file",
            "too_many_rows",
            format!("一次最多导入 {ROWS_MAX} 条，文件中有 {rows} 条，请拆分后再导入。"),
            format!("A file takes {ROWS_MAX} orders; this one has {rows}. Please split it."),
        ));
    }
    Ok(sheet
        .rows
        .iter()
        .map(|(number, cells)| Line {
            number: *number,
            cells: cells.clone(),
            texts: columns.iter().map(|at| cell(cells, *at).to_owned()).collect(),
        })
        .collect())
}

impl Line {
    fn text(&self, field: &str) -> &str {
        let at = COLUMNS.iter().position(|column| column.field == field);
        at.and_then(|at| self.texts.get(at)).map_or("", String::as_str)
    }

    /// The number that the order had, as the file says it.
    #[must_use]
    pub fn old_number(&self) -> &str {
        self.text("old_number")
    }

    /// Makes an order of the line.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with the title of its column.
    pub fn order(&self, known: &Known, now: Timestamp) -> Result<OldOrder, Vec<Refusal>> {
        let mut check = Check::default();
        check.text("old_number", self.old_number(), NUMBER_MAX);
        check.text("title", self.text("title"), TITLE_MAX);
        check.text("content", self.text("content"), CONTENT_MAX);
        check.text("result", self.text("result"), CONTENT_MAX);
        check.optional("name", self.text("name"), 50);
        check.optional("district", self.text("district"), 50);
        check.optional("address", self.text("address"), 200);
        let phone = self.text("phone");
        if !phone.is_empty() && !is_phone(phone) {
            check.refuse("phone", "malformed", "电话号码格式不正确。", "This is no telephone number.");
        }
        let created_at = self.instant("created_at", known, now, &mut check);
        let settled_at = match self.text("settled_at") {
            "" => created_at,
            _ => self.instant("settled_at", known, now, &mut check),
        };
        if let (Some(created_at), Some(settled_at)) = (created_at, settled_at)
            && settled_at < created_at
        {
            check.refuse("settled_at", "order", "早于受理时间。", "It is before the order was taken.");
        }
        let kind = self.kind(&mut check);
        let unit = match self.text("unit") {
            "" => None,
            word => meaning(&known.units, word, "unit", ("单位", "unit"), &mut check),
        };
        let category = match self.text("category") {
            "" => {
                check.text("category", "", 1);
                None
            }
            word => meaning(&known.categories, word, "category", ("事项分类", "category"), &mut check),
        };
        let status = self.text("status").to_lowercase();
        if !matches!(
            status.as_str(),
            "" | "已办结" | "办结" | "已归档" | "归档" | "closed" | "archived" | "settled"
        ) {
            check.refuse(
                "status",
                "open",
                format!("“{status}”不是已办结，只导入已办结的工单。"),
                format!("“{status}” is not closed; only closed orders are taken in."),
            );
        }
        if let Err(CaseError::Invalid(refusals)) = check.done() {
            return Err(refusals.into_iter().map(titled).collect());
        }
        let optional = |field: &str| Some(self.text(field).to_owned()).filter(|text| !text.is_empty());
        let (Some(created_at), Some(settled_at), Some(category_id)) = (created_at, settled_at, category)
        else {
            return Err(Vec::new());
        };
        Ok(OldOrder {
            old_number: self.old_number().to_owned(),
            created_at,
            settled_at,
            name: optional("name").unwrap_or_else(|| NOBODY.to_owned()),
            phone: optional("phone"),
            kind,
            category_id,
            district: optional("district"),
            address: optional("address"),
            title: self.text("title").to_owned(),
            content: self.text("content").to_owned(),
            unit,
            result: self.text("result").to_owned(),
        })
    }

    fn kind(&self, check: &mut Check) -> Kind {
        let word = self.text("type");
        if word.is_empty() {
            return Kind::Other;
        }
        let named = |kind: &Kind| {
            [kind.code(), kind.name(Lang::Zh), kind.name(Lang::En)]
                .iter()
                .any(|name| name.eq_ignore_ascii_case(word))
        };
        Kind::ALL.iter().copied().find(named).unwrap_or_else(|| {
            let all = Kind::ALL.iter().map(|kind| kind.name(Lang::Zh)).collect::<Vec<_>>().join("、");
            check.refuse(
                "type",
                "unknown",
                format!("没有“{word}”这种类型，可填：{all}。"),
                format!("There is no type “{word}”."),
            );
            Kind::Other
        })
    }

    fn instant(
        &self,
        field: &'static str,
        known: &Known,
        now: Timestamp,
        check: &mut Check,
    ) -> Option<Timestamp> {
        let text = self.text(field);
        if text.is_empty() {
            check.text(field, "", 1);
            return None;
        }
        let read = moment(text).and_then(|(date, time)| known.calendar.instant(date, time).ok());
        let Some(at) = read.map(Timestamp) else {
            check.refuse(
                field,
                "malformed",
                format!("“{text}”不是日期时间，应写作 2019-03-01 14:30。"),
                format!("“{text}” is no time; write it as 2019-03-01 14:30."),
            );
            return None;
        };
        if at > now {
            check.refuse(
                field,
                "future",
                format!("“{text}”晚于现在。"),
                format!("“{text}” is in the future."),
            );
            return None;
        }
        Some(at)
    }
}

/// Puts the title of the column before what is wrong with it.
fn titled(refusal: Refusal) -> Refusal {
    Refusal {
        zh: format!("{}：{}", title_of(refusal.field, Lang::Zh), refusal.zh),
        en: format!("{}: {}", title_of(refusal.field, Lang::En), refusal.en),
        ..refusal
    }
}

fn meaning<T: Clone>(
    words: &HashMap<String, Meaning<T>>,
    word: &str,
    field: &'static str,
    (zh, en): (&str, &str),
    check: &mut Check,
) -> Option<T> {
    match words.get(&word.to_lowercase()) {
        Some(Meaning::One(meaning)) => return Some(meaning.clone()),
        Some(Meaning::Several) => check.refuse(
            field,
            "ambiguous",
            format!("有多个{zh}名为“{word}”，请填写编码。"),
            format!("Several have the name “{word}”; please write the code of the {en}."),
        ),
        None => check.refuse(
            field,
            "unknown",
            format!("没有名称或编码为“{word}”的{zh}。"),
            format!("There is no {en} with the name or code “{word}”."),
        ),
    }
    None
}

/// Reads a date with or without a time, as spreadsheets of China write it.
fn moment(text: &str) -> Option<(NaiveDate, NaiveTime)> {
    let text = text.replace('日', " ");
    let (date, time) = text.trim().split_once([' ', 'T']).unwrap_or((text.trim(), ""));
    let date = date.replace(['/', '.', '年', '月'], "-");
    let date = NaiveDate::parse_from_str(date.trim_end_matches('-'), "%Y-%m-%d").ok()?;
    if chrono::Datelike::year(&date) < YEAR_MIN {
        return None;
    }
    let time = time.trim();
    let time = match time.split_once('.') {
        Some((whole, _)) => whole,
        None => time,
    };
    if time.is_empty() {
        return Some((date, NaiveTime::MIN));
    }
    let time = ["%H:%M:%S", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(time, form).ok())?;
    Some((date, time))
}

/// Puts an order that was just made away as the older system had closed it; says what its time line tells.
pub fn archive(case: &mut Case, order: &OldOrder) -> Change {
    let settled_at = Some(order.settled_at);
    case.status = Status::Archived;
    case.created_by = None;
    case.updated_at = order.settled_at;
    case.settled_at = settled_at;
    case.archived_at = settled_at;
    // Nobody knows what its limit was.
    case.in_time = None;
    if let Some(unit) = &order.unit {
        case.dispatched_at = Some(order.created_at);
        case.handled_at = settled_at;
        case.standing.first_unit = Some(unit.clone());
    }
    case.unit.clone_from(&order.unit);
    case.old_number = Some(order.old_number.clone());
    let imported = CaseImported {
        case_id: case.id.clone(),
        number: case.number.clone(),
        old_number: order.old_number.clone(),
    };
    Change::new(EntryKind::Imported, "case.import")
        .saying(&order.result)
        .with(json!({ "old_number": order.old_number }))
        .telling(Fact::Imported(imported))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::calendar::WorkCalendar;
    use kernel::{Lang, Timestamp};

    use super::{Known, head, moment, read};
    use crate::case::Kind;
    use crate::sheet::Sheet;

    fn known() -> Known {
        let categories = [
            ["1", "lamps", "路灯", "城市管理/路灯"],
            ["2", "a", "其他", "城市管理/其他"],
            ["3", "b", "其他", "社会保障/其他"],
        ];
        Known::new(&[], &categories, Arc::new(WorkCalendar::china("Asia/Shanghai").unwrap()))
    }

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    #[test]
    fn times_are_read_as_people_write_them() {
        for text in ["2019-03-01 14:30", "2019/3/1 14:30:00", "2019年3月1日 14:30", "2019.03.01T14:30:00.000"]
        {
            let (date, time) = moment(text).unwrap();
            assert_eq!(format!("{date} {time}"), "2019-03-01 14:30:00", "{text}");
        }
        assert_eq!(moment("2019-03-01").unwrap().1.to_string(), "00:00:00");
        for text in ["", "去年", "2019-02-30", "2019-03-01 25:00", "43525", "0019-03-01"] {
            assert!(moment(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_line_says_everything_that_is_wrong_with_it() {
        let text = "原工单编号,受理时间,办结时间,事项分类,标题,内容,办理结果,承办单位,状态,联系电话,诉求类型\n\
                    G1,2019-03-01 14:30,2019-03-05,路灯,路灯不亮,三盏不亮,已更换,,已办结,0571-88001234,投诉\n\
                    ,2019-13-01,,其他,,内容,结果,园林局,办理中,电话,骂人\n\
                    G3,2019-03-01,2018-03-01,B,标题,内容,结果,,,,\n";
        let lines = read(&Sheet::read(text.as_bytes()).unwrap()).unwrap();
        let good = lines[0].order(&known(), NOW).unwrap();
        assert_eq!(good.created_at, Timestamp(1_551_421_800_000), "14:30 in Shanghai");
        assert_eq!(
            (good.kind, good.category_id.as_str(), good.name.as_str()),
            (Kind::Complaint, "1", "匿名")
        );

        let refusals = lines[1].order(&known(), NOW).unwrap_err();
        let said: Vec<&str> = refusals.iter().map(|refusal| refusal.zh.as_str()).collect();
        for words in [
            "原工单编号：请填写此项。",
            "受理时间：“2019-13-01”不是日期时间，应写作 2019-03-01 14:30。",
            "事项分类：有多个事项分类名为“其他”，请填写编码。",
            "标题：请填写此项。",
            "承办单位：没有名称或编码为“园林局”的单位。",
            "状态：“办理中”不是已办结，只导入已办结的工单。",
            "联系电话：电话号码格式不正确。",
        ] {
            assert!(said.contains(&words), "{words} in {said:?}");
        }
        let refusals = lines[2].order(&known(), NOW).unwrap_err();
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        assert_eq!(refusals[0].en, "Settled at: It is before the order was taken.");
    }

    #[test]
    fn the_template_is_a_head_that_is_read() {
        for lang in [Lang::Zh, Lang::En] {
            let sheet = Sheet { head: head(lang).into_iter().map(str::to_owned).collect(), rows: Vec::new() };
            assert!(read(&sheet).is_err(), "without orders");
            let rows = vec![(2, vec!["G1".to_owned()]); 5_000];
            assert_eq!(read(&Sheet { rows, ..sheet.clone() }).unwrap()[0].old_number(), "G1");
            let rows = vec![(2, vec!["G1".to_owned()]); 5_001];
            assert!(read(&Sheet { rows, ..sheet }).is_err(), "too many");
        }
    }
}
