//! The special report (专报) to leaders: what people are concerned about in a period, in measured figures and
//! sentences that say nothing but them. Reports of the catalogue are its only source.

use kernel::Lang;

use crate::report::answer::{Line, Table};
use crate::report::measure::{Measure, Unit};
use crate::report::question::Question;
use crate::sheet::Around;
use crate::word::{Block, Grid};

/// So many rows of a ranking.
pub const RANKED: usize = 10;

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

/// The parts, in the order of reading: figures, types, hot matters, hard matters, districts, units.
pub const PARTS: [Part; 6] = [
    Part {
        report: "orders",
        by: "-",
        measures: "created,settled,open,overdue,reopened,settle_rate,on_time_rate,satisfaction_rate",
        sort: "",
    },
    Part { report: "type", by: "type", measures: "created,settle_rate,satisfaction_rate", sort: "-created" },
    Part {
        report: "hot",
        by: "category",
        measures: "created,open,settle_rate,satisfaction_rate",
        sort: "-created",
    },
    Part {
        report: "hard",
        by: "category",
        measures: "handle_median,created,overdue,reopened,on_time_rate,satisfaction_rate",
        sort: "-handle_median",
    },
    Part {
        report: "risk",
        by: "district",
        measures: "created,overdue,reopened,settle_rate,on_time_rate,satisfaction_rate",
        sort: "-created",
    },
    Part {
        report: "unit",
        by: "unit",
        measures: "created,settled,overdue,on_time_rate,satisfaction_rate",
        sort: "-created",
    },
];

/// A part with its answer.
pub type Answered = (Question, Table);

/// Puts the report together.
#[must_use]
pub fn compose(parts: &[Answered; 6], around: &Around, lang: Lang) -> Vec<Block> {
    let [key, types, hot, hard, districts, units] = parts;
    let mut blocks = vec![Block::Title(around.title.clone())];
    for text in [&around.period, &around.filters, &around.made] {
        if !text.is_empty() {
            blocks.push(Block::Line(text.clone()));
        }
    }
    blocks.push(Block::NewPage);
    blocks.push(heading(lang, "一、总体情况", "1. Overall"));
    blocks.push(Block::Text(overall(key, lang)));
    blocks.push(Block::Table(figures(key, lang)));
    let all = total(key, 0);
    if all > 0.0 {
        blocks.push(heading(lang, "二、诉求类型", "2. Types"));
        blocks.extend(leading(types, all, lang));
        blocks.push(Block::Table(ranking(types, &named(types), lang)));
        blocks.push(heading(lang, "三、热点问题", "3. Hot matters"));
        blocks.extend(leading(hot, all, lang));
        blocks.push(Block::Table(ranking(hot, &named(hot), lang)));
        blocks.push(heading(lang, "四、焦点问题", "4. Matters that rise"));
        blocks.extend(rising(hot, lang));
        blocks.push(heading(lang, "五、难点问题", "5. Hard matters"));
        blocks.extend(slowest(hard, lang));
        blocks.push(heading(lang, "六、区域分布", "6. Districts"));
        blocks.extend(leading(districts, all, lang));
        blocks.push(Block::Table(ranking(districts, &named(districts), lang)));
        blocks.push(heading(lang, "七、办件较多的承办单位", "7. Units with most orders"));
        blocks.push(Block::Note(
            lang.pick(
                "按受理量排列，不作考核排名。",
                "By the number of orders; this is no ranking of their work.",
            )
            .to_owned(),
        ));
        blocks.push(Block::Table(ranking(units, &named(units), lang)));
    }
    blocks.push(heading(lang, "附：指标口径", "What counts"));
    let mut told: Vec<&str> = Vec::new();
    for one in parts.iter().flat_map(|(question, _)| &question.measures) {
        if !told.contains(&one.id) {
            told.push(one.id);
            let (name, about) = (lang.pick(one.name.0, one.name.1), lang.pick(one.about.0, one.about.1));
            blocks.push(Block::Note(format!("{name}{}{about}", lang.pick("：", ": "))));
        }
    }
    blocks.push(Block::Note(
        lang.pick(
            "表格最多列出 10 行；未填写分类、区域的工单计入总数，不列入排行。数字以制表时为准。",
            "Tables have 10 rows at most. Orders without category or district count in totals and are not ranked. Figures are those of the time of making.",
        )
        .to_owned(),
    ));
    blocks
}

fn heading(lang: Lang, zh: &str, en: &str) -> Block {
    Block::Heading(lang.pick(zh, en).to_owned())
}

fn total(part: &Answered, at: usize) -> f64 {
    part.1.totals.get(at).copied().flatten().unwrap_or(0.0)
}

/// Writes a value as readers see it; what was not measured is a dash.
fn shown(one: &Measure, value: Option<f64>) -> String {
    match (one.unit, value) {
        (Unit::Count, value) => format!("{:.0}", value.unwrap_or(0.0)),
        (Unit::Share, Some(value)) => format!("{:.1}%", value * 100.0),
        (Unit::Stars, Some(value)) => format!("{value:.2}"),
        (Unit::Hours | Unit::Seconds, Some(value)) => format!("{value:.1}"),
        (Unit::Instant, _) | (_, None) => "—".to_owned(),
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

fn place(question: &Question, id: &str) -> usize {
    question.measures.iter().position(|one| one.id == id).unwrap_or(usize::MAX)
}

/// Writes a measure of the totals by its id.
fn said(part: &Answered, id: &str, lang: Lang) -> String {
    let at = place(&part.0, id);
    let value = part.1.totals.get(at).copied().flatten();
    match part.0.measures.get(at) {
        Some(one) if one.unit == Unit::Count || value.is_some() => shown(one, value),
        _ => lang.pick("无数据", "not measured").to_owned(),
    }
}

fn overall(key: &Answered, lang: Lang) -> String {
    let (now, then) = (total(key, 0), key.1.totals_before.first().copied().flatten().unwrap_or(0.0));
    let of = |id: &str| said(key, id, lang);
    let compared = if key.0.compare.is_none() {
        String::new()
    } else {
        let (by, grown) = ((now - then).abs(), then > 0.0);
        let rate = if grown { format!("{:.1}%", by / then * 100.0) } else { String::new() };
        match lang {
            Lang::Zh if by < 0.5 => format!("，与对比期（{then:.0} 件）持平"),
            Lang::Zh => format!(
                "，比对比期（{then:.0} 件）{} {by:.0} 件{}",
                if now > then { "增加" } else { "减少" },
                if grown {
                    format!("，{} {rate}", if now > then { "上升" } else { "下降" })
                } else {
                    rate
                }
            ),
            Lang::En if by < 0.5 => format!(", as many as in the period before ({then:.0})"),
            Lang::En => format!(
                ", {by:.0} {} than in the period of comparison ({then:.0}){}",
                if now > then { "more" } else { "fewer" },
                if grown { format!(", a change of {rate}") } else { rate }
            ),
        }
    };
    match lang {
        Lang::Zh if now <= 0.0 => format!("统计区间内没有受理诉求{compared}。"),
        Lang::En if now <= 0.0 => format!("No orders were written in the period{compared}."),
        Lang::Zh => format!(
            "统计区间内共受理诉求 {now:.0} 件{compared}。其中办结 {} 件，在办 {} 件；此刻超期在办 {} 件，重办 {} 件。办结率 {}，按时办结率 {}，满意率 {}。",
            of("settled"),
            of("open"),
            of("overdue"),
            of("reopened"),
            of("settle_rate"),
            of("on_time_rate"),
            of("satisfaction_rate")
        ),
        Lang::En => format!(
            "{now:.0} orders were written in the period{compared}. {} are settled and {} open; {} are past their limit now, {} were taken up again. Settled: {}; in time: {}; satisfied: {}.",
            of("settled"),
            of("open"),
            of("overdue"),
            of("reopened"),
            of("settle_rate"),
            of("on_time_rate"),
            of("satisfaction_rate")
        ),
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
        let mut row = vec![lang.pick(one.name.0, one.name.1).to_owned(), shown(one, now)];
        if compared {
            let then = table.totals_before.get(at).copied().flatten();
            row.push(shown(one, then));
            row.push(changed(one, now, then, lang));
        }
        row
    });
    Grid { rows: rows.collect(), head, names: 1 }
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
    head.extend(question.measures.iter().map(|one| lang.pick(one.name.0, one.name.1).to_owned()));
    let rows = lines.iter().take(RANKED).map(|line| {
        let values = question
            .measures
            .iter()
            .enumerate()
            .map(|(at, one)| shown(one, line.values.get(at).copied().flatten()));
        line.names.iter().cloned().chain(values).collect()
    });
    Grid { rows: rows.collect(), head, names: question.by.len() }
}

/// Says which rows lead, with their shares of all; the first measure is the number of orders.
fn leading(part: &Answered, all: f64, lang: Lang) -> Option<Block> {
    let of = |line: &Line| line.values.first().copied().flatten().unwrap_or(0.0);
    let first: Vec<String> = named(part)
        .into_iter()
        .filter(|line| of(line) > 0.0)
        .take(3)
        .map(|line| {
            let (count, share) = (of(line), of(line) / all * 100.0);
            match lang {
                Lang::Zh => format!("{}（{count:.0} 件，占 {share:.1}%）", name(line)),
                Lang::En => format!("{} ({count:.0}, {share:.1}%)", name(line)),
            }
        })
        .collect();
    (!first.is_empty()).then(|| {
        Block::Text(match lang {
            Lang::Zh => format!("受理量居前的是{}。", first.join("、")),
            Lang::En => format!("Most orders: {}.", first.join(", ")),
        })
    })
}

/// What rose most against the period of comparison.
fn rising(part: &Answered, lang: Lang) -> Vec<Block> {
    if part.0.compare.is_none() {
        let text = lang.pick(
            "未选择对比期，不比较增减。",
            "No period of comparison was chosen, so that nothing is compared.",
        );
        return vec![Block::Text(text.to_owned())];
    }
    let pair = |line: &Line| {
        let of = |values: &[Option<f64>]| values.first().copied().flatten().unwrap_or(0.0);
        (of(&line.values), of(&line.before))
    };
    let grown = |line: &Line| {
        let (now, then) = pair(line);
        now - then
    };
    let mut lines: Vec<&Line> = named(part).into_iter().filter(|line| grown(line) > 0.0).collect();
    lines
        .sort_by(|left, right| grown(right).total_cmp(&grown(left)).then_with(|| left.keys.cmp(&right.keys)));
    let Some(first) = lines.first() else {
        let text = lang.pick(
            "没有事项的受理量比对比期增加。",
            "No category had more orders than in the period of comparison.",
        );
        return vec![Block::Text(text.to_owned())];
    };
    let (now, then) = pair(first);
    let text = match lang {
        Lang::Zh => format!(
            "受理量比对比期增加最多的事项是{}，由 {then:.0} 件增至 {now:.0} 件；共有 {} 个事项增加。",
            name(first),
            lines.len()
        ),
        Lang::En => format!(
            "{} rose most against the period of comparison, from {then:.0} to {now:.0}; {} categories rose.",
            name(first),
            lines.len()
        ),
    };
    let head = [("事项", "Category"), ("本期", "This period"), ("对比期", "Before"), ("增加", "More")];
    let rows = lines.iter().take(RANKED).map(|line| {
        let (now, then) = pair(line);
        vec![name(line), format!("{now:.0}"), format!("{then:.0}"), format!("{:.0}", now - then)]
    });
    let grid = Grid {
        rows: rows.collect(),
        head: head.map(|(zh, en)| lang.pick(zh, en).to_owned()).to_vec(),
        names: 1,
    };
    vec![Block::Text(text), Block::Table(grid)]
}

/// What took longest to settle; what has no settled order is not judged.
fn slowest(part: &Answered, lang: Lang) -> Vec<Block> {
    let lines: Vec<&Line> =
        named(part).into_iter().filter(|line| line.values.first().copied().flatten().is_some()).collect();
    let Some(first) = lines.first() else {
        let text = lang.pick(
            "统计区间内登记的诉求尚无办结，不比较办理时长。",
            "None of the orders is settled yet, so that times are not compared.",
        );
        return vec![Block::Text(text.to_owned())];
    };
    let hours = first.values.first().copied().flatten().unwrap_or(0.0);
    let of = |id: &str| first.values.get(place(&part.0, id)).copied().flatten().unwrap_or(0.0);
    let text = match lang {
        Lang::Zh => format!(
            "办理时长中位数最长的事项是{}，为 {hours:.1} 小时；该事项受理 {:.0} 件，此刻超期在办 {:.0} 件，重办 {:.0} 件。",
            name(first),
            of("created"),
            of("overdue"),
            of("reopened")
        ),
        Lang::En => format!(
            "{} has the longest median time to settle, {hours:.1} hours; of {:.0} orders {:.0} are past their limit now and {:.0} were taken up again.",
            name(first),
            of("created"),
            of("overdue"),
            of("reopened")
        ),
    };
    vec![Block::Text(text), Block::Table(ranking(part, &lines, lang))]
}
