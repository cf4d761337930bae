//! Places: regions, roads, buildings and what stands in them, joined to one address.

use std::sync::LazyLock;

use regex::Regex;
use rustc_hash::FxHashSet;

use super::{Span, Text};
use crate::lexicon::{Lexicon, Tagged};
use crate::normalize::is_han;
use crate::stopwords::is_stopword;

static REGIONS: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| include_str!("../../data/regions.txt").split_whitespace().collect());
/// Regions as they are called for short: 北京, 朝阳.
static SHORT_REGIONS: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| {
    REGIONS
        .iter()
        .filter_map(|name| {
            ["自治区", "自治州", "自治县", "省", "市", "区", "县"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
        })
        .filter(|name| name.chars().count() >= 2)
        .collect()
});

/// What names of places end with.
const ENDINGS: [&str; 117] = [
    "自治区",
    "自治州",
    "自治县",
    "开发区",
    "高新区",
    "商务区",
    "工业区",
    "产业区",
    "工业园",
    "产业园",
    "科技园",
    "创业园",
    "街道",
    "社区",
    "小区",
    "花园",
    "家园",
    "嘉园",
    "佳园",
    "公寓",
    "大厦",
    "大楼",
    "广场",
    "商场",
    "商城",
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
    "饭店",
    "餐厅",
    "车站",
    "火车站",
    "地铁站",
    "公交站",
    "公园",
    "大道",
    "大街",
    "步行街",
    "胡同",
    "路口",
    "公路",
    "高速",
    "国道",
    "省道",
    "大桥",
    "立交",
    "立交桥",
    "新城",
    "新村",
    "公馆",
    "名邸",
    "雅苑",
    "新苑",
    "华府",
    "山庄",
    "机场",
    "码头",
    "水库",
    "菜市场",
    "工地",
    "派出所",
    "办事处",
    "居委会",
    "村委会",
    "别墅",
    "中心",
    "隧道",
    "北路",
    "南路",
    "东路",
    "西路",
    "中路",
    "一路",
    "二路",
    "三路",
    "四路",
    "五路",
    "北街",
    "南街",
    "东街",
    "西街",
    "老街",
    "售楼处",
    "体育馆",
    "图书馆",
    "省",
    "市",
    "区",
    "县",
    "镇",
    "乡",
    "村",
    "庄",
    "路",
    "街",
    "巷",
    "弄",
    "苑",
    "府",
    "郡",
    "湾",
    "城",
    "桥",
    "站",
    "湖",
    "寨",
    "屯",
    "坊",
];
/// Endings that a word of the dictionary may have and be no place: 网站, 城市, 股市.
const ALSO_THINGS: [&str; 13] =
    ["站", "城", "区", "市场", "中心", "别墅", "府", "市", "高速", "省", "大学", "学院", "公园"];
/// Words that the dictionary takes for places and are none, or none that anybody goes to.
const NO_PLACES: [&str; 46] = [
    "东西", "英雄", "入口", "出口", "上市", "入市", "锦旗", "黑市", "海鲜", "新建", "城建", "市区", "城区",
    "郊区", "楼市", "股市", "南北", "城市", "农村", "门口", "本市", "全市", "全省", "我市", "我区", "我县",
    "该市", "该区", "该县", "本区", "小区", "社区", "大街", "街道", "马路", "道路", "公路", "学校", "医院",
    "市场", "超市", "路口", "乡镇", "乡村", "村庄", "省市",
];
/// What says behind a place where exactly: at its gate, opposite.
const BESIDE: [&str; 30] = [
    "十字路口",
    "丁字路口",
    "三岔路口",
    "红绿灯路口",
    "交叉路口",
    "交叉口",
    "交汇处",
    "交会处",
    "交界处",
    "路口",
    "大门口",
    "门口",
    "东门",
    "西门",
    "南门",
    "北门",
    "正门",
    "后门",
    "侧门",
    "大门",
    "对面",
    "路段",
    "沿线",
    "桥下",
    "桥头",
    "站台",
    "出入口",
    "入口",
    "出口",
    "楼下",
];
/// What makes of a region's name that of an organisation, a person's origin or a thing.
const OF_ORGANISATION: [&str; 52] = [
    "政府",
    "市政府",
    "区政府",
    "省政府",
    "县政府",
    "人民政府",
    "公司",
    "银行",
    "分行",
    "支行",
    "公安",
    "法院",
    "检察",
    "消防",
    "民政",
    "教育",
    "住建",
    "城管",
    "交警",
    "警方",
    "卫生",
    "卫视",
    "电视台",
    "日报",
    "晚报",
    "队",
    "市民",
    "居民",
    "村民",
    "市长",
    "区长",
    "县长",
    "省长",
    "市委",
    "区委",
    "县委",
    "省委",
    "人",
    "籍",
    "菜",
    "话",
    "货",
    "式",
    "系",
    "盘",
    "版",
    "站",
    "建设",
    "政协",
    "人大",
    "房管",
    "国土",
];
/// Parts of an address that carry a number.
static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[ ]?(?:[a-z]|[a-z]?[\d一二三四五六七八九十百]{1,6}(?:[-—.][\da-z]{1,5})*[a-z]?|[东南西北甲乙丙丁]|附[\d]{1,3})(?:号楼|号院|号线|号|栋|幢|座|单元|室|楼|层|弄|巷|组|期|区|街|路|门|户|排|队|社|支弄|#)")
        .expect("the pattern is constant")
});
/// A number of a room that stands behind others: 3-2-501.
static ROOM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[-— ]?[a-z]?\d{1,4}(?:[-—]\d{1,4}){0,3}").expect("the pattern is constant")
});
/// A number of a house without a word behind it, where the words end: 海滨路568.
static HOUSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\d{1,5}(?:-\d{1,5}){0,3})(?:$|[ ，。；,;、])").expect("the pattern is constant")
});
/// What joins two roads to a crossing.
static CROSSING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:与|和|跟|、|同)").expect("the pattern is constant"));

/// How sure it is that words name a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sure {
    /// A word that the dictionary takes for a place.
    Word,
    /// A region.
    Region,
    /// It ends as places do, or carries a number.
    Address,
}

/// Finds the places in a text that is cut into words. What is `taken` is something else.
///
/// A name inside an address is a part of it; elsewhere people come first.
pub(super) fn find(
    text: &Text<'_>,
    tokens: &[Tagged<'_>],
    taken: &[bool],
    people: &[Span<()>],
    lexicon: &Lexicon,
) -> Vec<Span<()>> {
    let folded = text.folded;
    let free = |from: usize, to: usize| !taken[text.at(from)..text.at(to)].iter().any(|taken| *taken);
    let cut = Cut { tokens, folded, lexicon };
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some((end_token, to, sure)) = cut.address(at) else {
            at += 1;
            continue;
        };
        let from = tokens[at].start;
        // 东门路与西门路路口: the crossing is one place.
        let (end_token, to) = cut.crossing(end_token, to).unwrap_or((end_token, to));
        let (start, end) = (text.at(from), text.at(to));
        let person = people.iter().find(|person| person.start < end && start < person.end);
        let first =
            person.is_some_and(|person| sure < Sure::Address || person.start < start || person.end >= end);
        if free(from, to)
            && !first
            && folded[from..to].chars().count() >= 2
            && cut.is_somewhere(at, end_token, to, sure)
        {
            out.push(text.span(from, to, ()));
        }
        at = end_token.max(at + 1);
    }
    out
}

/// A text and the words that it is cut into.
struct Cut<'a> {
    tokens: &'a [Tagged<'a>],
    folded: &'a str,
    lexicon: &'a Lexicon,
}

impl Cut<'_> {
    fn end(&self, token: usize) -> usize {
        self.tokens[token].start + self.tokens[token].word.len()
    }

    /// Returns the first word that begins at a byte or behind it.
    fn token_at(&self, from: usize, byte: usize) -> usize {
        from + self.tokens[from.min(self.tokens.len())..].partition_point(|token| token.start < byte)
    }

    /// Reads an address that begins with a word: the word after it, the byte after it, and how sure it is.
    fn address(&self, at: usize) -> Option<(usize, usize, Sure)> {
        let (mut end_token, mut sure) = self.part(at)?;
        let mut to = self.end(end_token - 1);
        let mut numbered = false;
        // Parts of one address follow each other.
        loop {
            let rest = &self.folded[to..];
            if let Some(number) = NUMBERED.find(rest) {
                to += number.end();
                (sure, numbered) = (Sure::Address, true);
            } else if let Some(number) = HOUSE
                .captures(rest)
                .and_then(|found| found.get(1))
                .filter(|_| self.folded[..to].ends_with(['路', '街', '巷', '弄', '道']))
            {
                to += number.end();
                numbered = true;
            } else if numbered
                && let Some(number) = ROOM.find(rest).filter(|number| {
                    !rest[number.end()..].starts_with(|c: char| is_han(c) && !"号室栋幢".contains(c))
                })
            {
                to += number.end();
            } else if let Some(beside) = BESIDE.iter().find(|beside| rest.starts_with(**beside)) {
                to += beside.len();
                sure = Sure::Address;
            } else if end_token < self.tokens.len()
                && self.tokens[end_token].start == to
                && self.is_ending(end_token)
            {
                to = self.end(end_token);
                sure = Sure::Address;
            } else if end_token < self.tokens.len()
                && self.tokens[end_token].start == to
                && (sure > Sure::Word || is_short_region(self.tokens[end_token - 1].word))
                && let Some((next, more)) = self.part(end_token)
            {
                (end_token, sure) = (next, sure.max(more));
                to = self.end(next - 1);
                continue;
            } else if sure > Sure::Word
                && let Some(next) = self.bridge(end_token, to)
            {
                to = self.end(next - 1);
                sure = Sure::Address;
            } else {
                break;
            }
            end_token = self.token_at(end_token, to);
        }
        Some((end_token, to, sure))
    }

    /// Goes on inside an address over words that the dictionary does not know, up to an ending or a number.
    fn bridge(&self, end_token: usize, to: usize) -> Option<usize> {
        let mut end = to;
        for at in end_token..(end_token + 4).min(self.tokens.len()) {
            let token = &self.tokens[at];
            let spoken =
                matches!(token.tag, "v" | "d" | "p" | "c" | "r" | "t" | "y" | "ad" | "f" | "uj" | "ul" | "m")
                    && (self.lexicon.has(token.word) || token.tag == "uj");
            let fits = token.word.chars().all(|c| is_han(c) || c.is_ascii_alphanumeric())
                && !is_stopword(token.word);
            if token.start != end || !fits || spoken || self.folded[to..self.end(at)].chars().count() > 7 {
                return None;
            }
            end = self.end(at);
            if (at > end_token && self.is_ending(at))
                || NUMBERED.find(&self.folded[end..]).is_some_and(|number| number.len() > 3)
            {
                return Some(at + 1);
            }
        }
        None
    }

    /// Goes on over a second road when the two make a crossing.
    fn crossing(&self, end_token: usize, to: usize) -> Option<(usize, usize)> {
        let joint = CROSSING.find(&self.folded[to..])?;
        let at = self.token_at(end_token, to + joint.end());
        let (next, end, _) = self.address(at).filter(|_| self.tokens[at].start == to + joint.end())?;
        let crossing = ["交叉口", "路口", "交汇处", "交会处", "交界处"];
        crossing.iter().any(|word| self.folded[..end].ends_with(word)).then_some((next, end))
    }

    /// Reads a part of an address that begins with a word: the word after it, and how sure it is.
    fn part(&self, at: usize) -> Option<(usize, Sure)> {
        let token = self.tokens.get(at)?;
        // A region's name holds together also where the text was cut otherwise: 望|城区.
        if let Some(next) = (at + 1..(at + 3).min(self.tokens.len()))
            .rev()
            .find(|last| REGIONS.contains(&self.folded[token.start..self.end(*last)]))
        {
            return Some((next + 1, Sure::Region));
        }
        if let Some(sure) = self.place(token) {
            return Some((at + 1, sure));
        }
        if is_short_region(token.word)
            && at + 1 < self.tokens.len()
            && !NO_PLACES.contains(&self.tokens[at + 1].word)
        {
            // 房山长阳镇: a district for short before what is in it.
            if self.is_ending(at + 1) || self.place(&self.tokens[at + 1]).is_some() {
                return Some((at + 1, Sure::Region));
            }
        }
        if !may_name(token) {
            return None;
        }
        // An unknown name is cut into pieces; an ending closes it.
        for length in 1..=3 {
            let last = self.tokens.get(at + length)?;
            let joined = &self.folded[token.start..last.start + last.word.len()];
            if joined.chars().count() > 9 {
                return None;
            }
            if self.is_ending(at + length) && joined.chars().filter(|c| is_han(*c)).count() >= 2 {
                let plain = |token: &Tagged<'_>| {
                    self.lexicon.has(token.word)
                        && !matches!(token.tag, "ns" | "nr" | "nz" | "eng" | "x")
                        && !is_short_region(token.word)
                };
                let things =
                    ALSO_THINGS.contains(&last.word) && self.tokens[at..at + length].iter().all(plain);
                let letters = token.word.is_ascii() && token.word.chars().count() > 3;
                return (!(things || letters || (token.tag == "m" && length == 1)))
                    .then_some((at + length + 1, Sure::Address));
            }
            if self.place(last).is_some() || !may_name(last) {
                return None;
            }
        }
        None
    }

    /// Tells whether a word is an ending of a place's name.
    fn is_ending(&self, at: usize) -> bool {
        ENDINGS.contains(&self.tokens[at].word)
    }

    /// Tells how sure it is that a word is a place by itself.
    fn place(&self, token: &Tagged<'_>) -> Option<Sure> {
        let length = token.word.chars().count();
        if length < 2 || NO_PLACES.contains(&token.word) {
            return None;
        }
        let known = self.lexicon.has(token.word);
        if REGIONS.contains(token.word) {
            return Some(Sure::Region);
        }
        let ending = ENDINGS
            .iter()
            .filter(|ending| token.word.len() > ending.len() && token.word.ends_with(**ending))
            .max_by_key(|ending| ending.len());
        if let Some(ending) = ending
            && length >= 3
            && token.tag.starts_with('n')
            && !token.tag.starts_with("nr")
        {
            let thing = known && ALSO_THINGS.contains(ending) && !matches!(token.tag, "ns" | "nz");
            return (!thing && token.tag != "nt" || token.tag == "nt" && !ALSO_THINGS.contains(ending))
                .then_some(Sure::Address);
        }
        (token.tag == "ns" && token.word.chars().all(is_han) && known).then_some(Sure::Word)
    }

    /// Tells whether an address is where something is, and no part of the name of an office, a team, a product.
    fn is_somewhere(&self, at: usize, end_token: usize, to: usize, sure: Sure) -> bool {
        let rest = &self.folded[to..];
        if sure == Sure::Address {
            return true;
        }
        if OF_ORGANISATION.iter().any(|word| rest.starts_with(word)) {
            return false;
        }
        let next = self.tokens.get(end_token).filter(|token| token.start == to);
        let before = at.checked_sub(1).map(|before| &self.tokens[before]);
        // 北京像素, 星展中国: the name of something.
        let names = |token: &Tagged<'_>| {
            matches!(token.tag.as_bytes().first(), Some(b'n' | b'j' | b'b' | b'l' | b'e' | b'i'))
                || matches!(token.tag, "vn" | "an")
        };
        let followed = next.is_some_and(|next| {
            names(next) && !["地区", "境内", "全境", "街头", "周边", "本地", "当地"].contains(&next.word)
        });
        let led = before.is_some_and(|before| {
            names(before) && !before.word.ends_with(['省', '市', '区', '县']) && sure == Sure::Word
        });
        // What is far away is told of where something happens there, and otherwise for its teams and goods.
        let native = sure == Sure::Region
            || is_short_region(self.tokens[at].word)
            || self.folded[..to].ends_with(|c| "山河江湖海岛湾门桥镇村乡县寺庙洲滩峰".contains(c));
        let going = before.is_some_and(|before| {
            before.word.ends_with([
                '在', '从', '到', '去', '往', '赴', '于', '自', '至', '游', '回', '离', '达', '入', '驻',
            ])
        });
        if !native && !going {
            return false;
        }
        let quoted = before.is_some_and(|before| matches!(before.word, "《" | "“" | "\"" | "‘"));
        !followed && !led && !quoted
    }
}

/// Tells whether a word is the name of an administrative division.
pub(super) fn is_region(word: &str) -> bool {
    REGIONS.contains(word)
}

fn is_short_region(word: &str) -> bool {
    SHORT_REGIONS.contains(word)
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
