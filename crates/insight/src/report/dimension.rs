//! What figures are told apart by.

use super::Words;

/// How values of a dimension are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// A span of time.
    Time(Bucket),
    /// A word of orders.
    Case(CaseWord),
    /// A unit.
    Unit,
    /// A person.
    Person,
    /// A queue, a flow, a node.
    Voice,
    /// A word of this slice.
    Own(&'static [(&'static str, Words)]),
    /// The text as it is.
    Plain,
}

/// Words of orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseWord {
    /// Type.
    Kind,
    /// Source.
    Source,
    /// Urgency.
    Urgency,
    /// Status.
    Status,
    /// Step.
    Step,
    /// Category.
    Category,
}

/// A span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// Each half hour.
    HalfHour,
    /// Each hour.
    Hour,
    /// Each day.
    Day,
    /// Each week, from Monday.
    Week,
    /// Each month.
    Month,
    /// Each quarter.
    Quarter,
    /// Each year.
    Year,
    /// The hour of the day, over all days.
    HourOfDay,
    /// The day of the week, over all weeks.
    Weekday,
}

impl Bucket {
    /// Tells whether its values follow each other in time, so that empty ones belong between them.
    #[must_use]
    pub fn is_sequence(self) -> bool {
        !matches!(self, Self::HourOfDay | Self::Weekday)
    }
}

/// A dimension.
#[derive(Clone, Copy, Debug)]
pub struct Dimension {
    /// Its id, also in addresses.
    pub id: &'static str,
    /// What it is called.
    pub name: Words,
    /// The column; for times it follows from the axis.
    pub column: &'static str,
    /// How its values are named.
    pub naming: Naming,
    /// The tables that have it.
    pub tables: &'static [&'static str],
}

const ALL: &[&str] = &["orders", "steps", "calls", "seats", "keys"];
const ORDERS: &[&str] = &["orders"];
const OFFICE: &[&str] = &["orders", "steps"];
const VOICE: &[&str] = &["calls", "seats"];
const CALLS: &[&str] = &["calls"];

const fn time(id: &'static str, name: Words, bucket: Bucket) -> Dimension {
    Dimension { id, name, column: "", naming: Naming::Time(bucket), tables: ALL }
}

const fn dimension(
    id: &'static str,
    name: Words,
    column: &'static str,
    naming: Naming,
    tables: &'static [&'static str],
) -> Dimension {
    Dimension { id, name, column, naming, tables }
}

const DIRECTIONS: &[(&str, Words)] =
    &[("in", ("呼入", "Inbound")), ("out", ("外拨", "Outbound")), ("internal", ("内部", "Internal"))];
const LINES: &[(&str, Words)] = &[
    ("mobile", ("手机", "Mobile")),
    ("landline", ("固定电话", "Landline")),
    ("web", ("网页通话", "Web")),
    ("other", ("其他", "Other")),
];
const RESULTS: &[(&str, Words)] =
    &[("answered", ("接通", "Answered")), ("missed", ("未接", "Missed")), ("failed", ("失败", "Failed"))];
const STATES: &[(&str, Words)] = &[
    ("ready", ("示闲", "Ready")),
    ("reserved", ("分配中", "Reserved")),
    ("ringing", ("振铃", "Ringing")),
    ("on_call", ("通话", "On a call")),
    ("wrap_up", ("话后处理", "Wrap-up")),
    ("not_ready", ("示忙", "Not ready")),
    ("break", ("小休", "Break")),
    ("signed_out", ("已签出", "Signed out")),
];
const STEP_STATES: &[(&str, Words)] =
    &[("open", ("在办", "Open")), ("done", ("已办", "Done")), ("cancelled", ("取消", "Cancelled"))];
const LIGHTS: &[(&str, Words)] = &[
    ("green", ("绿灯", "Green")),
    ("yellow", ("黄灯", "Yellow")),
    ("red", ("红灯", "Red")),
    ("none", ("无运行时限", "No running limit")),
];
const ENDS: &[(&str, Words)] = &[
    ("citizen", ("市民挂机", "Citizen")),
    ("caller", ("市民挂机", "Citizen")),
    ("agent", ("座席挂机", "Agent")),
    ("system", ("系统", "System")),
];

/// All dimensions.
pub const DIMENSIONS: &[Dimension] = &[
    time("year", ("年", "Year"), Bucket::Year),
    time("quarter", ("季度", "Quarter"), Bucket::Quarter),
    time("month", ("月", "Month"), Bucket::Month),
    time("week", ("周", "Week"), Bucket::Week),
    time("day", ("日", "Day"), Bucket::Day),
    time("hour", ("小时", "Hour"), Bucket::Hour),
    time("half_hour", ("半小时", "Half hour"), Bucket::HalfHour),
    time("weekday", ("星期", "Day of the week"), Bucket::Weekday),
    time("hour_of_day", ("时段", "Hour of the day"), Bucket::HourOfDay),
    dimension("type", ("诉求类型", "Type"), "type", Naming::Case(CaseWord::Kind), OFFICE),
    dimension(
        "category_top",
        ("事项大类", "Main category"),
        "category_top_id",
        Naming::Case(CaseWord::Category),
        ORDERS,
    ),
    dimension("category", ("事项分类", "Category"), "category_id", Naming::Case(CaseWord::Category), ORDERS),
    dimension("district", ("区域", "District"), "district", Naming::Plain, ORDERS),
    dimension("source", ("来源", "Source"), "source", Naming::Case(CaseWord::Source), ORDERS),
    dimension("urgency", ("紧急程度", "Urgency"), "urgency", Naming::Case(CaseWord::Urgency), ORDERS),
    dimension("tier", ("时限档", "Tier"), "tier", Naming::Plain, ORDERS),
    dimension("status", ("状态", "Status"), "status", Naming::Case(CaseWord::Status), ORDERS),
    dimension(
        "light",
        ("红黄绿灯", "Light"),
        "case when due_at is null then 'none' when due_at < {now} then 'red' when yellow_at <= {now} then 'yellow' else 'green' end",
        Naming::Own(LIGHTS),
        ORDERS,
    ),
    dimension("stars", ("评价星级", "Stars"), "stars", Naming::Plain, ORDERS),
    dimension("unit", ("承办单位", "Unit in charge"), "unit_id", Naming::Unit, OFFICE),
    dimension("first_unit", ("首接单位", "First unit"), "first_unit_id", Naming::Unit, ORDERS),
    dimension("writer", ("登记人", "Written by"), "created_by", Naming::Person, ORDERS),
    dimension("handler", ("主办人", "Person in charge"), "person_id", Naming::Person, ORDERS),
    dimension("step", ("环节", "Step"), "step", Naming::Case(CaseWord::Step), &["steps"]),
    dimension("step_state", ("环节状态", "State"), "state", Naming::Own(STEP_STATES), &["steps"]),
    dimension("doer", ("办理人", "Done by"), "person_id", Naming::Person, &["steps"]),
    dimension("agent", ("话务员", "Agent"), "agent_id", Naming::Person, VOICE),
    dimension("seat", ("座席号", "Seat"), "seat_no", Naming::Plain, VOICE),
    dimension("agent_unit", ("话务员单位", "Agent's unit"), "unit_id", Naming::Unit, VOICE),
    dimension("direction", ("呼叫方向", "Direction"), "direction", Naming::Own(DIRECTIONS), CALLS),
    dimension("result", ("呼叫结果", "Result"), "result", Naming::Own(RESULTS), CALLS),
    dimension("line", ("来电线路类型", "Line"), "line", Naming::Own(LINES), CALLS),
    dimension("trunk", ("中继", "Trunk"), "origin", Naming::Plain, CALLS),
    dimension("hotline", ("被叫号码", "Number called"), "hotline", Naming::Plain, CALLS),
    dimension("queue", ("队列", "Queue"), "queue_id", Naming::Voice, CALLS),
    dimension("summary", ("话后小结", "Call summary"), "summary", Naming::Own(SUMMARIES), CALLS),
    dimension("hung_up_by", ("挂机方", "Hung up by"), "hung_up_by", Naming::Own(ENDS), CALLS),
    dimension(
        "length",
        ("通话时长段", "Length of the talk"),
        "case when answered_at is null then '0' when talked_ms < 60000 then '1' when talked_ms < 180000 then '2' \
         when talked_ms < 300000 then '3' when talked_ms < 600000 then '4' else '5' end",
        Naming::Own(&[
            ("0", ("未接通", "Not answered")),
            ("1", ("1 分钟以内", "Under 1 minute")),
            ("2", ("1–3 分钟", "1 to 3 minutes")),
            ("3", ("3–5 分钟", "3 to 5 minutes")),
            ("4", ("5–10 分钟", "5 to 10 minutes")),
            ("5", ("10 分钟以上", "Over 10 minutes")),
        ]),
        CALLS,
    ),
    dimension("state", ("座席状态", "State"), "state", Naming::Own(STATES), &["seats"]),
    dimension("flow", ("呼叫流程", "Call flow"), "flow_id", Naming::Voice, &["keys"]),
    dimension("node", ("节点", "Node"), "node_id", Naming::Voice, &["keys"]),
    dimension(
        "key",
        ("按键", "Key"),
        "case when starts_with(what, 'key:') then substr(what, 5) else null end",
        Naming::Plain,
        &["keys"],
    ),
];

const SUMMARIES: &[(&str, Words)] = &[
    ("answered", ("当场答复", "Answered at once")),
    ("ordered", ("已建工单", "Order written")),
    ("transferred", ("已转接", "Transferred")),
    ("callback", ("需回电", "To be called back")),
    ("nuisance", ("骚扰", "Nuisance")),
    ("silent", ("无声", "Silent")),
    ("wrong_number", ("打错", "Wrong number")),
    ("other", ("其他", "Other")),
];

/// Finds a dimension of a table.
#[must_use]
pub fn find(table: &str, id: &str) -> Option<&'static Dimension> {
    DIMENSIONS.iter().find(|one| one.id == id && one.tables.contains(&table))
}

/// Returns the dimensions of a table.
pub fn of(table: &'static str) -> impl Iterator<Item = &'static Dimension> {
    DIMENSIONS.iter().filter(move |one| one.tables.contains(&table))
}

impl Dimension {
    /// Writes the dimension as the engine reads it; `axis` is the instant of the period, `offset_ms` what the
    /// city's zone is ahead of UTC.
    #[must_use]
    pub fn expression(&self, axis: &str, offset_ms: i64, now: i64) -> String {
        let Naming::Time(bucket) = self.naming else {
            return self.column.replace("{now}", &now.to_string());
        };
        let (day, hour, month) = if axis == "at" {
            ("day".to_owned(), "hour".to_owned(), "month".to_owned())
        } else {
            let at = format!("({axis} + {offset_ms})");
            let date = format!("to_timestamp_millis({at})");
            (
                format!("({at} / 86400000)"),
                format!("(({at} % 86400000) / 3600000)"),
                format!("cast(date_part('year', {date}) * 100 + date_part('month', {date}) as bigint)"),
            )
        };
        match bucket {
            Bucket::HalfHour => format!("(({axis} + {offset_ms}) / 1800000)"),
            Bucket::Hour => format!("{day} * 24 + {hour}"),
            Bucket::Day => day,
            // Day 0 was a Thursday.
            Bucket::Week => format!("({day} + 3) / 7"),
            Bucket::Month => month,
            Bucket::Quarter => format!("({month} / 100) * 10 + (({month} % 100) + 2) / 3"),
            Bucket::Year => format!("{month} / 100"),
            Bucket::HourOfDay => hour,
            Bucket::Weekday => format!("({day} + 3) % 7"),
        }
    }
}
