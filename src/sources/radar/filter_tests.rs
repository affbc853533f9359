use std::net::SocketAddr;

use super::super::wire::{self, Told, tests::Announcement};
use super::*;

/// What the kernel makes of the program: whether it keeps the message.
fn kept(program: &[Instruction], bytes: &[u8]) -> bool {
    let (mut register, mut index, mut at) = (0_u32, 0_u32, 0);
    loop {
        let step = program[at];
        let from = step.value as usize;
        let load = |size: usize| {
            let bytes = bytes.get(from..from + size)?;
            Some(
                bytes
                    .iter()
                    .fold(0, |sum, &byte| sum << 8 | u32::from(byte)),
            )
        };
        let loaded = match step.code {
            LOAD_BYTE => load(1),
            LOAD_HALF => load(2),
            LOAD_WORD => load(4),
            LOAD_LENGTH => Some(bytes.len() as u32),
            _ => Some(register),
        };
        // A load from beyond the end drops the message.
        let Some(loaded) = loaded else { return false };
        register = loaded;
        let holds = match step.code {
            RETURN => return step.value != 0,
            TO_INDEX => {
                index = register;
                false
            }
            IF_EQUAL => register == step.value,
            IF_EQUAL_INDEX => register == index,
            IF_AT_LEAST => register >= step.value,
            _ => false,
        };
        at += 1 + usize::from(if holds { step.yes } else { step.no });
    }
}

#[test]
fn it_is_short_and_every_jump_lands() {
    let program = program().unwrap();
    assert!(program.len() < 100, "{}", program.len());
    for (at, step) in program.iter().enumerate() {
        assert!(
            at + 1 + usize::from(step.yes.max(step.no))
                < program.len() + usize::from(step.code == RETURN)
        );
    }
}

#[test]
fn a_row_that_is_not_there_is_an_error() {
    let row = |name| ("", Byte(0, 0), To(name), Drop);
    assert!(assemble(&[row("none")]).is_err());
    // Nor is one that stands before.
    assert!(assemble(&[("first", Byte(0, 0), Next, Drop), row("first")]).is_err());
}

#[test]
fn the_kernel_keeps_exactly_what_is_a_refusal() {
    let program = program().unwrap();
    let four = [
        "0.0.0.0:0",
        "127.0.0.1:0",
        "127.9.9.9:1998",
        "126.0.0.1:1998",
        "10.0.0.5:1998",
        "10.0.0.6:0",
    ];
    let six = [
        "[::]:0",
        "[::1]:0",
        "[::1]:1998",
        "[::2]:1998",
        "[::1:0:0:1]:1998",
        "[0:0:1::1]:1998",
        "[::ffff:127.0.0.1]:0",
        "[::ffff:127.0.0.1]:1998",
        "[::ffff:10.0.0.5]:1998",
        "[::fffe:127.0.0.1]:1998",
        "[fd00::5]:1998",
        "[fd00::6]:1998",
        "[fd00:0:0:1::5]:1998",
        "[fd01::5]:0",
    ];
    let (mut refusals, mut others) = (0, 0);
    let ends =
        |all: &[&str]| -> Vec<SocketAddr> { all.iter().map(|at| at.parse().unwrap()).collect() };
    for ends in [ends(&four), ends(&six)] {
        for (&from, &to) in ends
            .iter()
            .flat_map(|from| ends.iter().map(move |to| (from, to)))
        {
            for bits in 0..32_u32 {
                let either = |bit: u32, one, other| if bits & 1 << bit == 0 { one } else { other };
                let announcement = Announcement {
                    state: either(0, 7, 1) as u8,
                    from,
                    to,
                    retransmits: either(1, 0, 2) as u8,
                    advertised_size: either(2, 0, 65_495),
                    segments_in: either(3, 0, 1),
                    shortest_trip: either(4, wire::NEVER, 30),
                    window: 0,
                };
                let bytes = announcement.bytes();
                let told = wire::read(&bytes) != Told::Other;
                assert_eq!(kept(&program, &bytes), told, "{announcement:?}");
                *if told { &mut refusals } else { &mut others } += 1;
            }
        }
    }
    assert!(refusals > 100 && others > 1000, "{refusals} {others}");
}

#[test]
fn what_is_laid_out_otherwise_is_kept() {
    let program = program().unwrap();
    let mut bytes = Announcement::refused("10.0.0.5:1", "10.0.0.6:1998").bytes();
    assert!(!kept(&program, &bytes));
    let turned = [&bytes[..88], &bytes[96..], &bytes[88..96]].concat();
    assert!(kept(&program, &turned));
    assert!(kept(&program, &bytes[..200]));
    bytes[4..6].copy_from_slice(&3_u16.to_ne_bytes());
    assert!(kept(&program, &bytes));
}
