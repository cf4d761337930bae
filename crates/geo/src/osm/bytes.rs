//! The wire format of protocol buffers, as far as maps need it.

use super::OsmError;

fn corrupt(what: &str) -> OsmError {
    OsmError::Corrupt(what.to_owned())
}

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field<'a> {
    /// A number.
    Number(u64),
    /// Bytes: text, a message, or packed numbers.
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], OsmError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Number(_) => Err(corrupt("a number where bytes belong")),
        }
    }

    pub(super) fn number(self) -> Result<u64, OsmError> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Bytes(_) => Err(corrupt("bytes where a number belongs")),
        }
    }
}

/// Reads the fields of a message one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a>(pub &'a [u8]);

impl<'a> Message<'a> {
    /// Returns the next field and its number.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Field<'a>)>, OsmError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = varint(&mut self.0)?;
        let number = u32::try_from(key >> 3).map_err(|_| corrupt("a field's number"))?;
        let field = match key & 7 {
            0 => Field::Number(varint(&mut self.0)?),
            1 => Field::Bytes(take(&mut self.0, 8)?),
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).map_err(|_| corrupt("a length"))?;
                Field::Bytes(take(&mut self.0, length)?)
            }
            5 => Field::Bytes(take(&mut self.0, 4)?),
            _ => return Err(corrupt("a field's type")),
        };
        Ok(Some((number, field)))
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], OsmError> {
    let (head, tail) = rest.split_at_checked(length).ok_or_else(|| corrupt("it breaks off"))?;
    *rest = tail;
    Ok(head)
}

/// Reads a number of seven bits a byte.
pub(super) fn varint(rest: &mut &[u8]) -> Result<u64, OsmError> {
    let mut value = 0_u64;
    for place in 0..10 {
        let (&byte, tail) = rest.split_first().ok_or_else(|| corrupt("it breaks off"))?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(corrupt("a number is too long"))
}

/// Undoes the zigzag that keeps small negative numbers short.
#[expect(clippy::cast_possible_wrap, reason = "the wire format's own arithmetic")]
pub(super) fn signed(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

/// Reads packed numbers that are differences from the one before.
pub(super) fn deltas(mut rest: &[u8], into: &mut Vec<i64>) -> Result<(), OsmError> {
    let mut last = 0_i64;
    while !rest.is_empty() {
        last = last.wrapping_add(signed(varint(&mut rest)?));
        into.push(last);
    }
    Ok(())
}

/// Reads packed numbers.
pub(super) fn numbers(mut rest: &[u8], into: &mut Vec<u64>) -> Result<(), OsmError> {
    while !rest.is_empty() {
        into.push(varint(&mut rest)?);
    }
    Ok(())
}
