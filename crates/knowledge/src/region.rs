//! Regions (地区) by their codes of GB/T 2260: six digits, two for each level, `000000` for the ministries.

/// How high a region stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 部: ministries, the whole country.
    Ministry,
    /// 省.
    Province,
    /// 市.
    City,
    /// 县: counties and districts.
    County,
}

/// The code that stands for the whole country.
pub const COUNTRY: &str = "000000";

/// Tells whether `code` has the form of a region.
#[must_use]
pub fn is_code(code: &str) -> bool {
    code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the level of a code of the right form.
#[must_use]
pub fn level(code: &str) -> Level {
    if code == COUNTRY {
        Level::Ministry
    } else if code.ends_with("0000") {
        Level::Province
    } else if code.ends_with("00") {
        Level::City
    } else {
        Level::County
    }
}

/// Returns the region above; the country has none.
#[must_use]
pub fn parent(code: &str) -> Option<String> {
    match level(code) {
        Level::Ministry => None,
        Level::Province => Some(COUNTRY.to_owned()),
        Level::City => Some(format!("{}0000", code.get(..2)?)),
        Level::County => Some(format!("{}00", code.get(..4)?)),
    }
}

/// Returns the code and all above it: whose answers hold there. Nothing for what is no code.
#[must_use]
pub fn with_parents(code: &str) -> Vec<String> {
    if !is_code(code) {
        return Vec::new();
    }
    let mut line = vec![code.to_owned()];
    while let Some(above) = line.last().and_then(|last| parent(last)) {
        line.push(above);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_levels_from_the_district_to_the_country() {
        assert_eq!(with_parents("990102"), ["990102", "990100", "990000", "000000"]);
        assert_eq!(level("990102"), Level::County);
        assert_eq!(with_parents("000000"), ["000000"]);
        assert!(with_parents("99010").is_empty());
        assert!(with_parents("区域一二三四").is_empty());
    }
}
