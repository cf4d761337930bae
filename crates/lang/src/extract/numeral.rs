//! Numbers as written: in digits, in Chinese, mixed.

/// Reads a number such as `12.5`, `1,200`, `三百二十`, `1万2`, `壹仟`.
pub(super) fn read(text: &str) -> Option<f64> {
    let clean: String =
        text.chars().filter(|c| !matches!(c, ',' | '，' | ' ' | '余' | '多' | '几')).collect();
    if clean.is_empty() {
        return None;
    }
    if let Ok(plain) = clean.parse::<f64>() {
        return Some(plain);
    }
    let (mut total, mut section, mut digits) = (0.0_f64, 0.0_f64, String::new());
    let mut last_unit = 1.0_f64;
    let mut any = false;
    for c in clean.chars() {
        if let Some(digit) = digit(c) {
            // Chinese digits one after another are a row of digits: 二零二六.
            digits.push(char::from(b'0' + digit));
            any = true;
        } else if c == '.' || c == '点' {
            digits.push('.');
        } else if c == '半' {
            section += 0.5 * last_unit;
            any = true;
        } else {
            let unit = unit(c)?;
            let number: Option<f64> = if digits.is_empty() { None } else { digits.parse().ok() };
            digits.clear();
            any = true;
            if unit >= 10_000.0 {
                let whole = section + number.unwrap_or(0.0);
                let whole = if whole == 0.0 && total == 0.0 { 1.0 } else { whole };
                // 两亿三千万 adds, 三千万亿 multiplies.
                total = if total >= unit { total + whole * unit } else { (total + whole) * unit };
                section = 0.0;
            } else {
                section += number.unwrap_or(1.0) * unit;
            }
            last_unit = unit;
        }
    }
    if !digits.is_empty() {
        let rest: f64 = digits.parse().ok()?;
        // 三百五 is 350, 一万二 is 12,000.
        let short = digits.len() == 1 && last_unit >= 100.0 && !clean.contains(['零', '0', '〇']);
        section += if short { rest * last_unit / 10.0 } else { rest };
    }
    any.then_some(total + section)
}

fn digit(c: char) -> Option<u8> {
    Some(match c {
        '0'..='9' => c as u8 - b'0',
        '零' | '〇' => 0,
        '一' | '壹' => 1,
        '二' | '两' | '贰' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

fn unit(c: char) -> Option<f64> {
    Some(match c {
        '十' | '拾' => 10.0,
        '百' | '佰' => 100.0,
        '千' | '仟' => 1_000.0,
        '万' | '萬' => 10_000.0,
        '亿' => 100_000_000.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn reads_numbers_as_written() {
        for (text, value) in [
            ("12.5", 12.5),
            ("1,200", 1200.0),
            ("三百二十", 320.0),
            ("三百五", 350.0),
            ("十二", 12.0),
            ("一万二", 12_000.0),
            ("1.5万", 15_000.0),
            ("二零二六", 2026.0),
            ("壹仟玖佰", 1900.0),
            ("一千零五", 1005.0),
            ("两亿三千万", 230_000_000.0),
        ] {
            assert_eq!(read(text), Some(value), "{text}");
        }
        assert_eq!(read("元"), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[0-9.,零一二三十百千万亿半点两]{0,30}") {
            let _ = read(&text);
        }
    }
}
