//! The written assessment of risks (社会风险评估研判): how an area's orders went over the years, which districts show
//! signs, what they are about, the gravest warnings. Every sentence says a measured figure; the levels follow from a
//! rule that stands in the file.

use kernel::Lang;

use super::{
    Answered, Outline, Part, RANKED, Warnings, bars, changed, figures, line_chart, name, named, ranking,
    shown, total, words,
};
use crate::report::answer::Line;
use crate::report::measure::Unit;
use crate::sheet::Around;
use crate::word::{Block, Grid};

/// So many years stand in the course, the judged one among them.
pub const YEARS_BACK: i32 = 5;
/// A district with fewer orders is too small to speak of growth.
const GROWN_LEAST: f64 = 10.0;
/// So much more than in the period of comparison is a sign.
const GROWN: f64 = 1.2;
/// So few overdue orders, or orders that came back, are no sign.
const FEW: f64 = 3.0;

/// The course over the years.
pub const YEARS: Part = Part {
    report: "risk",
    by: "year",
    measures: "created,overdue,reopened,settle_rate,on_time_rate,satisfaction_rate",
    sort: "",
};

/// The course of the period by month.
pub const MONTHS: Part = Part { report: "orders", by: "month", measures: "created", sort: "" };

/// What orders are about.
pub const MATTERS: Part = Part {
    report: "risk",
    by: "category",
    measures: "created,overdue,reopened,on_time_rate,satisfaction_rate",
    sort: "-created",
};

/// What the assessment is made of.
#[derive(Debug)]
pub struct Judged {
    /// The figures of the area.
    pub key: Answered,
    /// The same of all districts that the reader sees.
    pub whole: Answered,
    /// [`YEARS`].
    pub years: Answered,
    /// [`MONTHS`].
    pub months: Answered,
    /// The districts, [`super::DISTRICTS`].
    pub districts: Answered,
    /// [`MATTERS`].
    pub matters: Answered,
    /// Warnings of the period; none when the reader may not see them.
    pub warnings: Option<Warnings>,
    /// Whether the period is not over yet.
    pub unfinished: bool,
}

/// How many signs a district shows, and which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Signs(Vec<&'static str>);

impl Signs {
    fn level(&self, lang: Lang) -> &'static str {
        match self.0.len() {
            0 | 1 => lang.pick("低", "low"),
            2 => lang.pick("中", "middle"),
            _ => lang.pick("高", "high"),
        }
    }
}

fn at(part: &Answered, id: &str) -> usize {
    part.0.measures.iter().position(|one| one.id == id).unwrap_or(usize::MAX)
}

fn value(part: &Answered, line: &Line, id: &str) -> Option<f64> {
    line.values.get(at(part, id)).copied().flatten()
}

/// Looks for signs: growth; more overdue orders, more orders that came back, and less satisfaction than everywhere.
fn signs(judged: &Judged, line: &Line, lang: Lang) -> Signs {
    let (part, whole) = (&judged.districts, &judged.whole);
    let all = total(whole, at(whole, "created"));
    let now = value(part, line, "created").unwrap_or(0.0);
    let then = line.before.get(at(part, "created")).copied().flatten().unwrap_or(0.0);
    let share_above = |id: &str| {
        let own = value(part, line, id).unwrap_or(0.0);
        own >= FEW && all > 0.0 && own / now > total(whole, at(whole, id)) / all
    };
    let mut found = Vec::new();
    if now >= GROWN_LEAST && then > 0.0 && now / then >= GROWN {
        found.push(lang.pick("受理量上升", "more orders"));
    }
    if share_above("overdue") {
        found.push(lang.pick("超期偏多", "more overdue"));
    }
    if share_above("reopened") {
        found.push(lang.pick("重办偏多", "more came back"));
    }
    let everywhere = whole.1.totals.get(at(whole, "satisfaction_rate")).copied().flatten();
    if let (Some(own), Some(all)) = (value(part, line, "satisfaction_rate"), everywhere)
        && own < all
    {
        found.push(lang.pick("满意率偏低", "less satisfied"));
    }
    Signs(found)
}

/// Puts the assessment together.
#[must_use]
pub fn compose(judged: &Judged, around: &Around, lang: Lang) -> Vec<Block> {
    let mut out = Outline { lang, headings: 0, blocks: vec![Block::Title(around.title.clone())] };
    let period = around.period.split(lang.pick("；", "; "));
    for text in period.chain([around.filters.as_str(), around.made.as_str()]) {
        if !text.is_empty() {
            out.blocks.push(Block::Line(text.to_owned()));
        }
    }
    out.blocks.push(Block::NewPage);
    let mut lines: Vec<(&Line, Signs)> =
        named(&judged.districts).into_iter().map(|line| (line, signs(judged, line, lang))).collect();
    lines.sort_by_key(|(_, signs)| std::cmp::Reverse(signs.0.len()));
    out.heading("评估结论", "Conclusion");
    out.blocks.push(Block::Text(words::overall(&judged.key, lang)));
    out.blocks.extend(verdict(&lines, lang));
    if judged.unfinished {
        out.note(
            "统计区间尚未结束，数字截至制表时。",
            "The period is not over yet: figures are those so far.",
        );
    }
    out.heading("历年走势", "The years");
    out.blocks.push(Block::Text(course(&judged.years, lang)));
    out.blocks.extend(line_chart(&judged.years, lang).map(Block::Chart));
    out.blocks.push(Block::Table(ranking(&judged.years, &named(&judged.years), lang)));
    if total(&judged.key, 0) > 0.0 {
        out.heading("逐月走势", "The months");
        out.blocks.extend(line_chart(&judged.months, lang).map(Block::Chart));
        out.blocks.push(Block::Table(figures(&judged.key, lang)));
        out.heading("区域分布与风险等级", "Districts and their levels");
        out.blocks
            .extend(bars(&judged.districts, ("各区域受理量", "Orders by district"), lang).map(Block::Chart));
        out.blocks.push(Block::Table(levels(judged, &lines, lang)));
        out.heading("诉求集中的事项", "What it is about");
        out.blocks.extend(words::leading(&judged.matters, total(&judged.key, 0), lang));
        out.blocks.push(Block::Table(ranking(&judged.matters, &named(&judged.matters), lang)));
        out.heading("上升最快的事项", "What rises");
        out.blocks.extend(words::rising(&judged.matters, lang));
    }
    if let Some(warnings) = &judged.warnings {
        out.heading("重要社情预警", "Early warnings");
        out.blocks.extend(words::warnings(warnings, lang));
    }
    out.blocks.push(Block::Heading(lang.pick("附：评估方法与口径", "How it was judged").to_owned()));
    out.note(
        "风险等级由四项信号的个数得出：受理量不少于 10 件且比对比期上升两成及以上；超期在办不少于 3 件且占比高于全部区域；重办不少于 3 件且占比高于全部区域；满意率低于全部区域。0–1 项为低，2 项为中，3–4 项为高。等级只提示应当研判之处，不代替实地核查。",
        "The level is the number of signs: at least 10 orders and a fifth more than in the period of comparison; at least 3 overdue and a larger share than everywhere; at least 3 that came back and a larger share than everywhere; less satisfaction than everywhere. 0 or 1 is low, 2 middle, 3 or 4 high. It says where to look and replaces no visit.",
    );
    let mut told: Vec<&str> = Vec::new();
    for one in
        [&judged.key, &judged.years, &judged.matters].into_iter().flat_map(|(question, _)| &question.measures)
    {
        if !told.contains(&one.id) {
            told.push(one.id);
            let (name, about) = (lang.pick(one.name.0, one.name.1), lang.pick(one.about.0, one.about.1));
            out.blocks.push(Block::Note(format!("{name}{}{about}", lang.pick("：", ": "))));
        }
    }
    out.blocks
}

/// Says how many districts are at which level, and names those that are high.
fn verdict(lines: &[(&Line, Signs)], lang: Lang) -> Option<Block> {
    if lines.is_empty() {
        return None;
    }
    let of = |level: &str| lines.iter().filter(|(_, signs)| signs.level(lang) == level).count();
    let (high, middle) = (of(lang.pick("高", "high")), of(lang.pick("中", "middle")));
    let worst: Vec<String> = lines
        .iter()
        .filter(|(_, signs)| signs.0.len() >= 2)
        .take(3)
        .map(|(line, signs)| match lang {
            Lang::Zh => format!("{}（{}）", name(line), signs.0.join("、")),
            Lang::En => format!("{} ({})", name(line), signs.0.join(", ")),
        })
        .collect();
    let text = match lang {
        Lang::Zh if worst.is_empty() => {
            format!("共评估 {} 个区域，风险等级均为低，没有区域出现两项及以上信号。", lines.len())
        }
        Lang::Zh => format!(
            "共评估 {} 个区域，其中风险等级高 {high} 个、中 {middle} 个、低 {} 个。应重点研判的是{}。",
            lines.len(),
            lines.len() - high - middle,
            worst.join("、")
        ),
        Lang::En if worst.is_empty() => {
            format!("{} districts were judged; all are low, none shows two signs.", lines.len())
        }
        Lang::En => format!(
            "{} districts were judged: {high} high, {middle} middle, {} low. Look first at {}.",
            lines.len(),
            lines.len() - high - middle,
            worst.join(", ")
        ),
    };
    Some(Block::Text(text))
}

/// Says how the years went: the first, the last, the one with most orders.
fn course(part: &Answered, lang: Lang) -> String {
    let of = |line: &Line| line.values.first().copied().flatten().unwrap_or(0.0);
    let lines: Vec<&Line> = named(part).into_iter().filter(|line| of(line) > 0.0).collect();
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
        return lang.pick("统计年份内没有受理诉求。", "No orders were written in these years.").to_owned();
    };
    if lines.len() == 1 {
        return match lang {
            Lang::Zh => {
                format!("只有 {} 年有数据，受理 {:.0} 件，尚不能比较历年走势。", name(first), of(first))
            }
            Lang::En => format!(
                "Only {} has orders ({:.0}), so that years can't be compared.",
                name(first),
                of(first)
            ),
        };
    }
    let most = lines.iter().fold(first, |most, line| if of(line) > of(most) { line } else { most });
    let change = (of(last) / of(first) - 1.0) * 100.0;
    match lang {
        Lang::Zh => format!(
            "受理量由 {} 年的 {:.0} 件变为 {} 年的 {:.0} 件（{change:+.1}%），最多的是 {} 年（{:.0} 件）。",
            name(first),
            of(first),
            name(last),
            of(last),
            name(most),
            of(most)
        ),
        Lang::En => format!(
            "Orders went from {:.0} in {} to {:.0} in {} ({change:+.1}%); most were written in {} ({:.0}).",
            of(first),
            name(first),
            of(last),
            name(last),
            name(most),
            of(most)
        ),
    }
}

fn levels(judged: &Judged, lines: &[(&Line, Signs)], lang: Lang) -> Grid {
    let part = &judged.districts;
    let mut head: Vec<String> = [("区域", "District"), ("等级", "Level"), ("信号", "Signs")]
        .map(|(zh, en)| lang.pick(zh, en).to_owned())
        .to_vec();
    let told = ["created", "overdue", "reopened", "satisfaction_rate"];
    for (number, id) in told.iter().enumerate() {
        if let Some(one) = part.0.measures.get(at(part, id)) {
            head.push(lang.pick(one.name.0, one.name.1).to_owned());
        }
        if number == 0 {
            head.push(lang.pick("增减", "Change").to_owned());
        }
    }
    let rows = lines.iter().take(RANKED).map(|(line, signs)| {
        let found = if signs.0.is_empty() { "—".to_owned() } else { signs.0.join(lang.pick("、", ", ")) };
        let mut row = vec![name(line), signs.level(lang).to_owned(), found];
        for (number, id) in told.iter().enumerate() {
            let place = at(part, id);
            let (Some(one), now) = (part.0.measures.get(place), value(part, line, id)) else { continue };
            row.push(shown(one, now));
            if number == 0 {
                debug_assert_eq!(one.unit, Unit::Count);
                row.push(changed(one, now, line.before.get(place).copied().flatten(), lang));
            }
        }
        row
    });
    Grid { rows: rows.collect(), head, names: 3, wide: Some(2) }
}
