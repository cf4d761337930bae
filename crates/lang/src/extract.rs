//! Facts in a text: places, times, people, telephone numbers, amounts.

mod amount;
mod numeral;
mod person;
mod phone;
mod place;
mod time;

use serde::{Deserialize, Serialize};

pub use amount::Amount;
pub use time::Moment;

use crate::lexicon::Lexicon;

/// A fact and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span<T> {
    /// First character of it in the text.
    pub start: usize,
    /// The character after the last.
    pub end: usize,
    /// As written.
    pub text: String,
    /// What it means.
    pub value: T,
}

/// What a text says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Places, from the region down to the room.
    pub places: Vec<Span<()>>,
    /// Times, as intervals of local time.
    pub times: Vec<Span<Moment>>,
    /// People.
    pub people: Vec<Span<()>>,
    /// Telephone numbers, as digits.
    pub phones: Vec<Span<String>>,
    /// Amounts of money.
    pub amounts: Vec<Span<Amount>>,
}

/// Longest text that is looked at, in characters.
const LONGEST: usize = 10_000;

/// Finds the facts in a text. `now` is the local time at which it was said, which relative times refer to.
#[must_use]
pub fn extract(text: &str, now: chrono::NaiveDateTime, lexicon: &Lexicon) -> Facts {
    let short: String = text.chars().take(LONGEST).collect();
    let original: Vec<char> = short.chars().collect();
    let folded: String = crate::normalize::fold_aligned(&short).into_iter().collect();
    let text = Text { places: folded.char_indices().map(|(at, _)| at).collect(), folded: &folded, original };
    let phones = phone::find(&text);
    let amounts = amount::find(&text);
    let times = time::find(&text, now);
    let mut taken = vec![false; text.original.len()];
    let mut take = |start: usize, end: usize| taken[start..end].fill(true);
    phones.iter().for_each(|span| take(span.start, span.end));
    amounts.iter().for_each(|span| take(span.start, span.end));
    times.iter().for_each(|span| take(span.start, span.end));
    let tokens = lexicon.tag(&folded);
    let mut people = person::find(&text, &tokens, &taken, lexicon);
    let places = place::find(&text, &tokens, &taken, &people, lexicon);
    people.retain(|person| !places.iter().any(|place| place.start < person.end && person.start < place.end));
    Facts { places, times, people, phones, amounts }
}

/// A text in the form that is compared, with the way back to the characters as written.
struct Text<'a> {
    folded: &'a str,
    /// Byte of each character of `folded`.
    places: Vec<usize>,
    original: Vec<char>,
}

impl Text<'_> {
    /// Returns the number of the character that begins at a byte of the folded text.
    fn at(&self, byte: usize) -> usize {
        self.places.partition_point(|&place| place < byte)
    }

    fn span<T>(&self, from: usize, to: usize, value: T) -> Span<T> {
        let (start, end) = (self.at(from), self.at(to));
        Span { start, end, text: self.original[start..end].iter().collect(), value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(said: &str) -> Facts {
        let now = chrono::NaiveDate::from_ymd_opt(2026, 11, 21).unwrap().and_hms_opt(10, 0, 0).unwrap();
        static LEXICON: std::sync::LazyLock<Lexicon> = std::sync::LazyLock::new(|| Lexicon::new([]));
        extract(said, now, &LEXICON)
    }

    fn words<T>(spans: &[Span<T>]) -> Vec<&str> {
        spans.iter().map(|span| span.text.as_str()).collect()
    }

    fn people(said: &str, expected: &[&str]) {
        assert_eq!(words(&facts(said).people), expected, "{said}");
    }

    fn places(said: &str, expected: &[&str]) {
        assert_eq!(words(&facts(said).places), expected, "{said}");
    }

    #[test]
    fn people_are_known_by_how_they_are_named() {
        people("王女士来电反映，负责人李建国说不管", &["王女士", "李建国"]);
        people("我叫张伟，联系人：刘小红，电话13800000000", &["张伟", "刘小红"]);
        people("物业经理赵强态度恶劣，姓陈的师傅收了300元", &["赵强", "姓陈的师傅"]);
        people("欧阳女士称司机马建军拒载", &["欧阳女士", "马建军"]);
        people("房东孙丽不退押金，租客李明、王芳已报警", &["孙丽", "李明", "王芳"]);
        people("艾力·买买提反映工资被拖欠，包工头王某某失联", &["艾力·买买提", "王某某"]);
        people("诉求人吴国平表示工地施工扰民", &["吴国平"]);
        people("张书记说过，老王也在场", &["张书记", "老王"]);
        people("刘小红的房子漏水，找刘小红签的字", &["刘小红", "刘小红"]);
    }

    #[test]
    fn what_only_looks_like_a_name_is_none() {
        for said in [
            "小孩高烧，市民着急，老师不负责任，医生说没事，老板跑路",
            "安全问题，方便面，常见问题，何时能通水",
            "白云小区的马路不平，小区门口积水",
            "班主任没有通知，高总工程师不在",
            "阿里山大道和张江路都堵车",
        ] {
            people(said, &[]);
        }
    }

    #[test]
    fn an_address_is_one_place_down_to_the_room() {
        places("云州市澜溪区听澜雅苑3号楼2单元1502室漏水", &["云州市澜溪区听澜雅苑3号楼2单元1502室"]);
        places("人民路与解放路交叉口红绿灯坏了", &["人民路与解放路交叉口"]);
        places("望城区金星北路银星路路口积水", &["望城区金星北路银星路路口"]);
        places("柳津大道地铁站门口单车乱停", &["柳津大道地铁站门口"]);
        places("请在青园小学对面设置斑马线", &["青园小学对面"]);
        places("和平路王师傅家漏水", &["和平路"]);
        places("A市B县的彭某", &["A市B县"]);
        places("住在海滨中路568，门口", &["海滨中路568"]);
        places("陈家村3组的路", &["陈家村3组"]);
    }

    #[test]
    fn offices_and_goods_are_no_places() {
        for said in [
            "本市公交公司服务差，希望政府部门重视，小区门口路灯不亮",
            "教育局不管，网站打不开，城市管理差",
            "长沙市住建局未回复",
            "家门口马路不平，学校收费，入口太窄",
            "买的日本空调坏了",
        ] {
            places(said, &[]);
        }
    }
}
