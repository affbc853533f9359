//! A rule's manual page at a terminal.

use super::Page;
use crate::frontends::style::Style;

/// A rule's manual page: its headings stand out, its paragraphs fit.
#[must_use]
pub fn page(code: &str, name: &str, markdown: &str, style: &Style) -> String {
    let mut page = Page {
        style: *style,
        out: String::new(),
    };
    for paragraph in markdown.split("\n\n") {
        if !page.out.is_empty() {
            page.blank();
        }
        if let Some(title) = paragraph.strip_prefix("# ") {
            let title = style.strong(title.trim());
            page.line(&format!("{code} {name}: {title}"));
        } else if let Some(heading) = paragraph.strip_prefix("## ") {
            let heading = style.strong(heading.trim());
            page.line(&heading);
        } else if paragraph.starts_with("    ") || paragraph.starts_with("- ") {
            for line in paragraph.lines() {
                page.line(&format!("  {line}"));
            }
        } else {
            page.paragraph("  ", paragraph, |_, line| line.to_owned());
        }
    }
    page.out
}
