//! People, by how they are introduced and addressed.

use std::sync::LazyLock;

use regex::Regex;

use super::{Span, Text};
use crate::lexicon::Tagged;
use crate::stopwords::is_stopword;

const SURNAMES: &str = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊於惠甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘钭厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍却璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧利师巩聂关肖占代";
const COMPOUND: [&str; 14] = [
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯", "端木",
    "南宫",
];

static ADDRESSED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"([\p{Han}]{1,4}?)(先生|女士|小姐|同志|师傅|老师|医生|阿姨|大爷|大妈|叔叔|律师|警官|博士|教授|奶奶|爷爷|某某|某)")
        .expect("the pattern is constant")
});
static INTRODUCED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:我叫|名叫|叫做|姓名(?:是|为|:)?|联系人(?:是|为|:)?|负责人(?:是|为|:)?|当事人(?:是|为|:)?|投诉人(?:是|为|:)?|本人姓名(?:是|为|:)?|法人(?:是|为|:)?|业主|户主(?:是|为|:)?)\s*([\p{Han}]{2,4})")
        .expect("the pattern is constant")
});

pub(super) fn find(text: &Text<'_>, tokens: &[Tagged<'_>], taken: &[bool]) -> Vec<Span<()>> {
    let mut out: Vec<Span<()>> = Vec::new();
    let mut add = |from: usize, to: usize| {
        let span = text.span(from, to, ());
        let free = !taken[span.start..span.end].iter().any(|taken| *taken)
            && !out.iter().any(|known| known.start < span.end && span.start < known.end);
        if free {
            out.push(span);
        }
    };
    for captures in ADDRESSED.captures_iter(text.folded) {
        let (Some(before), Some(title)) = (captures.get(1), captures.get(2)) else { continue };
        let chars: Vec<char> = before.as_str().chars().collect();
        // The name is the shortest ending of what stands before that begins with a surname.
        for length in 1..=chars.len().min(3) {
            let tail: String = chars[chars.len() - length..].iter().collect();
            let fits = surname(&tail)
                .is_some_and(|surname| length <= surname + 2 && (length == surname || !is_stopword(&tail)));
            let longer = length < chars.len().min(3) && {
                let more: String = chars[chars.len() - length - 1..].iter().collect();
                surname(&more).is_some_and(|s| s + 2 > length) && known_name(tokens, &more)
            };
            if fits && !longer {
                let from = before.end() - tail.len();
                let to = if length == surname(&tail).unwrap_or(1) || title.as_str().starts_with('某') {
                    title.end()
                } else {
                    before.end()
                };
                add(from, to);
                break;
            }
        }
    }
    for captures in INTRODUCED.captures_iter(text.folded) {
        let Some(name) = captures.get(1) else { continue };
        let chars: Vec<char> = name.as_str().chars().collect();
        let Some(surname) = surname(name.as_str()) else { continue };
        let token = tokens.iter().find(|token| token.start == name.start() && token.tag.starts_with("nr"));
        let length = token.map_or_else(|| chars.len().min(surname + 2), |token| token.word.chars().count());
        if length > surname {
            let word: String = chars[..length.min(chars.len())].iter().collect();
            add(name.start(), name.start() + word.len());
        }
    }
    for token in tokens {
        let length = token.word.chars().count();
        let named = token.tag.starts_with("nr")
            && surname(token.word).is_some_and(|surname| length > surname && length <= surname + 2);
        let foreign = token.tag == "nrt" && length >= 3;
        if named || foreign {
            add(token.start, token.start + token.word.len());
        }
    }
    out.sort_by_key(|span| span.start);
    out
}

fn known_name(tokens: &[Tagged<'_>], name: &str) -> bool {
    tokens.iter().any(|token| token.word == name && token.tag.starts_with("nr"))
}

/// Returns how many characters the surname has that a name begins with.
fn surname(name: &str) -> Option<usize> {
    if COMPOUND.iter().any(|compound| name.starts_with(compound)) {
        return Some(2);
    }
    name.chars().next().filter(|c| SURNAMES.contains(*c)).map(|_| 1)
}
