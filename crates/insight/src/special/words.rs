//! Sentences of the special report: each says a measured figure and nothing else.

use kernel::Lang;

use super::{Answered, RANKED, Warnings, name, named, ranking, shown, total};
use crate::report::answer::Line;
use crate::report::measure::Unit;
use crate::report::question::Question;
use crate::word::{Block, Grid};

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

/// Says how many orders there were, and what became of them.
pub(super) fn overall(key: &Answered, lang: Lang) -> String {
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

/// Says which rows lead, with their shares of all; the first measure is the number of orders.
pub(super) fn leading(part: &Answered, all: f64, lang: Lang) -> Option<Block> {
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
pub(super) fn rising(part: &Answered, lang: Lang) -> Vec<Block> {
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
        wide: None,
    };
    vec![Block::Text(text), Block::Table(grid)]
}

/// What took longest to settle; what has no settled order is not judged.
pub(super) fn slowest(part: &Answered, lang: Lang) -> Vec<Block> {
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

/// Says how many called, and how they were answered.
pub(super) fn hotline(calls: &Answered, lang: Lang) -> String {
    let of = |id: &str| said(calls, id, lang);
    match lang {
        Lang::Zh => format!(
            "统计区间内热线来电 {} 通，其中 {} 通进入人工队列，接通 {} 通，接通率 {}，按时接通率 {}；平均等待 {} 秒，平均通话 {} 秒。",
            of("inbound"),
            of("queued"),
            of("answered"),
            of("connection_rate"),
            of("in_time_rate"),
            of("wait_mean"),
            of("talk_mean")
        ),
        Lang::En => format!(
            "{} called, {} of them asked for an agent and {} were answered: {}, in time: {}. They waited {} s and talked {} s on average.",
            of("inbound"),
            of("queued"),
            of("answered"),
            of("connection_rate"),
            of("in_time_rate"),
            of("wait_mean"),
            of("talk_mean")
        ),
    }
}

/// Says how many warnings there were and how many were real, and names the gravest.
pub(super) fn warnings(all: &Warnings, lang: Lang) -> Vec<Block> {
    if all.total == 0 {
        let text = lang.pick("统计区间内没有发出预警。", "No warning was raised in the period.");
        return vec![Block::Text(text.to_owned())];
    }
    let Warnings { total, closed, real, rows } = all;
    let text = match lang {
        Lang::Zh => format!(
            "统计区间内发出预警 {total} 条，已核实办结 {closed} 条，其中属实 {real} 条。下表按级别从高到低列出 {} 条。",
            rows.len()
        ),
        Lang::En => format!(
            "{total} warnings were raised, {closed} are closed, {real} of these were real. The gravest {} follow.",
            rows.len()
        ),
    };
    let head = [("编号", "Number"), ("类别", "Kind"), ("内容", "About"), ("处置", "State")];
    let grid = Grid {
        head: head.map(|(zh, en)| lang.pick(zh, en).to_owned()).to_vec(),
        rows: rows.iter().map(|row| row.to_vec()).collect(),
        names: 4,
        wide: Some(2),
    };
    vec![Block::Text(text), Block::Table(grid)]
}
