//! Whom a REFER names (RFC 3515), and which dialog takes another one's place (RFC 3891).

/// Longest value that is looked at, in bytes.
const VALUE_BYTES: usize = 1_000;

/// A dialog that another one replaces, as whoever receives the header names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaces {
    /// Its Call-ID.
    pub call_id: String,
    /// The tag of whoever is asked.
    pub to_tag: String,
    /// The tag of the other side.
    pub from_tag: String,
    /// Whether it is meant only as long as nobody has answered.
    pub early_only: bool,
}

impl Replaces {
    /// Reads the value of a `Replaces` header; none when it can't be understood.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        if value.len() > VALUE_BYTES {
            return None;
        }
        let mut parts = value.split(';').map(str::trim);
        let call_id = parts.next()?;
        let (mut to_tag, mut from_tag, mut early_only) = ("", "", false);
        for part in parts {
            let (name, value) =
                part.split_once('=').map_or((part, ""), |(name, value)| (name.trim(), value.trim()));
            let tag = if name.eq_ignore_ascii_case("to-tag") {
                &mut to_tag
            } else if name.eq_ignore_ascii_case("from-tag") {
                &mut from_tag
            } else {
                early_only |= name.eq_ignore_ascii_case("early-only");
                continue;
            };
            if !tag.is_empty() {
                return None;
            }
            *tag = value;
        }
        let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        [call_id, to_tag, from_tag].into_iter().all(is_word).then(|| Self {
            call_id: call_id.to_owned(),
            to_tag: to_tag.to_owned(),
            from_tag: from_tag.to_owned(),
            early_only,
        })
    }
}

/// Whom a REFER names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferTo {
    /// A seat or number.
    Number(String),
    /// Whoever is at the other end of a dialog.
    Dialog(Replaces),
}

impl ReferTo {
    /// Reads the value of a `Refer-To` header; none when it names nobody.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        if value.len() > VALUE_BYTES {
            return None;
        }
        let uri = match (value.find('<'), value.find('>')) {
            (Some(start), Some(end)) if start < end => &value[start + 1..end],
            _ => value.split(';').next()?,
        };
        let (scheme, rest) = uri.split_once(':')?;
        let is_tel = match scheme.trim().to_ascii_lowercase().as_str() {
            "sip" | "sips" => false,
            "tel" => true,
            _ => return None,
        };
        let (address, headers) = rest.split_once('?').unwrap_or((rest, ""));
        let replaces = headers.split('&').find_map(|header| {
            let (name, value) = header.split_once('=')?;
            name.eq_ignore_ascii_case("Replaces").then_some(value)
        });
        if let Some(replaces) = replaces {
            return Replaces::parse(&decoded(replaces)?).map(Self::Dialog);
        }
        let user = address.split(['@', ';']).next()?;
        let user = decoded(user)?;
        let is_plain = !user.is_empty() && !user.chars().any(char::is_control);
        (is_plain && (is_tel || address.contains('@'))).then_some(Self::Number(user))
    }
}

/// Reads what stands for characters that a URI can't hold.
#[must_use]
pub fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_telephone_names_whom_it_transfers_to() {
        for (given, number) in [
            ("<sip:1002@10.0.0.1>", Some("1002")),
            ("\"A\" <sip:13800001111@yihao;user=phone>;x", Some("13800001111")),
            ("sip:1002@10.0.0.1;x=y", Some("1002")),
            ("<tel:110>", Some("110")),
            ("<SIPS:1002@a?Subject=x>", Some("1002")),
            ("<sip:%2357@a>", Some("#57")),
            ("<sip:%5@a>", None),
            ("<sip:1002%00@a>", None),
            ("<sip:10%0D%0A02@a>", None),
            ("<tel:10\u{85}02>", None),
            ("<sip:10.0.0.1>", None),
            ("<sip:@a>", None),
            ("<mailto:a@b>", None),
            ("garbage", None),
            ("><", None),
        ] {
            assert_eq!(
                ReferTo::parse(given),
                number.map(|number| ReferTo::Number(number.to_owned())),
                "{given}"
            );
        }
    }

    #[test]
    fn a_telephone_names_its_other_conversation() {
        let dialog = |early_only| Replaces {
            call_id: "98732@sip.test".to_owned(),
            to_tag: "r33th4x0r".to_owned(),
            from_tag: "ff87ff".to_owned(),
            early_only,
        };
        let written = "98732@sip.test ;to-tag=r33th4x0r; from-tag=ff87ff";
        assert_eq!(Replaces::parse(written), Some(dialog(false)));
        assert_eq!(Replaces::parse(&format!("{written};early-only")), Some(dialog(true)));
        let named = "<sip:1002@yihao?Replaces=98732%40sip.test%3Bto-tag%3Dr33th4x0r%3Bfrom-tag%3Dff87ff>";
        assert_eq!(ReferTo::parse(named), Some(ReferTo::Dialog(dialog(false))));
        let among =
            "<sip:10.0.0.1?Require=x&replaces=98732@sip.test%3bfrom-tag%3dff87ff%3bto-tag%3dr33th4x0r>";
        assert_eq!(ReferTo::parse(among), Some(ReferTo::Dialog(dialog(false))));
        for bad in [
            "",
            "a",
            "a;to-tag=b",
            "a;to-tag=b;from-tag=",
            "a;to-tag=b;to-tag=c;from-tag=d",
            "a b;to-tag=b;from-tag=c",
        ] {
            assert_eq!(Replaces::parse(bad), None, "{bad}");
        }
        assert_eq!(ReferTo::parse("<sip:1002@yihao?Replaces=a>"), None, "not a blind transfer to 1002");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in ".{0,200}") {
            let _ = (ReferTo::parse(&text), Replaces::parse(&text), decoded(&text));
        }
    }
}
