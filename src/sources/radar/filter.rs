//! The program that the kernel runs over each announcement, so that this process sleeps
//! through all those that are no refusals: classic BPF, which needs no privilege.
//!
//! It asks the same questions as [`super::wire`], which asks them again of what is kept.
//! What does not have the expected layout is kept, too: better woken than deaf.

use std::io;

use super::wire::{
    AF_INET, AF_INET6, ANNOUNCEMENT, CLOSED, INET_DIAG_INFO, INET_DIAG_PROTOCOL, NEVER, info,
    message,
};

/// One instruction, as `struct sock_filter` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instruction {
    pub code: u16,
    /// How many instructions to leave out if the test holds.
    pub yes: u8,
    /// And if it does not.
    pub no: u8,
    pub value: u32,
}

// Of `linux/bpf_common.h` and `linux/filter.h`.
const LOAD_BYTE: u16 = 0x30;
const LOAD_HALF: u16 = 0x28;
const LOAD_WORD: u16 = 0x20;
const LOAD_LENGTH: u16 = 0x80;
const TO_INDEX: u16 = 0x07;
const IF_EQUAL: u16 = 0x15;
const IF_EQUAL_INDEX: u16 = 0x1d;
const IF_AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;
/// As many bytes of the message as there are.
const WHOLE: u32 = u32::MAX;

/// The attributes, where the kernel puts them: the protocol, a byte, then the `tcp_info`.
const FIRST: usize = message::ATTRIBUTES;
const SECOND: usize = FIRST + 8;
const INFO: usize = SECOND + 4;

/// A question to the message. Numbers of more than a byte are compared as they stand
/// there, whatever the byte order of the machine.
enum Question {
    Byte(usize, u8),
    Half(usize, [u8; 2]),
    Word(usize, [u8; 4]),
    /// Whether two words of it are the same.
    Same(usize, usize),
    /// Whether it has so many bytes.
    Length(usize),
}
use Question::{Byte, Half, Length, Same, Word};

/// Where to go on after an answer.
#[derive(Clone, Copy)]
enum Then {
    /// With the next row.
    Next,
    /// With the row of this name.
    To(&'static str),
    /// The message is for us.
    Keep,
    /// It is not.
    Drop,
}
use Then::{Drop, Keep, Next, To};

/// A row: its name if others go on there, the question, after *yes*, after *no*.
type Row = (&'static str, Question, Then, Then);

/// The program, for people.
fn rows() -> Vec<Row> {
    let to = |word: usize| message::TO + 4 * word;
    let source = |word: usize| message::SOURCE + 4 * word;
    let protocol = INET_DIAG_PROTOCOL.to_ne_bytes();
    let tcp_info = INET_DIAG_INFO.to_ne_bytes();
    vec![
        // Is it what we think it is?
        (
            "",
            Half(message::TYPE, ANNOUNCEMENT.to_ne_bytes()),
            Next,
            Keep,
        ),
        ("", Length(INFO + info::LEAST), Next, Keep),
        ("", Half(FIRST, 5_u16.to_ne_bytes()), Next, Keep),
        ("", Half(FIRST + 2, protocol), Next, Keep),
        ("", Half(SECOND + 2, tcp_info), Next, Keep),
        // Here nearly all others end.
        (
            "",
            Word(INFO + info::SHORTEST_TRIP, NEVER.to_ne_bytes()),
            Next,
            Drop,
        ),
        ("", Byte(message::STATE, CLOSED), Next, Drop),
        ("", Half(message::PORT, [0; 2]), Next, To("with its port")),
        // The client waited: was there a route, and an answer to the first request?
        ("", Word(INFO + info::ADVERTISED_SIZE, [0; 4]), Drop, Next),
        ("", Byte(INFO + info::RETRANSMITS, 0), To("loopback"), Drop),
        // The client did not wait: was there an answer?
        (
            "with its port",
            Word(INFO + info::SEGMENTS_IN, [0; 4]),
            Drop,
            Next,
        ),
        // To one of its own addresses, whichever these are?
        ("", Same(to(0), source(0)), Next, To("loopback")),
        ("", Byte(message::FAMILY, AF_INET), Keep, Next),
        ("", Same(to(1), source(1)), Next, To("loopback")),
        ("", Same(to(2), source(2)), Next, To("loopback")),
        ("", Same(to(3), source(3)), Keep, To("loopback")),
        (
            "loopback",
            Byte(message::FAMILY, AF_INET),
            Next,
            To("not IPv4"),
        ),
        ("", Byte(to(0), 127), Keep, Drop),
        ("not IPv4", Byte(message::FAMILY, AF_INET6), Next, Drop),
        ("", Word(to(0), [0; 4]), Next, Drop),
        ("", Word(to(1), [0; 4]), Next, Drop),
        ("", Word(to(2), [0; 4]), Next, To("mapped")),
        ("", Word(to(3), [0, 0, 0, 1]), Keep, Drop),
        // `::ffff:127.0.0.0/104`.
        ("mapped", Word(to(2), [0, 0, 0xff, 0xff]), Next, Drop),
        ("", Byte(to(3), 127), Keep, Drop),
    ]
}

/// The program, for the kernel.
pub(super) fn program() -> io::Result<Vec<Instruction>> {
    assemble(&rows())
}

fn assemble(rows: &[Row]) -> io::Result<Vec<Instruction>> {
    let mut starts = Vec::with_capacity(rows.len());
    let mut end = 0;
    for (_, question, ..) in rows {
        starts.push(end);
        end += instructions(question).len() + 1;
    }
    // After the rows stand the two ends.
    let (keep, drop) = (end, end + 1);
    let mut program = Vec::with_capacity(end + 2);
    for (row, (_, question, yes, no)) in rows.iter().enumerate() {
        program.extend(instructions(question));
        let next = program.len() + 1;
        let jump = |then: &Then| {
            let target = match then {
                Next => next,
                Keep => keep,
                Drop => drop,
                // Only forward: the kernel takes no other jumps.
                To(name) => rows[row + 1..]
                    .iter()
                    .position(|(other, ..)| other == name)
                    .map(|at| starts[row + 1 + at])
                    .ok_or_else(|| wrong("no such row"))?,
            };
            u8::try_from(target - next).map_err(|_| wrong("a jump is too long"))
        };
        let (code, value) = test(question);
        program.push(Instruction {
            code,
            yes: jump(yes)?,
            no: jump(no)?,
            value,
        });
    }
    program.extend([plain(RETURN, WHOLE), plain(RETURN, 0)]);
    Ok(program)
}

/// What puts the answer into the register.
fn instructions(question: &Question) -> Vec<Instruction> {
    match *question {
        Byte(at, _) => vec![load(LOAD_BYTE, at)],
        Half(at, _) => vec![load(LOAD_HALF, at)],
        Word(at, _) => vec![load(LOAD_WORD, at)],
        Same(one, other) => vec![
            load(LOAD_WORD, one),
            plain(TO_INDEX, 0),
            load(LOAD_WORD, other),
        ],
        Length(_) => vec![plain(LOAD_LENGTH, 0)],
    }
}

/// The test of the register. The kernel loads in the network's byte order.
fn test(question: &Question) -> (u16, u32) {
    match *question {
        Byte(_, value) => (IF_EQUAL, u32::from(value)),
        Half(_, value) => (IF_EQUAL, u32::from(u16::from_be_bytes(value))),
        Word(_, value) => (IF_EQUAL, u32::from_be_bytes(value)),
        Same(..) => (IF_EQUAL_INDEX, 0),
        Length(least) => (IF_AT_LEAST, least as u32),
    }
}

fn load(code: u16, at: usize) -> Instruction {
    plain(code, at as u32)
}

fn plain(code: u16, value: u32) -> Instruction {
    Instruction {
        code,
        yes: 0,
        no: 0,
        value,
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
