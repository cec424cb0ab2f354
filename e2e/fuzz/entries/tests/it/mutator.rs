//! Changes that make an input of another one: what wears down parsers, with no knowledge of
//! what they parse.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

/// Longest input that is made, in bytes.
const LONGEST: usize = 64 * 1024;

/// Numbers at the edges of their types, as text.
const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "127",
    "256",
    "65536",
    "2147483648",
    "4294967295",
    "9223372036854775808",
    "18446744073709551616",
    "1e309",
    "-0.0",
    "99999999999999999999999999999999",
];

/// Tokens of the formats.
const WORDS: [&str; 24] = [
    "<",
    ">",
    "</",
    "&#0;",
    "&amp;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\u0000",
    "\\ud800",
    "null",
    "%00",
    "%FF",
    "..",
    "/",
    "\r\n\r\n",
    "\u{202e}",
    "\u{feff}",
    "\0",
];

/// Brackets that nest.
const NESTS: [(&str, &str); 4] = [
    ("<a>", "</a>"),
    ("[", "]"),
    ("{\"a\":", "}"),
    ("\"\\\"", ""),
];

/// A changed copy of `seed`, with pieces of `other` at times.
pub(crate) fn mutated(random: &mut StdRng, seed: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..random.random_range(1..=4) {
        change(random, &mut bytes, other);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(random: &mut StdRng, bytes: &mut Vec<u8>, other: &[u8]) {
    let at = random.random_range(0..=bytes.len());
    match random.random_range(0..9) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
        1 if at < bytes.len() => bytes[at] = random.random(),
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..(at + random.random_range(1..32)).min(bytes.len()))),
        4 => insert(bytes, at, piece(random, other)),
        5 => {
            let times = random.random_range(1..64);
            let piece = piece(random, bytes).repeat(times);
            insert(bytes, at, &piece);
        }
        6 => {
            let number = NUMBERS.choose(random).unwrap();
            replace_number(bytes, at, number.as_bytes());
        }
        7 => insert(bytes, at, WORDS.choose(random).unwrap().as_bytes()),
        _ => {
            let (open, close) = NESTS.choose(random).unwrap();
            let depth = random.random_range(1..200);
            insert(
                bytes,
                at,
                &[open.repeat(depth), close.repeat(depth)]
                    .concat()
                    .into_bytes(),
            );
        }
    }
}

/// A piece of some bytes, at most 64 long.
fn piece<'a>(random: &mut StdRng, bytes: &'a [u8]) -> &'a [u8] {
    let start = random.random_range(0..=bytes.len());
    let length = random.random_range(0..=64);
    &bytes[start..(start + length).min(bytes.len())]
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    if bytes.len() + piece.len() <= LONGEST {
        let piece = piece.to_vec();
        bytes.splice(at..at, piece);
    }
}

/// Puts `number` in the place of the next number after `at`; there, if there is none.
fn replace_number(bytes: &mut Vec<u8>, at: usize, number: &[u8]) {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let start = bytes[at..]
        .iter()
        .position(is_digit)
        .map_or(at, |found| at + found);
    let digits = bytes[start..]
        .iter()
        .take_while(|byte| is_digit(byte))
        .count();
    bytes.splice(start..start + digits, number.iter().copied());
}
