//! The special report (专报) to leaders: what people are concerned about in a period, in measured figures and
//! sentences that say nothing but them. Reports of the catalogue and the list of warnings are its only sources.

pub mod assessment;
mod words;

use kernel::Lang;

use crate::report::answer::{Line, Table};
use crate::report::dimension::{Bucket, Naming};
use crate::report::measure::{Measure, Unit};
use crate::report::period::{Period, name_of};
use crate::report::question::Question;
use crate::sheet::Around;
use crate::word::{Block, Chart, Grid, Shape};

/// So many rows of a ranking.
pub const RANKED: usize = 10;
/// So many slices of a whole; the rest is one more.
const SLICES: usize = 7;

/// What a part asks: a report of the catalogue, the dimension, measures, and what it is sorted by.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The report.
    pub report: &'static str,
    /// The dimension; `-` for none.
    pub by: &'static str,
    /// Measures, separated by commas.
    pub measures: &'static str,
    /// A measure, with `-` before it from the largest on.
    pub sort: &'static str,
}

/// The figures of all orders.
pub const KEY: Part = Part {
    report: "orders",
    by: "-",
    measures: "created,settled,open,overdue,reopened,settle_rate,on_time_rate,satisfaction_rate",
    sort: "",
};

/// Types.
pub const TYPES: Part =
    Part { report: "type", by: "type", measures: "created,settle_rate,satisfaction_rate", sort: "-created" };

/// Hot matters.
pub const HOT: Part = Part {
    report: "hot",
    by: "category",
    measures: "created,open,settle_rate,satisfaction_rate",
    sort: "-created",
};

/// Hard matters.
pub const HARD: Part = Part {
    report: "hard",
    by: "category",
    measures: "handle_median,created,overdue,reopened,on_time_rate,satisfaction_rate",
    sort: "-handle_median",
};

/// Districts.
pub const DISTRICTS: Part = Part {
    report: "risk",
    by: "district",
    measures: "created,overdue,reopened,settle_rate,on_time_rate,satisfaction_rate",
    sort: "-created",
};

/// Units.
pub const UNITS: Part = Part {
    report: "unit",
    by: "unit",
    measures: "created,settled,overdue,on_time_rate,satisfaction_rate",
    sort: "-created",
};

/// The figures of calls.
pub const CALLS: Part = Part {
    report: "call-figures",
    by: "-",
    measures: "inbound,queued,answered,abandoned,connection_rate,in_time_rate,wait_mean,talk_mean,outbound",
    sort: "",
};

/// The course of a period: by day, by week when it is longer than two months, by month when longer than a year.
#[must_use]
pub fn course(period: Period) -> Part {
    let by = match (period.to - period.from).num_days() {
        ..63 => "day",
        63..367 => "week",
        _ => "month",
    };
    Part { report: "orders", by, measures: "created", sort: "" }
}

/// A part with its answer.
pub type Answered = (Question, Table);

/// What the report is made of.
#[derive(Debug)]
pub struct Gathered {
    /// [`KEY`].
    pub key: Answered,
    /// [`course`].
    pub course: Answered,
    /// [`TYPES`].
    pub types: Answered,
    /// [`HOT`].
    pub hot: Answered,
    /// [`HARD`].
    pub hard: Answered,
    /// [`DISTRICTS`].
    pub districts: Answered,
    /// [`UNITS`].
    pub units: Answered,
    /// [`CALLS`]; none when the report is about some of the orders only.
    pub calls: Option<Answered>,
    /// Warnings of the period; none when the reader may not see them, or the report is about some orders only.
    pub warnings: Option<Warnings>,
    /// Whether the period is not over yet.
    pub unfinished: bool,
}

/// Warnings of the period.
#[derive(Clone, Debug, Default)]
pub struct Warnings {
    /// All of them.
    pub total: i64,
    /// Those that are closed.
    pub closed: i64,
    /// Of these, those that were real.
    pub real: i64,
    /// The gravest: number, kind, what it is about, where it stands.
    pub rows: Vec<[String; 4]>,
}

/// Headings are numbered in the order in which they come.
struct Outline {
    lang: Lang,
    headings: usize,
    blocks: Vec<Block>,
}

impl Outline {
    fn heading(&mut self, zh: &str, en: &str) {
        const NUMBERS: [&str; 10] = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十"];
        self.headings += 1;
        self.blocks.push(Block::Heading(match self.lang {
            Lang::Zh => format!("{}、{zh}", NUMBERS.get(self.headings - 1).copied().unwrap_or_default()),
            Lang::En => format!("{}. {en}", self.headings),
        }));
    }

    fn note(&mut self, zh: &str, en: &str) {
        self.blocks.push(Block::Note(self.lang.pick(zh, en).to_owned()));
    }
}

/// Puts the report together.
#[must_use]
pub fn compose(parts: &Gathered, around: &Around, lang: Lang) -> Vec<Block> {
    let mut out = Outline { lang, headings: 0, blocks: vec![Block::Title(around.title.clone())] };
    // The period and what it is compared with have a line each.
    let period = around.period.split(lang.pick("；", "; "));
    for text in period.chain([around.filters.as_str(), around.made.as_str()]) {
        if !text.is_empty() {
            out.blocks.push(Block::Line(text.to_owned()));
        }
    }
    out.blocks.push(Block::NewPage);
    out.heading("总体情况", "Overall");
    out.blocks.push(Block::Text(words::overall(&parts.key, lang)));
    out.blocks.push(Block::Table(figures(&parts.key, lang)));
    if parts.unfinished {
        out.note(
            "统计区间尚未结束，数字截至制表时，与完整的对比期比较时请注意。",
            "The period is not over yet: figures are those so far, beside a whole period of comparison.",
        );
    }
    let all = total(&parts.key, 0);
    if all > 0.0 {
        out.blocks.extend(line_chart(&parts.course, lang).map(Block::Chart));
        of_orders(&mut out, parts, all);
    }
    if let Some(calls) = parts.calls.as_ref().filter(|calls| total(calls, 0) > 0.0) {
        out.heading("热线运行", "The hotline");
        out.blocks.push(Block::Text(words::hotline(calls, lang)));
        out.blocks.push(Block::Table(figures(calls, lang)));
    }
    if let Some(warnings) = &parts.warnings {
        out.heading("重要社情预警", "Early warnings");
        out.blocks.extend(words::warnings(warnings, lang));
    }
    out.blocks.push(Block::Heading(lang.pick("附：指标口径", "What counts").to_owned()));
    let all_parts = [&parts.key, &parts.types, &parts.hot, &parts.hard, &parts.districts, &parts.units];
    let mut told: Vec<&str> = Vec::new();
    for one in all_parts.into_iter().chain(&parts.calls).flat_map(|(question, _)| &question.measures) {
        if !told.contains(&one.id) {
            told.push(one.id);
            let (name, about) = (lang.pick(one.name.0, one.name.1), lang.pick(one.about.0, one.about.1));
            out.blocks.push(Block::Note(format!("{name}{}{about}", lang.pick("：", ": "))));
        }
    }
    out.note(
        "表格最多列出 10 行；未填写分类、区域的工单计入总数，不列入排行。数字以制表时为准。",
        "Tables have 10 rows at most. Orders without category or district count in totals and are not ranked. Figures are those of the time of making.",
    );
    out.blocks
}

fn of_orders(out: &mut Outline, parts: &Gathered, all: f64) {
    let lang = out.lang;
    out.heading("诉求类型", "Types");
    out.blocks.extend(words::leading(&parts.types, all, lang));
    out.blocks.extend(slices(&parts.types, all, lang).map(Block::Chart));
    out.blocks.push(Block::Table(ranking(&parts.types, &named(&parts.types), lang)));
    out.heading("热点问题", "Hot matters");
    out.blocks.extend(words::leading(&parts.hot, all, lang));
    out.blocks.extend(bars(&parts.hot, ("热点事项受理量", "Orders of hot matters"), lang).map(Block::Chart));
    out.blocks.push(Block::Table(ranking(&parts.hot, &named(&parts.hot), lang)));
    out.heading("焦点问题", "Matters that rise");
    out.blocks.extend(words::rising(&parts.hot, lang));
    out.heading("难点问题", "Hard matters");
    out.blocks.extend(words::slowest(&parts.hard, lang));
    out.heading("区域分布", "Districts");
    out.blocks.extend(words::leading(&parts.districts, all, lang));
    out.blocks.extend(bars(&parts.districts, ("各区域受理量", "Orders by district"), lang).map(Block::Chart));
    out.blocks.push(Block::Table(ranking(&parts.districts, &named(&parts.districts), lang)));
    out.heading("办件较多的承办单位", "Units with most orders");
    out.note("按受理量排列，不作考核排名。", "By the number of orders; this is no ranking of their work.");
    out.blocks.push(Block::Table(ranking(&parts.units, &named(&parts.units), lang)));
}

/// Draws the course of the period beside that of the period of comparison.
fn line_chart(part: &Answered, lang: Lang) -> Option<Chart> {
    let (question, table) = part;
    let Some(Naming::Time(bucket)) = question.by.first().map(|one| one.naming) else { return None };
    if table.lines.len() < 2 {
        return None;
    }
    let key = |line: &Line| line.keys.first().and_then(|key| key.parse::<i64>().ok()).unwrap_or(0);
    let first = |values: &[Option<f64>]| values.first().copied().flatten();
    let mut series = vec![(
        lang.pick("本期", "This period").to_owned(),
        table.lines.iter().map(|line| first(&line.values)).collect(),
    )];
    if question.compare.is_some() {
        series.push((
            lang.pick("对比期", "Before").to_owned(),
            table.lines.iter().map(|line| first(&line.before)).collect(),
        ));
    }
    let whole_year = question.period.from.format("%Y-").to_string();
    let short = |line: &Line| {
        let name = name_of(bucket, key(line), lang == Lang::Zh);
        let name = name.split(" ~ ").next().unwrap_or_default();
        name.strip_prefix(&whole_year).unwrap_or(name).replace('-', "/")
    };
    Some(Chart {
        shape: Shape::Lines,
        title: match bucket {
            Bucket::Day => lang.pick("逐日受理量", "Orders by day"),
            Bucket::Week => lang.pick("逐周受理量", "Orders by week"),
            Bucket::Year => lang.pick("历年受理量", "Orders by year"),
            _ => lang.pick("逐月受理量", "Orders by month"),
        }
        .to_owned(),
        names: table.lines.iter().map(short).collect(),
        series,
    })
}

/// Draws shares of all; what has no name or comes late is one slice.
fn slices(part: &Answered, all: f64, lang: Lang) -> Option<Chart> {
    let of = |line: &Line| line.values.first().copied().flatten().unwrap_or(0.0);
    let lines: Vec<&Line> = named(part).into_iter().filter(|line| of(line) > 0.0).take(SLICES).collect();
    if lines.len() < 2 {
        return None;
    }
    let rest = all - lines.iter().map(|line| of(line)).sum::<f64>();
    let mut names: Vec<String> = lines.iter().map(|line| name(line)).collect();
    let mut values: Vec<Option<f64>> = lines.iter().map(|line| Some(of(line))).collect();
    if rest > 0.5 {
        names.push(lang.pick("其他", "Others").to_owned());
        values.push(Some(rest));
    }
    Some(Chart {
        shape: Shape::Slices,
        title: lang.pick("诉求类型构成", "Orders by type").to_owned(),
        names,
        series: vec![(lang.pick("受理量", "Orders").to_owned(), values)],
    })
}

/// Draws the rows of a ranking beside the period of comparison.
fn bars(part: &Answered, title: (&str, &str), lang: Lang) -> Option<Chart> {
    let lines: Vec<&Line> = named(part).into_iter().take(RANKED).collect();
    if lines.len() < 2 {
        return None;
    }
    let first = |values: &[Option<f64>]| Some(values.first().copied().flatten().unwrap_or(0.0));
    let mut series = vec![(
        lang.pick("本期", "This period").to_owned(),
        lines.iter().map(|line| first(&line.values)).collect(),
    )];
    if part.0.compare.is_some() {
        series.push((
            lang.pick("对比期", "Before").to_owned(),
            lines.iter().map(|line| first(&line.before)).collect(),
        ));
    }
    Some(Chart {
        shape: Shape::Bars,
        title: lang.pick(title.0, title.1).to_owned(),
        names: lines
            .iter()
            .map(|line| name(line).rsplit('/').next().unwrap_or_default().to_owned())
            .collect(),
        series,
    })
}

fn total(part: &Answered, at: usize) -> f64 {
    part.1.totals.get(at).copied().flatten().unwrap_or(0.0)
}

/// Writes a value as readers see it; what was not measured is a dash.
fn shown(one: &Measure, value: Option<f64>) -> String {
    match (one.unit, value) {
        (Unit::Count, value) => format!("{:.0}", value.unwrap_or(0.0)),
        (Unit::Share, Some(value)) => format!("{:.1}%", value * 100.0),
        (Unit::Stars | Unit::Ratio, Some(value)) => format!("{value:.2}"),
        (Unit::Hours | Unit::Seconds, Some(value)) => format!("{value:.1}"),
        (Unit::Instant, _) | (_, None) => "—".to_owned(),
    }
}

/// Names a measure with its unit, where it has one.
fn headed(one: &Measure, lang: Lang) -> String {
    let name = lang.pick(one.name.0, one.name.1);
    match one.unit {
        Unit::Hours => format!("{name}{}", lang.pick("（小时）", " (h)")),
        Unit::Seconds => format!("{name}{}", lang.pick("（秒）", " (s)")),
        _ => name.to_owned(),
    }
}

/// Writes how a value changed: shares by their difference, all else by growth.
fn changed(one: &Measure, now: Option<f64>, then: Option<f64>, lang: Lang) -> String {
    match (one.unit, now, then) {
        (Unit::Share, Some(now), Some(then)) => {
            format!("{:+.1} {}", (now - then) * 100.0, lang.pick("个百分点", "points"))
        }
        (Unit::Share | Unit::Instant, ..) => "—".to_owned(),
        (_, now, Some(then)) if then != 0.0 => format!("{:+.1}%", (now.unwrap_or(0.0) / then - 1.0) * 100.0),
        _ => "—".to_owned(),
    }
}

fn figures(key: &Answered, lang: Lang) -> Grid {
    let (question, table) = key;
    let compared = question.compare.is_some();
    let mut head = vec![lang.pick("指标", "Measure").to_owned(), lang.pick("本期", "This period").to_owned()];
    if compared {
        head.push(lang.pick("对比期", "Before").to_owned());
        head.push(lang.pick("增减", "Change").to_owned());
    }
    let rows = question.measures.iter().enumerate().map(|(at, one)| {
        let now = table.totals.get(at).copied().flatten();
        let mut row = vec![headed(one, lang), shown(one, now)];
        if compared {
            let then = table.totals_before.get(at).copied().flatten();
            row.push(shown(one, then));
            row.push(changed(one, now, then, lang));
        }
        row
    });
    Grid { rows: rows.collect(), head, names: 1, wide: None }
}

/// The rows that have a name, in their order.
fn named(part: &Answered) -> Vec<&Line> {
    part.1.lines.iter().filter(|line| line.keys.iter().all(|key| !key.is_empty())).collect()
}

fn name(line: &Line) -> String {
    line.names.join(" · ")
}

fn ranking(part: &Answered, lines: &[&Line], lang: Lang) -> Grid {
    let (question, _) = part;
    let mut head: Vec<String> =
        question.by.iter().map(|one| lang.pick(one.name.0, one.name.1).to_owned()).collect();
    head.extend(question.measures.iter().map(|one| headed(one, lang)));
    let rows = lines.iter().take(RANKED).map(|line| {
        let values = question
            .measures
            .iter()
            .enumerate()
            .map(|(at, one)| shown(one, line.values.get(at).copied().flatten()));
        line.names.iter().cloned().chain(values).collect()
    });
    Grid { rows: rows.collect(), head, names: question.by.len(), wide: None }
}
