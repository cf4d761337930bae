//! A chart of a Word file: drawn by the reader's program from numbers that stand in the file, with a small workbook
//! behind it, so that whoever edits the report can edit the chart.

use std::fmt::Write as _;

use kernel::Lang;
use rust_xlsxwriter::{Workbook, XlsxError};

use super::escaped;

/// So many values along a chart are drawn.
const NAMES_MAX: usize = 400;
/// The height that a bar takes, and the least and the largest height of a chart, in English Metric Units.
const BAR_HEIGHT: usize = 190_000;
const HEIGHT_LEAST: usize = 1_800_000;
const HEIGHT_MOST: usize = 4_400_000;
/// The width between the margins, in English Metric Units.
const WIDTH: usize = 5_750_000;
/// So many names stand along a line.
const LABELS: usize = 11;
/// Colours of series and slices, as a printer still tells them apart.
const COLOURS: [&str; 8] = ["2F6FD6", "B4C0D1", "E0A030", "4BA37C", "8A63C9", "D3604F", "3AA6B9", "8A94A6"];

/// How values are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A line over time.
    Lines,
    /// Lying bars, the first one on top.
    Bars,
    /// Slices of a whole.
    Slices,
}

/// What is drawn. Each series has as many values as there are names; what has no value leaves a gap.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// How.
    pub shape: Shape,
    /// The title.
    pub title: String,
    /// What stands along the chart.
    pub names: Vec<String>,
    /// Series with their names.
    pub series: Vec<(String, Vec<Option<f64>>)>,
}

impl Chart {
    fn height(&self) -> usize {
        match self.shape {
            Shape::Lines => 2_500_000,
            Shape::Slices => 2_700_000,
            Shape::Bars => {
                let bars = self.names.len() * self.series.len().max(1);
                (bars * BAR_HEIGHT + 700_000).clamp(HEIGHT_LEAST, HEIGHT_MOST)
            }
        }
    }

    /// Writes the paragraph that holds the chart; `number` counts charts from one, `link` is its relation.
    pub(super) fn place(&self, into: &mut String, number: usize, link: &str) {
        let (height, title) = (self.height(), escaped(&self.title));
        let _ = write!(
            into,
            r#"<w:p><w:pPr><w:keepLines/><w:spacing w:before="120" w:after="120"/><w:jc w:val="center"/></w:pPr><w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{WIDTH}" cy="{height}"/><wp:docPr id="{number}" name="{title}" descr="{title}"/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart"><c:chart r:id="{link}"/></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"#
        );
    }

    /// Writes the part that says what is drawn.
    pub(super) fn part(&self, lang: Lang) -> String {
        let mut text = format!(
            r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><c:roundedCorners val="0"/><c:chart><c:title><c:tx><c:rich><a:bodyPr/><a:p><a:pPr><a:defRPr sz="1100" b="0"/></a:pPr><a:r><a:rPr lang="{}" sz="1100" b="0"/><a:t>{}</a:t></a:r></a:p></c:rich></c:tx><c:overlay val="0"/></c:title><c:autoTitleDeleted val="0"/><c:plotArea><c:layout/>"#,
            lang.pick("zh-CN", "en-US"),
            escaped(&self.title)
        );
        match self.shape {
            Shape::Lines => {
                text.push_str(r#"<c:lineChart><c:grouping val="standard"/><c:varyColors val="0"/>"#);
                self.all_series(&mut text);
                text.push_str(r#"<c:marker val="1"/><c:axId val="11"/><c:axId val="12"/></c:lineChart>"#);
                self.axes(&mut text);
            }
            Shape::Bars => {
                text.push_str(
                    r#"<c:barChart><c:barDir val="bar"/><c:grouping val="clustered"/><c:varyColors val="0"/>"#,
                );
                self.all_series(&mut text);
                text.push_str(r#"<c:gapWidth val="45"/><c:axId val="11"/><c:axId val="12"/></c:barChart>"#);
                self.axes(&mut text);
            }
            Shape::Slices => {
                text.push_str(r#"<c:pieChart><c:varyColors val="1"/>"#);
                self.all_series(&mut text);
                text.push_str(r#"<c:firstSliceAng val="0"/></c:pieChart>"#);
            }
        }
        text.push_str("</c:plotArea>");
        if self.series.len() > 1 || self.shape == Shape::Slices {
            let place = if self.shape == Shape::Slices { "r" } else { "b" };
            let _ = write!(text, r#"<c:legend><c:legendPos val="{place}"/><c:overlay val="0"/></c:legend>"#);
        }
        text.push_str(r#"<c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/></c:chart><c:spPr><a:ln><a:noFill/></a:ln></c:spPr><c:txPr><a:bodyPr/><a:p><a:pPr><a:defRPr sz="900"><a:latin typeface="Times New Roman"/><a:ea typeface="宋体"/></a:defRPr></a:pPr><a:endParaRPr lang="zh-CN"/></a:p></c:txPr><c:externalData r:id="rId1"><c:autoUpdate val="0"/></c:externalData></c:chartSpace>"#);
        text
    }

    /// Writes the workbook behind the chart.
    pub(super) fn workbook(&self) -> Result<Vec<u8>, XlsxError> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        sheet.set_name("Sheet1")?;
        for (row, name) in (1_u32..).zip(self.names.iter().take(NAMES_MAX)) {
            sheet.write_string(row, 0, name.chars().take(200).collect::<String>())?;
        }
        for (column, (name, values)) in (1_u16..).zip(&self.series) {
            sheet.write_string(0, column, name)?;
            for (row, value) in (1_u32..).zip(values.iter().take(NAMES_MAX)) {
                if let Some(value) = value {
                    sheet.write_number(row, column, *value)?;
                }
            }
        }
        workbook.save_to_buffer()
    }

    fn all_series(&self, into: &mut String) {
        let count = self.names.len().min(NAMES_MAX);
        for (at, (name, values)) in self.series.iter().enumerate() {
            let (column, colour) = (column(at + 1), COLOURS[at % COLOURS.len()]);
            let _ = write!(
                into,
                r#"<c:ser><c:idx val="{at}"/><c:order val="{at}"/><c:tx><c:strRef><c:f>Sheet1!${column}$1</c:f><c:strCache><c:ptCount val="1"/><c:pt idx="0"><c:v>{}</c:v></c:pt></c:strCache></c:strRef></c:tx>"#,
                escaped(name)
            );
            match self.shape {
                Shape::Lines => {
                    let dash = if at == 0 { "" } else { r#"<a:prstDash val="sysDash"/>"# };
                    let _ = write!(
                        into,
                        r#"<c:spPr><a:ln w="22225"><a:solidFill><a:srgbClr val="{colour}"/></a:solidFill>{dash}</a:ln></c:spPr><c:marker><c:symbol val="none"/></c:marker>"#
                    );
                }
                Shape::Bars => {
                    let _ = write!(
                        into,
                        r#"<c:spPr><a:solidFill><a:srgbClr val="{colour}"/></a:solidFill></c:spPr><c:invertIfNegative val="0"/>{}"#,
                        labels("outEnd", true)
                    );
                }
                Shape::Slices => {
                    for slice in 0..count {
                        let _ = write!(
                            into,
                            r#"<c:dPt><c:idx val="{slice}"/><c:bubble3D val="0"/><c:spPr><a:solidFill><a:srgbClr val="{}"/></a:solidFill><a:ln w="9525"><a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill></a:ln></c:spPr></c:dPt>"#,
                            COLOURS[slice % COLOURS.len()]
                        );
                    }
                    into.push_str(&labels("outEnd", false));
                }
            }
            let _ = write!(
                into,
                r#"<c:cat><c:strRef><c:f>Sheet1!$A$2:$A${}</c:f><c:strCache><c:ptCount val="{count}"/>"#,
                count + 1
            );
            for (at, name) in self.names.iter().take(count).enumerate() {
                let _ = write!(into, r#"<c:pt idx="{at}"><c:v>{}</c:v></c:pt>"#, escaped(name));
            }
            let _ = write!(
                into,
                r#"</c:strCache></c:strRef></c:cat><c:val><c:numRef><c:f>Sheet1!${column}$2:${column}${}</c:f><c:numCache><c:formatCode>General</c:formatCode><c:ptCount val="{count}"/>"#,
                count + 1
            );
            for (at, value) in values.iter().take(count).enumerate() {
                if let Some(value) = value {
                    let _ = write!(into, r#"<c:pt idx="{at}"><c:v>{value}</c:v></c:pt>"#);
                }
            }
            into.push_str("</c:numCache></c:numRef></c:val>");
            into.push_str(if self.shape == Shape::Lines {
                r#"<c:smooth val="0"/></c:ser>"#
            } else {
                "</c:ser>"
            });
        }
    }

    /// Bars have their numbers beside them and need no axis of numbers; lines have one.
    fn axes(&self, into: &mut String) {
        let bars = self.shape == Shape::Bars;
        // The first bar stands on top, as in the table below it.
        let (order, place) = if bars { ("maxMin", "l") } else { ("minMax", "b") };
        let (numbers, hidden) = if bars { ("b", 1) } else { ("l", 0) };
        // Names along a line stand apart far enough to be read.
        let skip = if bars {
            String::new()
        } else {
            format!(r#"<c:tickLblSkip val="{}"/>"#, self.names.len().min(NAMES_MAX).div_ceil(LABELS).max(1))
        };
        let grid = if bars {
            ""
        } else {
            r#"<c:majorGridlines><c:spPr><a:ln w="6350"><a:solidFill><a:srgbClr val="D9D9D9"/></a:solidFill></a:ln></c:spPr></c:majorGridlines>"#
        };
        let _ = write!(
            into,
            r#"<c:catAx><c:axId val="11"/><c:scaling><c:orientation val="{order}"/></c:scaling><c:delete val="0"/><c:axPos val="{place}"/><c:numFmt formatCode="General" sourceLinked="0"/><c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="low"/><c:spPr><a:ln w="6350"><a:solidFill><a:srgbClr val="808080"/></a:solidFill></a:ln></c:spPr><c:crossAx val="12"/><c:crosses val="autoZero"/><c:auto val="0"/><c:lblAlgn val="ctr"/><c:lblOffset val="100"/>{skip}<c:noMultiLvlLbl val="1"/></c:catAx><c:valAx><c:axId val="12"/><c:scaling><c:orientation val="minMax"/><c:min val="0"/></c:scaling><c:delete val="{hidden}"/><c:axPos val="{numbers}"/>{grid}<c:numFmt formatCode="General" sourceLinked="0"/><c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="nextTo"/><c:spPr><a:ln><a:noFill/></a:ln></c:spPr><c:crossAx val="11"/><c:crosses val="autoZero"/><c:crossBetween val="between"/></c:valAx>"#
        );
    }
}

/// Writes which numbers stand at the drawn values: the value itself, or its share.
fn labels(place: &str, value: bool) -> String {
    let (value, share) = (i32::from(value), i32::from(!value));
    format!(
        r#"<c:dLbls><c:numFmt formatCode="{}" sourceLinked="0"/><c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr><c:dLblPos val="{place}"/><c:showLegendKey val="0"/><c:showVal val="{value}"/><c:showCatName val="0"/><c:showSerName val="0"/><c:showPercent val="{share}"/><c:showBubbleSize val="0"/></c:dLbls>"#,
        if value == 1 { "#,##0" } else { "0.0%" }
    )
}

/// Returns the letter of a column counted from zero.
fn column(at: usize) -> char {
    char::from(b'A' + u8::try_from(at.min(25)).unwrap_or(25))
}
