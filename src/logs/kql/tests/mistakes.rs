//! Wrong queries: what is said, and where.

use super::world;
use crate::logs::kql::{Token, highlight, parse};

fn says(cases: &[(&str, &str)]) {
    let world = world();
    for (query, wanted) in cases {
        assert_eq!(world.error(query), *wanted, "{query}");
    }
}

#[test]
fn an_unknown_name_is_met_with_the_nearest_one() {
    says(&[
        (
            "Lgs | count",
            "Line 1, column 1: there is no table Lgs; did you mean Logs?",
        ),
        (
            "Logs | where Lvel == 'x'",
            "Line 1, column 14: there is no column Lvel; did you mean Level?",
        ),
        (
            "Logs\n| where strln(Level) > 1",
            "Line 2, column 9: there is no function strln; did you mean strlen?",
        ),
        (
            "Logs | wehre Level == 'x'",
            "Line 1, column 8: there is no operator wehre; did you mean where?",
        ),
        (
            "Logs | join kind=iner Hosts on Computer",
            "Line 1, column 18: there is no kind iner of join; did you mean inner?",
        ),
        (
            "Logs | count | render tmechart",
            "Line 1, column 23: there is no chart tmechart; did you mean timechart?",
        ),
        // Columns are counted in characters, not bytes.
        (
            "Logs | where Level == 'é' and Lvel == 'x'",
            "Line 1, column 31: there is no column Lvel; did you mean Level?",
        ),
    ]);
}

#[test]
fn a_wrong_type_is_named_beside_the_one_it_meets() {
    says(&[
        (
            "Logs | where Level > 5",
            "Line 1, column 14: the operator > is not defined for string and long; tostring(…) converts.",
        ),
        (
            "Logs | where TimeGenerated > '2024-05-01'",
            "Line 1, column 14: the operator > is not defined for datetime and string; write datetime(…), or todatetime(…) to convert.",
        ),
        (
            "Logs | where StatusCode",
            "Line 1, column 14: a condition is wanted here: bool, not int.",
        ),
        (
            "Logs | where StatusCode has '5'",
            "Line 1, column 14: the operator has is not defined for int and string; tostring(…) converts.",
        ),
        (
            "Logs | extend X = Level + 'a'",
            "Line 1, column 19: the operator + is not defined for string and string; strcat(…) joins strings.",
        ),
        (
            "Logs | extend X = startofday(Level)",
            "Line 1, column 30: startofday wants datetime as at, not string.",
        ),
        (
            "Logs | extend X = Message.a",
            "Line 1, column 19: only a dynamic value has members, not string; parse_json(…) makes one of a string.",
        ),
        (
            "Logs | summarize count() by D",
            "Line 1, column 29: summarize by cannot compare dynamic values; tostring(…) makes a string of one.",
        ),
        (
            "Logs | join Audit on StatusCode",
            "Line 1, column 22: the keys of a join have one type, but StatusCode is int and StatusCode is long.",
        ),
        (
            "Logs | where count() > 1",
            "Line 1, column 14: the aggregate count can stand in summarize only.",
        ),
        (
            "Logs | take 'a'",
            "Line 1, column 13: a number of rows is wanted here, not string.",
        ),
        (
            "Logs | project a = 1, a = 2",
            "Line 1, column 23: there is a column a already.",
        ),
        (
            "Logs | where Message matches regex '('",
            "Line 1, column 36: this is no regular expression.",
        ),
    ]);
}

#[test]
fn form_is_told_with_what_was_expected() {
    let world = world();
    for (query, column, expected) in [
        ("Logs | where", 13, "an expression"),
        ("Logs | where (Level == 'a'", 27, "`)`"),
        ("Logs | summarize count() by", 28, "an expression"),
        ("Logs | sort Level", 13, "`by`"),
        ("Logs | join Hosts", 18, "`on`"),
        ("Logs | top 5 Level", 14, "`by`"),
        ("Logs |", 7, "an operator"),
        ("let x 5; Logs", 7, "`=`"),
    ] {
        let errors = parse(query).unwrap_err();
        assert_eq!(errors[0].column, column, "{query}: {}", errors[0]);
        let all = errors[0].expected.join(" ");
        assert!(all.contains(expected), "{query}: {all}");
    }
    assert!(
        world
            .error("Logs | where Level == 'a")
            .contains("no closing '")
    );
    assert!(
        world
            .error("print datetime(yesterday)")
            .contains("this is no datetime")
    );
    assert!(
        world
            .error("print 5x")
            .contains("neither a number nor a timespan")
    );
}

#[test]
fn every_operator_is_told_its_own_mistake_at_once() {
    let errors =
        parse("Logs | wher x | extend = 1 | sort Level; let y = (1; Logs | project").unwrap_err();
    let columns: Vec<usize> = errors.iter().map(|e| e.column).collect();
    assert!(columns.len() >= 4, "{columns:?}");
    let world = world();
    let lines = world.error("Logs | where Nope1 == 1 and Nope2 == 2 | where StatusCode has 'x'");
    assert_eq!(lines.lines().count(), 3, "{lines}");
    // What an unknown column hides is not held against the rest.
    let lines = world.error("Logs | extend X = Nope | where X > 1");
    assert_eq!(lines.lines().count(), 1, "{lines}");
}

#[test]
fn a_caret_stands_under_the_mistake() {
    let query = "Logs\n| where Café == 'x'";
    let world = world();
    let parsed = parse(query).unwrap();
    let errors = super::bind(&parsed, &world, super::now()).unwrap_err();
    assert_eq!(errors[0].caret(query), "| where Café == 'x'\n        ^^^^");
}

#[test]
fn text_has_colours_while_it_is_wrong() {
    let text = "Logs | where Level has 'a' and TimeGenerated > ago(1d) // x";
    let classes: Vec<(&str, Token)> = highlight(text)
        .into_iter()
        .map(|(range, token)| (&text[range], token))
        .collect();
    for wanted in [
        ("Logs", Token::Name),
        ("where", Token::Keyword),
        ("has", Token::Operator),
        ("'a'", Token::String),
        ("ago", Token::Function),
        ("1d", Token::Time),
        ("// x", Token::Comment),
    ] {
        assert!(classes.contains(&wanted), "{wanted:?} in {classes:?}");
    }
    assert!(
        highlight("'open")
            .iter()
            .any(|(_, token)| *token == Token::Wrong)
    );
}
