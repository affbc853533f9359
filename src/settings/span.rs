//! Durations, as people write them.

use std::time::Duration;

const UNITS: [(&str, f64); 3] = [("ms", 0.001), ("s", 1.0), ("m", 60.0)];
const LONGEST: Duration = Duration::from_secs(3600);

/// Reads `300ms`, `1.5s` or `2m`: more than nothing, and an hour at most.
///
/// # Errors
///
/// What is wrong with it.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start();
    if number.is_empty() {
        return Err("a duration starts with a number".to_owned());
    }
    if unit.is_empty() {
        return Err("a duration needs a unit".to_owned());
    }
    let Some((_, seconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err("a duration's unit is ms, s or m".to_owned());
    };
    let span = number
        .parse::<f64>()
        .ok()
        .and_then(|number| Duration::try_from_secs_f64(number * seconds).ok())
        .ok_or_else(|| "this is no number".to_owned())?;
    if span < Duration::from_millis(1) {
        return Err("a duration is at least 1ms".to_owned());
    }
    if span > LONGEST {
        return Err("a duration is at most 60m".to_owned());
    }
    Ok(span)
}

/// A duration as [`parse_duration`] reads it.
#[must_use]
pub fn show_duration(span: Duration) -> String {
    let ms = span.as_millis();
    if ms < 1000 {
        format!("{ms}ms")
    } else {
        format!("{}s", span.as_secs_f64())
    }
}
