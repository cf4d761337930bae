//! Places: regions, roads, buildings and what stands in them, joined to one address.

use std::sync::LazyLock;

use regex::Regex;
use rustc_hash::FxHashSet;

use super::{Span, Text};
use crate::lexicon::Tagged;
use crate::normalize::is_han;
use crate::stopwords::is_stopword;

static REGIONS: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| include_str!("../../data/regions.txt").split_whitespace().collect());

/// What names of places end with, longest first within what shares an ending.
const ENDINGS: [&str; 74] = [
    "自治区",
    "自治州",
    "自治县",
    "开发区",
    "高新区",
    "工业园",
    "产业园",
    "科技园",
    "街道",
    "社区",
    "小区",
    "花园",
    "家园",
    "公寓",
    "大厦",
    "大楼",
    "广场",
    "商场",
    "市场",
    "超市",
    "学校",
    "中学",
    "小学",
    "幼儿园",
    "大学",
    "学院",
    "医院",
    "卫生院",
    "酒店",
    "宾馆",
    "车站",
    "公园",
    "大道",
    "大街",
    "胡同",
    "路口",
    "公路",
    "高速",
    "大桥",
    "立交",
    "新城",
    "新村",
    "公馆",
    "名邸",
    "雅苑",
    "山庄",
    "机场",
    "码头",
    "水库",
    "步行街",
    "菜市场",
    "工地",
    "派出所",
    "办事处",
    "省",
    "市",
    "区",
    "县",
    "镇",
    "乡",
    "村",
    "路",
    "街",
    "巷",
    "弄",
    "里",
    "苑",
    "府",
    "郡",
    "湾",
    "城",
    "桥",
    "站",
    "组",
];
/// Parts of an address that carry a number.
static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[ ]?(?:[a-z]|[a-z]?[\d一二三四五六七八九十百]{1,6}(?:[-—][\d]{1,5})*[a-z]?|[东南西北甲乙丙丁])(?:号楼|号院|号线|号|栋|幢|座|单元|室|楼|层|弄|巷|组|期|区|街|路|门|户|排)")
        .expect("the pattern is constant")
});

pub(super) fn find(text: &Text<'_>, tokens: &[Tagged<'_>], taken: &[bool]) -> Vec<Span<()>> {
    let free = |from: usize, to: usize| !taken[text.at(from)..text.at(to)].iter().any(|taken| *taken);
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some(mut end_token) = part(tokens, at, text.folded) else {
            at += 1;
            continue;
        };
        let from = tokens[at].start;
        let mut to = tokens[end_token - 1].start + tokens[end_token - 1].word.len();
        // Parts of one address follow each other.
        loop {
            if let Some(number) = NUMBERED.find(&text.folded[to..]) {
                to += number.end();
                while end_token < tokens.len() && tokens[end_token].start < to {
                    end_token += 1;
                }
            } else if let Some(next) = (end_token < tokens.len() && tokens[end_token].start == to)
                .then(|| part(tokens, end_token, text.folded))
                .flatten()
            {
                end_token = next;
                to = tokens[next - 1].start + tokens[next - 1].word.len();
            } else {
                break;
            }
        }
        if free(from, to) && text.folded[from..to].chars().count() >= 2 {
            out.push(text.span(from, to, ()));
        }
        at = end_token.max(at + 1);
    }
    out
}

/// Returns the token after a part of an address that begins at `at`.
fn part(tokens: &[Tagged<'_>], at: usize, folded: &str) -> Option<usize> {
    let token = &tokens[at];
    if is_place(token) {
        return Some(at + 1);
    }
    if !may_name(token) {
        return None;
    }
    // An unknown name is cut into pieces; an ending closes it.
    for length in 1..=3 {
        let last = tokens.get(at + length)?;
        let joined = &folded[token.start..last.start + last.word.len()];
        if joined.chars().count() > 9 {
            return None;
        }
        if ENDINGS.contains(&last.word) && joined.chars().filter(|c| is_han(*c)).count() >= 2 {
            return Some(at + length + 1);
        }
        if is_place(last) {
            return (length == 1 && token.word.is_ascii()).then_some(at + length + 1);
        }
        if !may_name(last) {
            return None;
        }
    }
    None
}

fn is_place(token: &Tagged<'_>) -> bool {
    let length = token.word.chars().count();
    length >= 2
        && (REGIONS.contains(token.word)
            || (token.tag == "ns" && token.word.chars().all(is_han))
            || (length >= 3
                && token.tag.starts_with('n')
                && !token.tag.starts_with("nr")
                && ENDINGS.iter().any(|ending| token.word.ends_with(ending))))
}

fn may_name(token: &Tagged<'_>) -> bool {
    let noun = matches!(
        token.tag,
        "n" | "nr"
            | "ns"
            | "nz"
            | "nt"
            | "nrt"
            | "nrfg"
            | "ng"
            | "b"
            | "a"
            | "f"
            | "s"
            | "j"
            | "x"
            | "eng"
            | "m"
            | "z"
            | "vn"
            | "zg"
            | "l"
            | "i"
    );
    noun && !is_stopword(token.word) && token.word.chars().all(|c| is_han(c) || c.is_ascii_alphanumeric())
}
