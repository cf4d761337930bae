//! Telephone numbers in their normal form.

/// Returns the number as digits without the country code 86, or none when it has fewer than 3 or more than
/// 20 digits or holds anything but digits and the marks that people write between them.
#[must_use]
pub fn normalise(text: &str) -> Option<String> {
    let text = text.trim();
    let international = text.starts_with('+') || text.starts_with("00");
    let mut digits = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        match c {
            '0'..='9' => digits.push(c),
            '０'..='９' => digits.push(char::from(b'0' + (c as u32 - '０' as u32) as u8)),
            '+' if at == 0 => {}
            ' ' | '-' | '(' | ')' | '（' | '）' | '－' | '\u{3000}' => {}
            _ => return None,
        }
    }
    if international {
        let rest = digits.strip_prefix("00").unwrap_or(&digits);
        digits = match rest.strip_prefix("86") {
            // A landline abroad is written without the zero of its area.
            Some(national) if national.starts_with('1') || national.starts_with('0') => national.to_owned(),
            Some(national) => format!("0{national}"),
            None => format!("00{rest}"),
        };
    } else if digits.len() == 13 && digits.starts_with("861") {
        digits.drain(..2);
    }
    (3..=20).contains(&digits.len()).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn one_number_has_one_form() {
        for text in [
            "19900001234",
            "+86 199 0000 1234",
            "0086-199-0000-1234",
            "8619900001234",
            "１９９００００１２３４",
        ] {
            assert_eq!(normalise(text).as_deref(), Some("19900001234"), "{text}");
        }
        assert_eq!(normalise("+86 999 5010000").as_deref(), Some("09995010000"));
        assert_eq!(normalise("(0999) 501-0000").as_deref(), Some("09995010000"));
        assert_eq!(normalise("+1 202 555 0100").as_deref(), Some("0012025550100"));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "12", "call me", "199'; drop", "123456789012345678901", "12+34"] {
            assert_eq!(normalise(text), None, "{text}");
        }
    }
}
