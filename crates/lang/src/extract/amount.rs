//! Amounts of money.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Span, Text, numeral};

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Amount {
    /// How many units; of a range, at most.
    pub value: f64,
    /// The currency's code, `CNY` unless another is said.
    pub currency: String,
}

const NUMBER: &str = r"(?:\d[\d,，]*(?:\.\d+)?|[零一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟半])(?: ?[零一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟几多余\d.])*";

const DIGIT: &str = "[零一二两三四五六七八九壹贰叁肆伍陆柒捌玖\\d]";

static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    let unit = "元人民币|人民币|元港币|港元|港币|元美元|美元|美金|日元|元欧元|欧元|英镑|韩元|澳元|加元|新台币|泰铢|卢布|元整|圆整|元|圆|块钱|块|rmb";
    let tail = format!("(?:(?P<tenths>{DIGIT})[角毛](?:钱)?(?:(?P<hundredths>{DIGIT})分(?:钱)?)?)?整?");
    let joint = r"\s?(?:\(含\))?(?:-|~|—|至|到)\s?";
    Regex::new(&format!(
        r"(?:[¥￥$]\s?(?P<sign>\d[\d,]*(?:\.\d+)?[万亿]?))|(?P<before>人民币|港币|美元|欧元|rmb)?\s?(?:{NUMBER}{joint})?(?P<number>{NUMBER})(?:[多余来几])?\s?(?P<unit>{unit}){tail}"
    ))
    .expect("the pattern is constant")
});

pub(super) fn find(text: &Text<'_>) -> Vec<Span<Amount>> {
    let mut out = Vec::new();
    for captures in PATTERN.captures_iter(text.folded) {
        let Some(whole) = captures.get(0) else { continue };
        let number = captures.name("number").or_else(|| captures.name("sign"));
        let Some(value) = number.and_then(|n| numeral::read(n.as_str())) else { continue };
        let small = |name: &str| captures.name(name).and_then(|n| numeral::read(n.as_str())).unwrap_or(0.0);
        let value = value + small("tenths") / 10.0 + small("hundredths") / 100.0;
        let unit = captures.name("unit").map_or("元", |unit| unit.as_str());
        let before =
            captures.name("before").map(|before| before.as_str()).filter(|_| matches!(unit, "元" | "圆"));
        let after = text.folded[whole.end()..].chars().next();
        // 一块地, 三元里 are no money.
        if matches!(unit, "块" | "元" | "圆")
            && after.is_some_and(|c| {
                matches!(c, '地' | '砖' | '板' | '里' | '旦' | '宵' | '素' | '区' | '石' | '路')
            })
        {
            continue;
        }
        let currency = match before.unwrap_or(unit) {
            "港元" | "港币" | "元港币" => "HKD",
            "美元" | "美金" | "元美元" => "USD",
            "日元" => "JPY",
            "欧元" | "元欧元" => "EUR",
            "英镑" => "GBP",
            "韩元" => "KRW",
            "澳元" => "AUD",
            "加元" => "CAD",
            "新台币" => "TWD",
            "泰铢" => "THB",
            "卢布" => "RUB",
            _ => "CNY",
        };
        out.push(text.span(whole.start(), whole.end(), Amount { value, currency: currency.to_owned() }));
    }
    out
}

#[cfg(test)]
mod tests {
    fn amounts(said: &str) -> Vec<(String, f64, String)> {
        let now = chrono::NaiveDateTime::default();
        let facts = crate::extract::extract(said, now, &crate::lexicon::Lexicon::new([]));
        facts.amounts.into_iter().map(|span| (span.text, span.value.value, span.value.currency)).collect()
    }

    #[test]
    fn sums_are_read_to_the_last_cent_and_ranges_whole() {
        let read =
            amounts("交了六十四万零一百四十三元一角七分，每次收300-500元，押金港币两千元，找了十块三毛钱");
        let expected = [
            ("六十四万零一百四十三元一角七分", 640_143.17, "CNY"),
            ("300-500元", 500.0, "CNY"),
            ("港币两千元", 2_000.0, "HKD"),
            ("十块三毛钱", 10.3, "CNY"),
        ];
        assert_eq!(read.len(), expected.len(), "{read:?}");
        for ((words, value, currency), (text, sum, code)) in read.iter().zip(expected) {
            assert!(words == text && (value - sum).abs() < 1e-6 && currency == code, "{read:?}");
        }
        assert!(amounts("三元里大道，一块地，两块砖").is_empty());
    }
}
