use super::*;

const ROW: &[u8] =
    b"812 (a) (b\x1b) S 7 812 812 34816 812 4194304 1 2 3 4 11 22 33 44 20 0 1 0 98765 1 1 1";

#[test]
fn a_name_with_parentheses_does_not_shift_the_fields() {
    let stat = Stat::parse(ROW).unwrap();
    assert_eq!(
        stat,
        Stat {
            id: ProcId {
                pid: 812,
                started: 98765
            },
            comm: "a) (b\u{fffd}".to_owned(),
            state: b'S',
            parent: 7,
            terminal: true,
            ticks: 33,
            ended_children_ticks: 77,
        }
    );
}

#[test]
fn a_row_that_is_cut_short_is_none() {
    let needed = ROW.len() - b" 1 1 1".len();
    for end in 0..needed - 4 {
        assert_eq!(Stat::parse(&ROW[..end]), None, "{end}");
    }
    assert_eq!(Stat::parse(b")("), None);
    assert_eq!(Stat::parse(b"\xff (x) S"), None);
}

#[test]
fn only_sockets_have_a_number() {
    assert_eq!(inode(b"socket:[4242]"), Some(4242));
    for other in [
        &b"pipe:[4242]"[..],
        b"socket:[]",
        b"socket:[x]",
        b"socket:[4242",
        b"/home/socket:[1]",
        b"",
    ] {
        assert_eq!(inode(other), None);
    }
}

#[test]
fn pids_that_began_anew_are_the_newest() {
    let pids = vec![1, 300, 301, 32_000, 32_700];
    assert_eq!(
        turned(pids.clone(), Some(301)),
        [301, 300, 1, 32_700, 32_000]
    );
    assert_eq!(
        turned(pids.clone(), Some(40_000)),
        [32_700, 32_000, 301, 300, 1]
    );
    assert_eq!(turned(pids, None), [32_700, 32_000, 301, 300, 1]);
}

#[test]
fn pids_are_found_downwards_wherever_the_gaps_are() {
    for pids in [
        vec![],
        vec![1],
        vec![4_194_304],
        vec![1, 2, 3, 5, 8, 500, 501, 40_000, 40_001, 4_000_000],
    ] {
        let questions = std::cell::Cell::new(0);
        let first_from = |from: u32| {
            questions.set(questions.get() + 1);
            pids.iter().copied().find(|&pid| pid >= from)
        };
        let mut found = Vec::new();
        let mut above = 4_194_305;
        while let Some(pid) = next_below(above, first_from) {
            found.push(pid);
            above = pid;
        }
        found.reverse();
        assert_eq!(found, pids);
        assert!(questions.get() <= 40 * (pids.len() + 1), "{questions:?}");
    }
}

#[test]
fn the_newest_processes_are_some_of_all_of_them() {
    let mut child = std::process::Command::new("sleep")
        .arg("10")
        .spawn()
        .unwrap();
    let (newest, all): (Vec<u32>, _) = (newest().collect(), pids().unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        newest.contains(&child.id()) || newest.is_empty(),
        "{newest:?}"
    );
    assert!(newest.is_sorted_by(|newer, older| newer > older));
    assert!(newest.len() <= NEWEST);
    let known = newest.iter().filter(|pid| all.contains(pid)).count();
    assert!(known + 8 >= newest.len(), "{newest:?} {all:?}");
}

#[test]
fn we_are_among_the_processes() {
    let me = std::process::id();
    assert!(pids().unwrap().binary_search(&me).is_ok());
    assert_eq!(Stat::of(me).unwrap().id.pid, me);
}
