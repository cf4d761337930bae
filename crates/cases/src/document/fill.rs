//! Checks templates and fills them.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use minijinja::{AutoEscape, Environment, ErrorKind, Value as Engine};
use serde_json::Value;

use super::heal::{self, Mark};
use super::package::Package;
use super::{Fault, picture, workbook};

/// Steps of the engine for one part.
const FUEL: u64 = 400_000;
/// A filled part is so large at most, in bytes.
const FILLED_MAX: usize = 30 * 1024 * 1024;
/// Faults that are told at once.
const FAULTS_MAX: usize = 20;

/// What a template makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateKind {
    /// A Word document.
    Word,
    /// An Excel workbook.
    Excel,
}

impl TemplateKind {
    /// Returns the ending of its files, also the code that is stored.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Word => "docx",
            Self::Excel => "xlsx",
        }
    }

    /// Returns its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Word => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Excel => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// A picture that documents may show.
#[derive(Clone, Debug)]
pub struct Picture {
    /// `jpg` or `png`.
    pub ending: &'static str,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// A template that was read.
#[derive(Clone, Debug)]
pub struct Template {
    kind: TemplateKind,
    package: Package,
    /// Parts with text, healed.
    texts: Vec<Text>,
}

#[derive(Clone, Debug)]
struct Text {
    part: String,
    healed: String,
}

/// Pictures that a part showed, by their ids.
type Used = Arc<Mutex<Vec<String>>>;

impl Template {
    /// Reads a file.
    ///
    /// # Errors
    /// A fault without a place when it is no Word or Excel file, is damaged, or unfolds to too much.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let mut package = Package::read(bytes)?;
        let kind = if package.text("word/document.xml").is_some() {
            TemplateKind::Word
        } else if package.text("xl/workbook.xml").is_some() {
            TemplateKind::Excel
        } else {
            return Err(Fault::new(
                "",
                "",
                "请上传 .docx 或 .xlsx 文件。",
                "Please send a .docx or .xlsx file.",
            ));
        };
        if kind == TemplateKind::Excel {
            workbook::inline_texts(&mut package);
        }
        let names: Vec<String> = package.parts.iter().map(|(name, _)| name.clone()).collect();
        let texts = names
            .into_iter()
            .filter(|name| has_text(kind, name))
            .filter_map(|part| {
                let healed = heal::join(package.text(&part)?);
                Some(Text { part, healed })
            })
            .collect();
        Ok(Self { kind, package, texts })
    }

    /// Returns what it makes.
    #[must_use]
    pub fn kind(&self) -> TemplateKind {
        self.kind
    }

    /// Looks for what would fail later: marks that cannot be read, loops without an end, names that no order has.
    #[must_use]
    pub fn faults(&self, sample: &Value) -> Vec<Fault> {
        let mut faults = Vec::new();
        for text in &self.texts {
            self.check_marks(text, sample, &mut faults);
        }
        if faults.is_empty()
            && let Err(fault) = self.fill(sample, &Arc::default())
        {
            faults.push(fault);
        }
        faults.truncate(FAULTS_MAX);
        faults
    }

    fn check_marks(&self, text: &Text, sample: &Value, faults: &mut Vec<Fault>) {
        let env = environment(self.kind, &Arc::default(), &Used::default());
        let marks = heal::marks(&text.healed);
        let mut open: Vec<(&Mark, &str)> = Vec::new();
        let mut local: Vec<String> = Vec::new();
        for mark in &marks {
            let at = || self.place(text, mark.at);
            let written = format!("{} {} {}", mark.open, mark.text, closing(mark.open));
            match mark.open {
                "{{" => {
                    if let Err(error) = env.compile_expression(&mark.text) {
                        faults.push(unreadable(&at(), &written, &error));
                    }
                }
                "{%" => {
                    let statement = bare(&mark.text);
                    let word = statement.split_whitespace().next().unwrap_or_default();
                    match word {
                        "for" | "if" => {
                            let whole = format!("{{% {statement} %}}{{% end{word} %}}");
                            if let Err(error) = env.template_from_str(&whole) {
                                faults.push(unreadable(&at(), &written, &error));
                            }
                            open.push((mark, word));
                        }
                        "elif" | "else" => {
                            if open.is_empty() {
                                faults.push(Fault::new(
                                    &at(),
                                    &written,
                                    "没有与它对应的“if”。",
                                    "There is no “if” before it.",
                                ));
                            }
                        }
                        "endfor" | "endif" => {
                            if !matches!(open.pop(), Some((_, begun)) if word.strip_prefix("end") == Some(begun))
                            {
                                faults.push(Fault::new(
                                    &at(),
                                    &written,
                                    "没有与它对应的开头。",
                                    "Nothing was begun that it could end.",
                                ));
                            }
                        }
                        "set" => {
                            if let Err(error) = env.template_from_str(&format!("{{% {statement} %}}")) {
                                faults.push(unreadable(&at(), &written, &error));
                            }
                            local.extend(statement.split_whitespace().nth(1).map(ToOwned::to_owned));
                        }
                        other => faults.push(Fault::new(
                            &at(),
                            &written,
                            format!("不支持的语句“{other}”，可用 for、if、elif、else、set。"),
                            format!("“{other}” is not known; use for, if, elif, else, set."),
                        )),
                    }
                }
                _ => {}
            }
        }
        for (mark, word) in open {
            let written = format!("{{% {} %}}", mark.text);
            faults.push(Fault::new(
                &self.place(text, mark.at),
                &written,
                format!("缺少对应的“end{word}”。"),
                format!("Its “end{word}” is missing."),
            ));
        }
        if faults.is_empty() {
            self.check_names(&env, text, &marks, sample, faults);
        }
    }

    fn check_names(
        &self,
        env: &Environment<'_>,
        text: &Text,
        marks: &[Mark],
        sample: &Value,
        faults: &mut Vec<Fault>,
    ) {
        let source = heal::widen(&text.healed, self.kind.row());
        let Ok(template) = env.template_from_str(&source) else { return };
        let mut names: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        names.sort();
        for name in names {
            let unknown = unknown_part(sample, &name);
            let Some(unknown) = unknown.filter(|unknown| !BUILT_IN.contains(&unknown.as_str())) else {
                continue;
            };
            let mark = marks.iter().find(|mark| mark.text.contains(&name));
            let place = mark.map(|mark| self.place(text, mark.at)).unwrap_or_default();
            let written = mark.map_or_else(
                || name.clone(),
                |mark| format!("{} {} {}", mark.open, mark.text, closing(mark.open)),
            );
            faults.push(Fault::new(
                &place,
                &written,
                format!("没有名为“{unknown}”的内容，请对照可用字段清单。"),
                format!("Nothing is called “{unknown}”; please look at the list of fields."),
            ));
        }
    }

    /// Says where something stands: the paragraph of the text, or the cell of the sheet.
    fn place(&self, text: &Text, at: usize) -> String {
        let before = &text.healed[..at];
        match self.kind {
            TemplateKind::Word => {
                let name = match text.part.as_str() {
                    "word/document.xml" => "正文",
                    part if part.contains("header") => "页眉",
                    part if part.contains("footer") => "页脚",
                    _ => "附注",
                };
                let paragraphs = before.matches("<w:p>").count() + before.matches("<w:p ").count();
                format!("{name}第 {paragraphs} 段")
            }
            TemplateKind::Excel => {
                let sheet = text.part.rsplit('/').next().unwrap_or_default().trim_end_matches(".xml");
                let cell = before
                    .rfind("<c ")
                    .and_then(|cell| workbook::attribute(&before[cell..], "r"))
                    .unwrap_or_default();
                format!("工作表 {sheet} 单元格 {cell}")
            }
        }
    }

    /// Fills it.
    ///
    /// # Errors
    /// A fault when the engine runs out of steps or the result is no document.
    pub fn fill(&self, context: &Value, pictures: &Arc<HashMap<String, Picture>>) -> Result<Vec<u8>, Fault> {
        let mut package = self.package.clone();
        for text in &self.texts {
            let used = Used::default();
            let env = environment(self.kind, pictures, &used);
            let source = heal::widen(&text.healed, self.kind.row());
            let mut out = Bounded { bytes: Vec::new() };
            let rendered = env
                .template_from_str(&source)
                .and_then(|template| template.render_captured_to(context, &mut out).map(|_| ()));
            if let Err(error) = rendered {
                return Err(run_fault(&text.part, &error));
            }
            let mut filled = String::from_utf8(out.bytes).map_err(|_| no_document(&text.part))?;
            if self.kind == TemplateKind::Excel {
                filled = workbook::renumber(&text.healed, &filled);
            }
            if roxmltree::Document::parse(&filled).is_err() {
                return Err(no_document(&text.part));
            }
            package.put(&text.part, filled.into_bytes());
            let used = std::mem::take(&mut *used.lock().map_err(|_| no_document(&text.part))?);
            add_pictures(&mut package, &text.part, &used, pictures);
        }
        package.write().map_err(|_| no_document("zip"))
    }
}

impl TemplateKind {
    /// Returns the element that a row is.
    fn row(self) -> &'static str {
        match self {
            Self::Word => "w:tr",
            Self::Excel => "row",
        }
    }
}

/// Functions of the engine that templates may use.
const BUILT_IN: [&str; 5] = ["图片", "picture", "range", "loop", "dict"];

fn closing(open: &str) -> &'static str {
    match open {
        "{{" => "}}",
        "{%" => "%}",
        _ => "#}",
    }
}

/// A statement without the word that says what it replaces.
fn bare(statement: &str) -> &str {
    ["tr ", "p ", "tc ", "r "]
        .iter()
        .find_map(|prefix| statement.strip_prefix(prefix))
        .unwrap_or(statement)
        .trim()
}

fn has_text(kind: TemplateKind, part: &str) -> bool {
    match kind {
        TemplateKind::Word => {
            part == "word/document.xml"
                || (part.starts_with("word/")
                    && !part.contains("_rels")
                    && part.ends_with(".xml")
                    && ["header", "footer", "footnotes", "endnotes"]
                        .iter()
                        .any(|name| part[5..].starts_with(name)))
        }
        TemplateKind::Excel => part.starts_with("xl/worksheets/sheet") && part.ends_with(".xml"),
    }
}

/// Returns the first part of a path that the sample lacks.
fn unknown_part(sample: &Value, path: &str) -> Option<String> {
    let mut here = sample;
    let mut walked = String::new();
    for part in path.split('.') {
        if !walked.is_empty() {
            walked.push('.');
        }
        walked.push_str(part);
        match here {
            Value::Object(members) => match members.get(part) {
                Some(inner) => here = inner,
                None => return Some(walked),
            },
            // Of lists and texts the engine has its own members.
            _ => return None,
        }
    }
    None
}

fn unreadable(place: &str, written: &str, error: &minijinja::Error) -> Fault {
    let detail = error.detail().unwrap_or_default();
    Fault::new(place, written, format!("写法不正确：{detail}"), format!("It cannot be read: {detail}"))
}

fn run_fault(part: &str, error: &minijinja::Error) -> Fault {
    if matches!(error.kind(), ErrorKind::OutOfFuel | ErrorKind::WriteFailure) {
        return Fault::new(
            part,
            "",
            "模板展开的内容过多，已停止。",
            "The template makes far too much and was stopped.",
        );
    }
    let detail = error.detail().unwrap_or_default();
    Fault::new(part, "", format!("填写时出错：{detail}"), format!("Filling failed: {detail}"))
}

fn no_document(part: &str) -> Fault {
    Fault::new(
        part,
        "",
        "填写后的内容不是有效的文档，请检查循环和条件是否跨越了表格或段落。",
        "The result is no document; please check whether a loop or a condition crosses tables or paragraphs.",
    )
}

/// A writer that ends.
struct Bounded {
    bytes: Vec<u8>,
}

impl Write for Bounded {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + piece.len() > FILLED_MAX {
            return Err(io::Error::other("too much"));
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn environment(
    kind: TemplateKind,
    pictures: &Arc<HashMap<String, Picture>>,
    used: &Used,
) -> Environment<'static> {
    let mut env = Environment::new();
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(50);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env.set_formatter(move |out, _, value| {
        if value.is_undefined() || value.is_none() {
            return Ok(());
        }
        let text = value.to_string();
        let written = if value.is_safe() { text } else { escape(&text, kind) };
        out.write_str(&written).map_err(|_| minijinja::Error::new(ErrorKind::WriteFailure, "too much"))
    });
    let (pictures, used) = (pictures.clone(), used.clone());
    let show = move |id: String, width_cm: Option<f64>| -> Engine {
        let Some(size) = pictures.get(&id).and_then(|known| picture::size(&known.bytes)) else {
            return Engine::from("");
        };
        let Ok(mut used) = used.lock() else { return Engine::from("") };
        used.push(id);
        let number = used.len();
        let drawing = picture::drawing(&relation(number), number, size, width_cm.unwrap_or(8.0));
        Engine::from_safe_string(format!("</w:t>{drawing}<w:t xml:space=\"preserve\">"))
    };
    if kind == TemplateKind::Word {
        env.add_function("图片", show.clone());
        env.add_function("picture", show);
    }
    env
}

fn relation(number: usize) -> String {
    format!("rIdPicture{number}")
}

/// Writes text into a part: no markup, no characters that XML lacks, lines as lines.
fn escape(text: &str, kind: TemplateKind) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => {}
            '\n' if kind == TemplateKind::Word => {
                escaped.push_str("</w:t><w:br/><w:t xml:space=\"preserve\">");
            }
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// Puts the pictures that a part showed into the package, and tells the part of them.
fn add_pictures(package: &mut Package, part: &str, used: &[String], pictures: &HashMap<String, Picture>) {
    if used.is_empty() {
        return;
    }
    let (folder, file) = part.rsplit_once('/').unwrap_or(("word", part));
    let relations = format!("{folder}/_rels/{file}.rels");
    let mut text = package.text(&relations).map(ToOwned::to_owned).unwrap_or_else(|| {
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"></Relationships>"
            .to_owned()
    });
    let stem = file.trim_end_matches(".xml");
    for (number, id) in (1..).zip(used) {
        let Some(picture) = pictures.get(id) else { continue };
        let name = format!("media/{stem}-picture{number}.{}", picture.ending);
        let relation = format!(
            "<Relationship Id=\"{}\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/image\" Target=\"{name}\"/>",
            relation(number)
        );
        text = text.replace("</Relationships>", &format!("{relation}</Relationships>"));
        package.put(&format!("{folder}/{name}"), picture.bytes.clone());
    }
    package.put(&relations, text.into_bytes());
    if let Some(types) = package.text("[Content_Types].xml") {
        let mut types = types.to_owned();
        for (ending, media_type) in [("jpg", "image/jpeg"), ("png", "image/png")] {
            if !types.contains(&format!("Extension=\"{ending}\"")) {
                let entry = format!("<Default Extension=\"{ending}\" ContentType=\"{media_type}\"/>");
                if let Some(at) =
                    types.find("<Types").and_then(|at| types[at..].find('>').map(|end| at + end + 1))
                {
                    types.insert_str(at, &entry);
                }
            }
        }
        package.put("[Content_Types].xml", types.into_bytes());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn word(body: &str) -> Vec<u8> {
        let document = format!(
            "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{body}</w:body></w:document>"
        );
        let types = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"></Types>";
        Package {
            parts: vec![
                ("[Content_Types].xml".to_owned(), types.into()),
                ("word/document.xml".to_owned(), document.into_bytes()),
            ],
        }
        .write()
        .unwrap()
    }

    fn paragraph(text: &str) -> String {
        format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
    }

    fn sample() -> Value {
        json!({ "工单": { "编号": "YZ1", "内容": "a<b>\n第二行", "图": "p" }, "记录": [{ "事": "登记" }, { "事": "派单" }] })
    }

    fn body(filled: &[u8]) -> String {
        Package::read(filled).unwrap().text("word/document.xml").unwrap().to_owned()
    }

    #[test]
    fn a_document_is_filled_with_rows_lines_and_pictures() {
        let row = |text: &str| format!("<w:tr><w:tc>{}</w:tc></w:tr>", paragraph(text));
        let source = [
            paragraph("编号：{</w:t></w:r><w:r><w:t>{ 工单.编号 }}"),
            paragraph("{{ 工单.内容 }}"),
            format!(
                "<w:tbl>{}{}{}</w:tbl>",
                row("{%tr for 条 in 记录 %}"),
                row("{{ 条.事 }}"),
                row("{%tr endfor %}")
            ),
            paragraph("{{ 图片(工单.图, 6) }}"),
        ]
        .concat();
        let template = Template::read(&word(&source)).unwrap();
        assert_eq!(template.faults(&sample()), []);
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        png.extend_from_slice(&[0, 0, 0, 4, 0, 0, 0, 2]);
        let pictures = HashMap::from([("p".to_owned(), Picture { ending: "png", bytes: png.clone() })]);
        let filled = template.fill(&sample(), &Arc::new(pictures)).unwrap();
        let text = body(&filled);
        assert!(text.contains("编号：YZ1") && text.contains("a&lt;b&gt;</w:t><w:br/>"));
        assert_eq!(text.matches("<w:tr>").count(), 2);
        assert!(
            text.contains("登记") && text.contains("派单") && text.contains("cx=\"2160000\" cy=\"1080000\"")
        );
        let package = Package::read(&filled).unwrap();
        assert!(
            package
                .parts
                .iter()
                .any(|(name, bytes)| name == "word/media/document-picture1.png" && *bytes == png)
        );
        assert!(package.text("word/_rels/document.xml.rels").unwrap().contains("rIdPicture1"));
        assert!(package.text("[Content_Types].xml").unwrap().contains("image/png"));
    }

    #[test]
    fn a_broken_placeholder_is_named_with_its_place() {
        let fault = |text: &str| {
            let source = [paragraph("标题"), paragraph(text)].concat();
            let mut faults = Template::read(&word(&source)).unwrap().faults(&sample());
            assert_eq!(faults.len(), 1, "{text}: {faults:?}");
            faults.remove(0)
        };
        let unknown = fault("{{ 工单.编码 }}");
        assert_eq!(
            (unknown.place.as_str(), unknown.placeholder.as_str()),
            ("正文第 2 段", "{{ 工单.编码 }}")
        );
        assert!(unknown.zh.contains("工单.编码"));
        assert!(fault("{{ 工单. }}").zh.contains("写法不正确"));
        assert!(fault("{% for x in 记录 %}").zh.contains("endfor"));
        assert!(fault("{% endif %}").zh.contains("没有与它对应的开头"));
        assert!(fault("{% include 'x' %}").zh.contains("include"));
        assert!(fault("{% macro x() %}").zh.contains("macro"));
        let across = "{% for x in 记录 %}</w:t></w:r></w:p><w:p><w:r><w:t>{% endfor %}";
        assert_eq!(Template::read(&word(&paragraph(across))).unwrap().faults(&sample()), []);
    }

    #[test]
    fn what_never_ends_is_stopped() {
        let source =
            paragraph("{% for a in range(9000) %}{% for b in range(9000) %}{{ b }}{% endfor %}{% endfor %}");
        let fault = Template::read(&word(&source)).unwrap().fill(&sample(), &Arc::default()).unwrap_err();
        assert!(fault.zh.contains("过多"), "{fault:?}");
        let wide = paragraph(&format!("{{% for a in range(9000) %}}{}{{% endfor %}}", "字".repeat(20_000)));
        let fault = Template::read(&word(&wide)).unwrap().fill(&sample(), &Arc::default()).unwrap_err();
        assert!(fault.zh.contains("过多"), "{fault:?}");
        assert!(Template::read(b"no archive").is_err());
    }
}
