//! What waits to be written to one client: its answers, and of the news the last.

use std::collections::VecDeque;
use std::sync::Arc;

use super::board::{AlertLine, StatusLine};

/// Lines on their way to one client. Answers are as many as it may have calls; of the news,
/// only what is not outdated.
#[derive(Debug)]
pub(super) struct Outgoing {
    answers: VecDeque<Vec<u8>>,
    alerts: VecDeque<Arc<AlertLine>>,
    most_alerts: usize,
    status: Option<Arc<StatusLine>>,
    writing: Option<(Line, usize)>,
}

#[derive(Debug)]
enum Line {
    Answer(Vec<u8>),
    Alert(Arc<AlertLine>),
    Status(Arc<StatusLine>),
}

impl Line {
    fn bytes(&self) -> &[u8] {
        match self {
            Line::Answer(line) => line,
            Line::Alert(alert) => &alert.line,
            Line::Status(status) => &status.line,
        }
    }
}

impl Outgoing {
    pub(super) fn new(most_alerts: usize) -> Self {
        Outgoing {
            answers: VecDeque::new(),
            alerts: VecDeque::new(),
            most_alerts,
            status: None,
            writing: None,
        }
    }

    /// An answer, or the greeting. How many there are is limited by whoever asks for them.
    pub(super) fn answer(&mut self, line: Vec<u8>) {
        self.answers.push_back(line);
    }

    /// How many answers are unread.
    pub(super) fn answers(&self) -> usize {
        let written = matches!(self.writing, Some((Line::Answer(_), _)));
        self.answers.len() + usize::from(written)
    }

    /// The status now: an earlier one that is not being written is outdated.
    pub(super) fn status(&mut self, status: Arc<StatusLine>) {
        self.status = Some(status);
    }

    /// An alert: an earlier state of the same one is outdated, and where there are too
    /// many the oldest goes. What fires is in the status, too.
    pub(super) fn alert(&mut self, alert: Arc<AlertLine>) {
        self.alerts.retain(|other| other.id != alert.id);
        if self.alerts.len() >= self.most_alerts {
            self.alerts.pop_front();
        }
        self.alerts.push_back(alert);
    }

    /// No more news: only answers.
    pub(super) fn forget_news(&mut self) {
        self.alerts.clear();
        self.status = None;
    }

    /// What is to be written now; nothing where all is written.
    pub(super) fn next(&mut self) -> Option<&[u8]> {
        if self.writing.is_none() {
            let line = if let Some(answer) = self.answers.pop_front() {
                Line::Answer(answer)
            } else if let Some(alert) = self.alerts.pop_front() {
                Line::Alert(alert)
            } else {
                Line::Status(self.status.take()?)
            };
            self.writing = Some((line, 0));
        }
        self.writing
            .as_ref()
            .map(|(line, written)| &line.bytes()[*written..])
    }

    /// So many bytes of it are written.
    pub(super) fn wrote(&mut self, bytes: usize) {
        if let Some((line, written)) = &mut self.writing {
            *written += bytes;
            if *written >= line.bytes().len() {
                self.writing = None;
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.writing.is_none()
            && self.answers.is_empty()
            && self.alerts.is_empty()
            && self.status.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(id: u64, text: &str) -> Arc<AlertLine> {
        Arc::new(AlertLine {
            id,
            project: None,
            line: text.as_bytes().to_vec(),
        })
    }

    fn status(text: &str) -> Arc<StatusLine> {
        Arc::new(StatusLine {
            line: text.as_bytes().to_vec(),
            key: 0,
        })
    }

    fn rest(out: &mut Outgoing) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = out.next() {
            lines.push(String::from_utf8(line.to_vec()).unwrap());
            let length = lines.last().unwrap().len();
            out.wrote(length);
        }
        assert!(out.is_empty());
        lines
    }

    #[test]
    fn only_the_last_news_are_kept() {
        let mut out = Outgoing::new(2);
        for text in ["s1", "s2", "s3"] {
            out.status(status(text));
        }
        for (id, text) in [(1, "1a"), (2, "2a"), (1, "1b"), (3, "3a"), (3, "3b")] {
            out.alert(alert(id, text));
        }
        out.answer(b"answer".to_vec());
        assert_eq!(rest(&mut out), ["answer", "1b", "3b", "s3"]);
    }

    #[test]
    fn a_line_that_has_begun_is_finished_first() {
        let mut out = Outgoing::new(2);
        out.status(status("first"));
        assert_eq!(out.next(), Some(&b"first"[..]));
        out.wrote(2);
        out.status(status("second"));
        out.answer(b"answer".to_vec());
        out.forget_news();
        assert_eq!(out.next(), Some(&b"rst"[..]));
        assert_eq!(out.answers(), 1);
        out.wrote(3);
        assert_eq!(rest(&mut out), ["answer"]);
        assert_eq!(out.answers(), 0);
    }
}
