//! ISO 8601 lengths and instants, as far as they mean the same everywhere.

/// The longest length that is accepted: ten years.
const MAX_DURATION_MS: i64 = 10 * 366 * 86_400_000;

/// Reads `P1D`, `PT2H30M`, `P2W`, `PT0.5S` as milliseconds. Years and months have no fixed length and are refused.
pub(crate) fn duration_ms(text: &str) -> Result<i64, &'static str> {
    let rest = text.strip_prefix('P').ok_or("must begin with P")?;
    let (days, times) = match rest.split_once('T') {
        Some((_, "")) => return Err("nothing after T"),
        Some((days, times)) => (days, times),
        None => (rest, ""),
    };
    if days.is_empty() && times.is_empty() {
        return Err("is empty");
    }
    let mut total_ms = 0_i64;
    add_parts(days, &[('W', 7 * 86_400_000), ('D', 86_400_000)], &mut total_ms)?;
    add_parts(times, &[('H', 3_600_000), ('M', 60_000), ('S', 1_000)], &mut total_ms)?;
    if total_ms > MAX_DURATION_MS { Err("is longer than ten years") } else { Ok(total_ms) }
}

/// Reads `R3/PT10H` as a length and a number of times, `R/PT1H` as one without end.
pub(crate) fn cycle(text: &str) -> Result<(i64, Option<u32>), &'static str> {
    const FORM: &str = "must look like R3/PT10H";
    let (times, length) = text.strip_prefix('R').and_then(|rest| rest.split_once('/')).ok_or(FORM)?;
    let times = match times {
        "" => None,
        digits if digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_digit()) => {
            Some(digits.parse::<u32>().map_err(|_| FORM)?).filter(|times| *times > 0).ok_or(FORM).map(Some)?
        }
        _ => return Err(FORM),
    };
    let duration_ms = duration_ms(length)?;
    if duration_ms == 0 { Err("comes again without any time between") } else { Ok((duration_ms, times)) }
}

fn add_parts(mut text: &str, mut units: &[(char, i64)], total_ms: &mut i64) -> Result<(), &'static str> {
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or("ends without a unit")?;
        let unit = text[end..].chars().next().ok_or("ends without a unit")?;
        let at = units
            .iter()
            .position(|(name, _)| *name == unit)
            .ok_or("has a unit that is unknown, repeated, or has no fixed length (years, months)")?;
        let (whole, fraction) = text[..end].split_once('.').unwrap_or((&text[..end], ""));
        if whole.is_empty()
            || whole.len() > 9
            || (text[..end].contains('.') && (unit != 'S' || fraction.is_empty()))
        {
            return Err("has a bad number");
        }
        let whole: i64 = whole.parse().map_err(|_| "has a bad number")?;
        let milli: i64 = format!("{fraction:0<3}")
            .get(..3)
            .and_then(|digits| digits.parse().ok())
            .ok_or("has a bad number")?;
        *total_ms = total_ms.checked_add(whole * units[at].1 + milli).ok_or("is too long")?;
        units = &units[at + 1..];
        text = &text[end + unit.len_utf8()..];
    }
    Ok(())
}

/// Reads `2026-10-01T09:00:00+08:00` as epoch milliseconds. Without an offset the instant is ambiguous and refused.
pub(crate) fn instant_ms(text: &str) -> Result<i64, &'static str> {
    const FORM: &str = "must look like 2026-10-01T09:00:00+08:00";
    let bytes = text.as_bytes();
    if !text.is_ascii() || bytes.len() < 20 || bytes.len() > 40 {
        return Err(FORM);
    }
    let number = |from: usize, to: usize| -> Result<i64, &'static str> {
        let digits = &text[from..to];
        if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().map_err(|_| FORM) } else { Err(FORM) }
    };
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.iter().any(|(at, expected)| bytes[*at] != *expected) {
        return Err(FORM);
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let mut at = 19;
    if bytes[at] == b'.' {
        at = (at + 1..bytes.len()).find(|at| !bytes[*at].is_ascii_digit()).ok_or(FORM)?;
    }
    let offset_minutes = match &bytes[at..] {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
            if hours > 14 || minutes > 59 {
                return Err(FORM);
            }
            (hours * 60 + minutes) * if *sign == b'+' { 1 } else { -1 }
        }
        _ => return Err("needs an offset such as +08:00"),
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let in_month = usize::try_from(month - 1).ok().and_then(|index| month_days.get(index)).ok_or(FORM)?;
    if !(1970..2200).contains(&year) || day < 1 || day > *in_month || hour > 23 || minute > 59 || second > 59
    {
        return Err("is not a time between 1970 and 2199");
    }
    let leaps_before = |year: i64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let year_days = (year - 1970) * 365 + leaps_before(year) - leaps_before(1970);
    let before: i64 = (1..month).zip(month_days).map(|(_, days)| days).sum();
    let days = year_days + before + day - 1;
    Ok(((days * 24 + hour) * 60 + minute - offset_minutes) * 60_000 + second * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (text, expected) in [
            ("P1D", 86_400_000),
            ("PT2H30M", 9_000_000),
            ("P1W", 604_800_000),
            ("P1DT1S", 86_401_000),
            ("PT0.5S", 500),
            ("PT0S", 0),
        ] {
            assert_eq!(duration_ms(text), Ok(expected), "{text}");
        }
        let bad = [
            "",
            "P",
            "PT",
            "1D",
            "P1Y",
            "P1M",
            "PD",
            "P1",
            "P-1D",
            "PT1D",
            "P1H",
            "PT1M1H",
            "P1D1D",
            "PT1.S",
            "PT.5S",
            "P1.5D",
            "P1DT",
            "P99999999999D",
            "P9999999D",
            "P1日",
            "R3/PT1H",
            "PT1.2.3S",
        ];
        for text in bad {
            assert!(duration_ms(text).is_err(), "{text}");
        }
    }

    #[test]
    fn cycles() {
        assert_eq!(cycle("R3/PT10H"), Ok((36_000_000, Some(3))));
        assert_eq!(cycle("R/P1D"), Ok((86_400_000, None)));
        for text in
            ["", "R", "R3", "PT1H", "R0/PT1H", "R-1/PT1H", "R3/PT0S", "R9999999/PT1H", "R3/x", "0 0 * * *"]
        {
            assert!(cycle(text).is_err(), "{text}");
        }
    }

    #[test]
    fn instants() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2025-10-01T00:00:00+08:00", 1_759_248_000_000),
            ("2024-02-29T12:34:56.789Z", 1_709_210_096_000),
            ("2100-03-01T00:00:00Z", 4_107_542_400_000),
        ] {
            assert_eq!(instant_ms(text), Ok(expected), "{text}");
        }
        let bad = [
            "",
            "2025-10-01",
            "2025-10-01T00:00:00",
            "2025-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-00-01T00:00:00Z",
            "2025-10-01T24:00:00Z",
            "2025-10-01T00:00:00+99:00",
            "2025-10-01T00:00:00.",
            "２０２５-10-01T00:00:00Z",
            "1800-01-01T00:00:00Z",
            "+025-10-01T00:00:00Z",
        ];
        for text in bad {
            assert!(instant_ms(text).is_err(), "{text}");
        }
    }
}
