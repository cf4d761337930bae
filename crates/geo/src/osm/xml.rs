//! `.osm`: the same in XML.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::OsmError;
use super::parts::{Element, Member, MemberKind, Tags, Wants};

/// So many tags, nodes or members one element has at most; the project's own limits are 2,000 nodes and 32,000
/// members.
const PARTS_MAX: usize = 100_000;
/// The stopping question is asked after so many elements.
const TURN: usize = 10_000;

fn corrupt(what: impl ToString) -> OsmError {
    OsmError::Corrupt(what.to_string())
}

/// An element that is being read.
#[derive(Default)]
struct Open {
    kind: u8,
    id: i64,
    place: [f64; 2],
    gone: bool,
    tags: Vec<(String, String)>,
    refs: Vec<i64>,
    members: Vec<(MemberKind, i64, String)>,
}

pub(super) fn read<R: BufRead>(
    file: &mut R,
    wants: Wants,
    go_on: &dyn Fn() -> bool,
    visit: &mut dyn FnMut(&Element<'_>) -> Result<(), OsmError>,
) -> Result<(), OsmError> {
    let mut reader = Reader::from_reader(file);
    let mut buffer = Vec::new();
    let mut open: Option<Open> = None;
    let (mut rooted, mut ended, mut count) = (false, false, 0_usize);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(corrupt)? {
            Event::Start(start) => begin(&start, &reader, wants, &mut open, &mut rooted)?,
            Event::Empty(start) => {
                let name = start.name().as_ref().to_vec();
                begin(&start, &reader, wants, &mut open, &mut rooted)?;
                close(&name, &mut open, visit)?;
            }
            Event::End(end) => {
                ended |= end.name().as_ref() == b"osm";
                close(end.name().as_ref(), &mut open, visit)?;
            }
            Event::Eof => break,
            _ => {}
        }
        count += 1;
        if count.is_multiple_of(TURN) && !go_on() {
            return Err(OsmError::TooLong);
        }
    }
    if rooted && ended { Ok(()) } else { Err(corrupt("it breaks off")) }
}

fn begin<R>(
    start: &BytesStart<'_>,
    reader: &Reader<R>,
    wants: Wants,
    open: &mut Option<Open>,
    rooted: &mut bool,
) -> Result<(), OsmError> {
    let name = start.name();
    let kind = match name.as_ref() {
        b"osm" => {
            *rooted = true;
            return Ok(());
        }
        b"node" if wants.nodes => b'n',
        b"way" if wants.ways => b'w',
        b"relation" if wants.relations => b'r',
        b"tag" | b"nd" | b"member" => return part(start, reader, open),
        _ => return Ok(()),
    };
    if !*rooted {
        return Err(corrupt("it does not begin with <osm>"));
    }
    let mut element = Open { kind, place: [f64::NAN; 2], ..Open::default() };
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(corrupt)?;
        let text = attribute.decode_and_unescape_value(reader.decoder()).map_err(corrupt)?;
        match attribute.key.as_ref() {
            b"id" => element.id = text.parse().map_err(|_| corrupt(format!("id {text}")))?,
            b"lat" => element.place[1] = text.parse().map_err(|_| corrupt(format!("lat {text}")))?,
            b"lon" => element.place[0] = text.parse().map_err(|_| corrupt(format!("lon {text}")))?,
            b"visible" => element.gone |= text == "false",
            b"action" => element.gone |= text == "delete",
            _ => {}
        }
    }
    *open = Some(element);
    Ok(())
}

fn part<R>(start: &BytesStart<'_>, reader: &Reader<R>, open: &mut Option<Open>) -> Result<(), OsmError> {
    let Some(element) = open else { return Ok(()) };
    if element.tags.len() + element.refs.len() + element.members.len() > PARTS_MAX {
        return Err(OsmError::TooMuch { what: "parts of one element", most: PARTS_MAX });
    }
    let (mut first, mut second, mut id) = (String::new(), String::new(), None);
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(corrupt)?;
        let text = attribute.decode_and_unescape_value(reader.decoder()).map_err(corrupt)?;
        match attribute.key.as_ref() {
            b"k" | b"type" => first = text.into_owned(),
            b"v" | b"role" => second = text.into_owned(),
            b"ref" => id = Some(text.parse().map_err(|_| corrupt(format!("ref {text}")))?),
            _ => {}
        }
    }
    match start.name().as_ref() {
        b"tag" => element.tags.push((first, second)),
        b"nd" => element.refs.push(id.ok_or_else(|| corrupt("nd without ref"))?),
        _ => {
            let kind = match &*first {
                "node" => MemberKind::Node,
                "way" => MemberKind::Way,
                "relation" => MemberKind::Relation,
                _ => return Err(corrupt("a member of no kind")),
            };
            element.members.push((kind, id.ok_or_else(|| corrupt("member without ref"))?, second));
        }
    }
    Ok(())
}

fn close(
    name: &[u8],
    open: &mut Option<Open>,
    visit: &mut dyn FnMut(&Element<'_>) -> Result<(), OsmError>,
) -> Result<(), OsmError> {
    if !matches!(name, b"node" | b"way" | b"relation") {
        return Ok(());
    }
    let Some(element) = open.take() else { return Ok(()) };
    if element.gone {
        return Ok(());
    }
    let tags = Tags(element.tags.iter().map(|(key, value)| (&**key, &**value)).collect());
    match element.kind {
        b'n' => visit(&Element::Node { id: element.id, place: element.place, tags }),
        b'w' => visit(&Element::Way { id: element.id, refs: &element.refs, tags }),
        _ => {
            let members: Vec<Member<'_>> = element
                .members
                .iter()
                .map(|(kind, id, role)| Member { kind: *kind, id: *id, role })
                .collect();
            visit(&Element::Relation { members: &members, tags })
        }
    }
}
