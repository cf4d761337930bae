//! Amounts of money.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Span, Text, numeral};

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Amount {
    /// How many units.
    pub value: f64,
    /// The currency's code, `CNY` unless another is said.
    pub currency: String,
}

const NUMBER: &str = r"(?:\d[\d,，]*(?:\.\d+)?|[零一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟半])(?: ?[零一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟几多余\d.])*";

static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    let unit = "元人民币|人民币|港元|港币|美元|美金|日元|欧元|英镑|韩元|澳元|元整|圆整|元|圆|块钱|块|rmb";
    let tail = "(?:[零一二三四五六七八九壹贰叁肆伍陆柒捌玖\\d]{1,2}[角毛](?:[零一二三四五六七八九壹贰叁肆伍陆柒捌玖\\d]分)?)?整?";
    Regex::new(&format!(r"(?:[¥￥$]\s?(?P<sign>\d[\d,]*(?:\.\d+)?[万亿]?))|(?P<number>{NUMBER})(?:[多余来几])?\s?(?P<unit>{unit}){tail}"))
        .expect("the pattern is constant")
});

pub(super) fn find(text: &Text<'_>) -> Vec<Span<Amount>> {
    let mut out = Vec::new();
    for captures in PATTERN.captures_iter(text.folded) {
        let Some(whole) = captures.get(0) else { continue };
        let number = captures.name("number").or_else(|| captures.name("sign"));
        let Some(value) = number.and_then(|n| numeral::read(n.as_str())) else { continue };
        let unit = captures.name("unit").map_or("元", |unit| unit.as_str());
        let after = text.folded[whole.end()..].chars().next();
        // 一块地, 三元里 are no money.
        if matches!(unit, "块" | "元" | "圆")
            && after.is_some_and(|c| {
                matches!(c, '地' | '砖' | '板' | '里' | '旦' | '宵' | '素' | '区' | '石' | '路')
            })
        {
            continue;
        }
        let currency = match unit {
            "港元" | "港币" => "HKD",
            "美元" | "美金" => "USD",
            "日元" => "JPY",
            "欧元" => "EUR",
            "英镑" => "GBP",
            "韩元" => "KRW",
            "澳元" => "AUD",
            _ => "CNY",
        };
        out.push(text.span(whole.start(), whole.end(), Amount { value, currency: currency.to_owned() }));
    }
    out
}
