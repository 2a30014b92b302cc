//! Answers worked out by hand from the six rows of `Logs`, the four of `Hosts` and the two of `Audit` in
//! [`super::world`]. A row is `a|b`, `~` is null; times are of 2024-05-01 unless a date stands there. Rows of
//! a query without an order are compared without one.

use super::world;

fn check(cases: &[(&str, &str, &[&str])]) {
    let world = world();
    for (query, columns, rows) in cases {
        let (names, mut got) = world.ask(query);
        let mut wanted: Vec<String> = rows.iter().map(|row| (*row).to_owned()).collect();
        if !["sort", "order", "top"]
            .iter()
            .any(|word| query.contains(word))
        {
            got.sort();
            wanted.sort();
        }
        assert_eq!(names, *columns, "{query}");
        assert_eq!(got, wanted, "{query}");
    }
}

/// One value, printed.
fn prints(cases: &[(&str, &str)]) {
    let world = world();
    for (expr, wanted) in cases {
        let (_, rows) = world.ask(&format!("print {expr}"));
        assert_eq!(rows, [*wanted], "{expr}");
        // The same with nothing known before the rows are read.
        let (_, rows) = world.ask(&format!("Hosts | take 1 | extend X = {expr} | project X"));
        assert_eq!(rows, [*wanted], "{expr}, for a row");
    }
}

/// Which of the six rows hold, by their minute: 00, 02, 06, 07, 60, 90 after ten.
fn holds(cases: &[(&str, &str)]) {
    let world = world();
    for (condition, wanted) in cases {
        for query in [
            format!("Logs | where {condition} | sort by TimeGenerated asc"),
            // The same as a value, where null and false differ from true only.
            format!("Logs | extend X = {condition} | where X | sort by TimeGenerated asc"),
        ] {
            let query = format!(
                "{query} | project N = datetime_diff('minute', TimeGenerated, datetime(2024-05-01 10:00))"
            );
            let (_, rows) = world.ask(&query);
            assert_eq!(rows.join(" "), *wanted, "{query}");
        }
    }
}

#[test]
fn conditions_hold_for_the_rows_they_should() {
    holds(&[
        ("true", "0 2 6 7 60 90"),
        ("Level == 'Error'", "0 7 90"),
        ("Level != 'Error'", "2 6 60"),
        ("Level <> 'Error'", "2 6 60"),
        // Case: == minds it, =~ does not.
        ("Level == 'Information'", "2"),
        ("Level =~ 'INFORMATION'", "2 60"),
        ("Level !~ 'information'", "0 6 7 90"),
        // A null is equal to nothing and different from everything.
        ("StatusCode == 200", "2 60"),
        ("StatusCode != 200", "0 6 7 90"),
        ("not(StatusCode == 200)", "0 6 7 90"),
        ("not(StatusCode != 200)", "2 60"),
        ("StatusCode > 404", "0 90"),
        ("StatusCode >= 404 and StatusCode < 503", "0 6"),
        ("StatusCode <= 200 or BytesSent == 500", "2 7 60"),
        ("404 < StatusCode", "0 90"),
        ("StatusCode == 200.0", "2 60"),
        ("StatusCode > 403.5", "0 6 90"),
        ("DurationMs > 100", "0 90"),
        ("isnull(StatusCode)", "7"),
        ("isnotnull(BytesSent)", "0 2 7 60 90"),
        ("isnull(UserId)", ""),
        ("isempty(UserId)", "7"),
        ("isnotempty(Message)", "0 2 6 7 90"),
        ("isempty(BytesSent)", "6"),
        ("Flag", "0 7 90"),
        ("not(Flag)", "2 60"),
        ("Flag == true", "0 7 90"),
        ("Flag == 1", "0 7 90"),
        ("Flag != true", "2 6 60"),
        // `has` finds whole terms, `contains` anything; neither minds case.
        ("Message has 'timeout'", "0 90"),
        ("Message contains 'timeout'", "0 7 90"),
        ("Message contains_cs 'timeout'", "7"),
        ("Message has_cs 'Timeout'", "0"),
        ("Message !has 'timeout'", "2 6 7 60"),
        ("Message !contains 'timeout'", "2 6 60"),
        ("Message has 'café'", "90"),
        ("Message has 'CAFÉ'", "90"),
        ("Message has 'caf'", ""),
        ("Message has 'disk'", "7"),
        ("Message has 'disk-cache'", "7"),
        ("Message has 'isk-cache'", ""),
        ("Message has '/api'", "6"),
        ("Message has 'v1/orders'", "6"),
        ("Message hasprefix 'time'", "0 7 90"),
        ("Message hassuffix 'error'", "7"),
        ("Message !hasprefix 'time'", "2 6 60"),
        ("Message hassuffix_cs 'TIMEOUT'", "90"),
        ("Message startswith 'request'", "0 2"),
        ("Message startswith_cs 'request'", "2"),
        ("Message !startswith 'request'", "6 7 60 90"),
        ("Message endswith 'CAFÉ'", "90"),
        ("Message endswith_cs 'orders'", "6"),
        ("Message !endswith_cs 'orders'", "0 2 7 60 90"),
        ("Message has_any ('finished', 'orders')", "2 6"),
        ("Message has_any (dynamic(['finished', 'orders']))", "2 6"),
        ("Message has_all ('request', 'timeout')", "0"),
        ("Message matches regex @'^[Rr]equest\\s'", "0 2"),
        ("Message matches regex 'v[0-9]/'", "6"),
        ("Level in ('Error', 'Warning')", "0 6 7 90"),
        ("Level in ('error')", ""),
        ("Level in~ ('error', 'WARNING')", "0 6 7 90"),
        ("Level !in ('Error', 'Warning')", "2 60"),
        ("Level !in~ ('error', 'information')", "6"),
        ("StatusCode in (200, 404)", "2 6 60"),
        ("StatusCode !in (200, 404)", "0 7 90"),
        ("StatusCode in (dynamic([500, 503]))", "0 90"),
        (
            "Computer in ((Hosts | where Region == 'us' | project Computer))",
            "0 2",
        ),
        ("Computer !in ((Hosts | project Computer))", "7 60"),
        ("StatusCode between (200 .. 404)", "2 6 60"),
        ("StatusCode !between (200 .. 404)", "0 90"),
        (
            "TimeGenerated between (datetime(2024-05-01 10:06) .. datetime(2024-05-01 11:00))",
            "6 7 60",
        ),
        (
            "TimeGenerated between (datetime(2024-05-01 10:06) .. 54m)",
            "6 7 60",
        ),
        ("TimeGenerated > ago(1h)", "90"),
        ("TimeGenerated >= ago(1h)", "60 90"),
        ("now() - TimeGenerated < 45m", "90"),
        ("TimeGenerated < datetime(2024-05-01T10:02:00Z)", "0"),
        ("Ts > 45m", "0 7"),
        ("Ts == 0s", "60"),
        // Members of dynamic values, compared with what the other side is.
        ("D.a.b == 1", "0"),
        ("D.a.b > 1", "2 7"),
        ("D['name'] == 'beta'", "2"),
        ("D.tags[0] == 'y'", "2"),
        ("D.tags[-1] == 'y'", "0 2"),
        ("D.name has 'ALPHA'", "0"),
        ("D.name in ('alpha', 'beta')", "0 2"),
        ("isnull(D.a)", "6 60 90"),
        ("isnotempty(D.name)", "0 2"),
        ("array_length(D.tags) == 0", "7"),
        ("set_has_element(D.tags, 'x')", "0"),
        ("tostring(D.n) == '1.5'", "60"),
        ("tolong(D.a.b) == 3", "7"),
        (
            "Level == 'Error' and (Flag or StatusCode == 1) and not(Computer == 'db-1')",
            "0 90",
        ),
        ("strlen(Message) > 30", "0"),
        (
            "Message has 'Timeout' or Message has 'orders' and Level == 'nothing'",
            "0 90",
        ),
    ]);
}

#[test]
fn scalars_have_the_values_of_the_language() {
    prints(&[
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 / 2", "3"),
        ("-7 / 2", "-3"),
        ("7 / 2.0", "3.5"),
        ("7 / 0", "~"),
        ("7 % 3", "1"),
        ("-7 % 3", "2"),
        ("7.5 % 2", "1.5"),
        ("2 - 3 - 4", "-5"),
        ("1h + 30m", "01:30:00"),
        ("1d - 1s", "23:59:59"),
        ("2 * 1h", "02:00:00"),
        ("1h / 2", "00:30:00"),
        ("1h / 30m", "2"),
        ("-1h", "-01:00:00"),
        ("1.5h", "01:30:00"),
        ("time(1.02:03:04)", "1.02:03:04"),
        ("100ms", "00:00:00.1000000"),
        ("datetime(2024-05-01) + 1d", "2024-05-02T00:00:00"),
        ("datetime(2024-05-02) - datetime(2024-05-01)", "1.00:00:00"),
        ("now()", "12:00:00"),
        ("now(-1h)", "11:00:00"),
        ("ago(90m)", "10:30:00"),
        ("bin(7, 5)", "5"),
        ("bin(-7, 5)", "-10"),
        ("bin(7.5, 2)", "6"),
        ("floor(7.9, 1)", "7"),
        ("bin(70m, 1h)", "01:00:00"),
        ("bin(datetime(2024-05-01 10:07:30), 5m)", "10:05:00"),
        // Weeks of bin start on a Monday, as 0001-01-01 was one; 2024-04-29 was another.
        (
            "bin(datetime(2024-05-01 10:07:30), 7d)",
            "2024-04-29T00:00:00",
        ),
        (
            "bin_at(datetime(2024-05-01 10:07:30), 1h, datetime(2024-05-01 00:30))",
            "09:30:00",
        ),
        ("tostring(1)", "1"),
        ("tostring(1.5)", "1.5"),
        ("tostring(true)", "true"),
        (
            "tostring(datetime(2024-05-01))",
            "2024-05-01T00:00:00.0000000Z",
        ),
        ("tostring(1d)", "1.00:00:00"),
        ("tostring(dynamic({'a': 1}))", "{\"a\":1}"),
        ("tostring(long(null))", ""),
        ("tolong('12')", "12"),
        ("tolong('0x1F')", "31"),
        ("tolong('x')", "~"),
        ("tolong(3.9)", "3"),
        ("toint('12') + 1", "13"),
        ("todouble('1.5')", "1.5"),
        ("toreal(2)", "2"),
        ("tobool('true')", "true"),
        ("tobool(0)", "false"),
        ("todatetime('2024-05-01 10:00')", "10:00:00"),
        ("todatetime('2024-05-01T10:00:00+02:00')", "08:00:00"),
        ("todatetime('yesterday')", "~"),
        ("totimespan('01:30:00')", "01:30:00"),
        ("tolower('ÀB')", "àb"),
        ("toupper('ab')", "AB"),
        ("strlen('Café')", "4"),
        ("strcat('a', 1, true, 'b')", "a1trueb"),
        ("strcat_delim('-', 'a', 1, 'b')", "a-1-b"),
        ("substring('abcdef', 2)", "cdef"),
        ("substring('abcdef', 1, 3)", "bcd"),
        ("substring('abcdef', -2)", "ef"),
        ("substring('Café!', 3, 1)", "é"),
        ("split('a,b,c', ',')", "[\"a\",\"b\",\"c\"]"),
        ("split('a,b,c', ',', 1)", "[\"b\"]"),
        ("split('a,b,c', ',')[2]", "\"c\""),
        ("tostring(split('a,b,c', ',')[2])", "c"),
        ("replace_string('a.b.c', '.', '-')", "a-b-c"),
        ("replace_regex('a1b22', '[0-9]+', '#')", "a#b#"),
        ("trim('-', '--a-b--')", "a-b"),
        ("trim_start(@'\\s', '  a ')", "a "),
        ("trim_end('x', 'axx')", "a"),
        ("indexof('abcabc', 'c')", "2"),
        ("indexof('abcabc', 'c', 3)", "5"),
        ("indexof('abc', 'z')", "-1"),
        ("countof('aaa', 'aa')", "2"),
        ("reverse('abc')", "cba"),
        ("extract('([a-z]+)-([0-9]+)', 2, 'web-17')", "17"),
        ("extract('([a-z]+)-([0-9]+)', 0, 'web-17')", "web-17"),
        ("extract('x', 0, 'web')", ""),
        ("isempty('')", "true"),
        ("isempty(long(null))", "true"),
        ("isnotempty('a')", "true"),
        ("isnull('')", "false"),
        ("iff(1 > 2, 'a', 'b')", "b"),
        ("iif(true, 1, 2.5)", "1"),
        ("iff(bool(null), 1, 2)", "2"),
        ("case(1 > 2, 'a', 2 > 1, 'b', 'c')", "b"),
        ("case(false, 'a', 'c')", "c"),
        ("coalesce('', 'a')", "a"),
        ("coalesce(long(null), 5)", "5"),
        ("not(true)", "false"),
        ("startofday(datetime(2024-05-01 10:07))", "00:00:00"),
        (
            "startofday(datetime(2024-05-01 10:07), -1)",
            "2024-04-30T00:00:00",
        ),
        // 2024-05-01 was a Wednesday.
        (
            "startofweek(datetime(2024-05-01 10:07))",
            "2024-04-28T00:00:00",
        ),
        ("startofmonth(datetime(2024-05-17))", "00:00:00"),
        ("startofyear(datetime(2024-05-17))", "2024-01-01T00:00:00"),
        ("endofday(datetime(2024-05-01 10:07))", "23:59:59.9999990Z"),
        (
            "endofmonth(datetime(2024-02-10))",
            "2024-02-29T23:59:59.9999990Z",
        ),
        ("dayofweek(datetime(2024-05-01))", "3.00:00:00"),
        ("dayofmonth(datetime(2024-05-17))", "17"),
        ("dayofyear(datetime(2024-02-01))", "32"),
        ("hourofday(datetime(2024-05-01 10:07))", "10"),
        ("monthofyear(datetime(2024-05-01))", "5"),
        ("getyear(datetime(2024-05-01))", "2024"),
        ("week_of_year(datetime(2024-05-01))", "18"),
        // Microsoft's own examples.
        (
            "datetime_diff('year', datetime(2017-01-01), datetime(2000-12-31))",
            "17",
        ),
        (
            "datetime_diff('quarter', datetime(2017-07-01), datetime(2017-03-30))",
            "2",
        ),
        (
            "datetime_diff('month', datetime(2017-01-01), datetime(2015-12-30))",
            "13",
        ),
        (
            "datetime_diff('week', datetime(2017-10-29 00:00), datetime(2017-09-30 23:59))",
            "5",
        ),
        (
            "datetime_diff('day', datetime(2017-10-29 00:00), datetime(2017-09-30 23:59))",
            "29",
        ),
        (
            "datetime_diff('hour', datetime(2017-10-31 01:00), datetime(2017-10-30 23:59))",
            "2",
        ),
        (
            "datetime_add('month', 1, datetime(2024-01-31))",
            "2024-02-29T00:00:00",
        ),
        (
            "datetime_add('year', -1, datetime(2024-02-29))",
            "2023-02-28T00:00:00",
        ),
        (
            "datetime_add('hour', 2, datetime(2024-05-01 10:00))",
            "12:00:00",
        ),
        ("datetime_part('quarter', datetime(2024-05-01))", "2"),
        (
            "format_datetime(datetime(2024-05-01 15:04:05), 'yyyy-MM-dd HH:mm:ss')",
            "2024-05-01 15:04:05",
        ),
        (
            "format_datetime(datetime(2024-05-01 15:04:05.12), 'd/M/yy h:m tt.fff')",
            "1/5/24 3:4 PM.120",
        ),
        ("format_timespan(1.5h, 'hh:mm')", "01:30"),
        ("make_datetime(2024, 5, 1, 10, 30)", "10:30:00"),
        ("unixtime_seconds_todatetime(1714557600)", "10:00:00"),
        ("parse_json('{\"a\":[1,2]}').a[1]", "2"),
        ("todynamic('plain')", "\"plain\""),
        ("dynamic({'a': {'b': 'c'}}).a.b", "\"c\""),
        ("bag_keys(dynamic({'a': 1, 'b': 2}))", "[\"a\",\"b\"]"),
        ("array_length(dynamic([1, 2, 3]))", "3"),
        ("pack_array(1, 'a', true)", "[1,\"a\",true]"),
        ("bag_pack('a', 1, 'b', 'x')", "{\"a\":1,\"b\":\"x\"}"),
        ("strcat_array(dynamic(['a', 'b']), '+')", "a+b"),
        ("array_concat(dynamic([1]), dynamic([2]))", "[1,2]"),
        ("array_slice(dynamic([1, 2, 3, 4]), 1, 2)", "[2,3]"),
        ("array_index_of(dynamic(['a', 'b']), 'b')", "1"),
        ("array_sort_desc(dynamic([1, 3, 2]))", "[3,2,1]"),
        ("round(2.567, 2)", "2.57"),
        ("round(2.5)", "3"),
        ("abs(-3)", "3"),
        ("abs(-2.5)", "2.5"),
        ("sqrt(9)", "3"),
        ("log(1)", "0"),
        ("log10(1000)", "3"),
        ("exp(0)", "1"),
        ("pow(2, 10)", "1024"),
        ("ceiling(1.2)", "2"),
        ("sign(-4)", "-1"),
        ("max_of(1, 5, 3)", "5"),
        ("min_of(1, 0.5)", "0.5"),
        ("isnan(real(nan))", "true"),
        (
            "hash_sha256('abc')",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        ("base64_encode_tostring('Kusto')", "S3VzdG8="),
        ("base64_decode_tostring('S3VzdG8=')", "Kusto"),
        ("gettype(1d)", "timespan"),
        ("'a' < 'b'", "true"),
        ("'abc' has 'ABC'", "true"),
        ("long(null) == 5", "false"),
        ("long(null) != 5", "true"),
        ("long(null) == long(null)", "~"),
    ]);
}

#[test]
fn literals_read_in_all_their_forms() {
    prints(&[
        (r#""a\"b\n\u00e9""#, "a\"b\n\u{e9}"),
        (r"@'c:\temp\n'", r"c:\temp\n"),
        (r"@'it''s'", "it's"),
        (r"h'secret'", "secret"),
        ("```two\nlines```", "two\nlines"),
        ("0x10", "16"),
        ("1e3", "1000"),
        ("1.5e-1", "0.15"),
        ("int(5)", "5"),
        ("long(-5)", "-5"),
        ("real(1.5)", "1.5"),
        ("decimal(1.5)", "1.5"),
        ("bool(false)", "false"),
        ("int(null)", "~"),
        ("datetime(null)", "~"),
        ("dynamic(null)", "~"),
        ("datetime(2024)", "2024-01-01T00:00:00"),
        ("datetime(2024-05)", "00:00:00"),
        (
            "datetime(2024-05-01T10:00:00.1234567Z)",
            "10:00:00.1234560Z",
        ),
        ("datetime('2024-05-01 10:00')", "10:00:00"),
        ("1tick", "00:00:00"),
        ("10ticks", "00:00:00.0000010"),
        ("2days", "2.00:00:00"),
        (
            "guid(74BE27DE-1e4e-49d9-b579-fe0b331d3642)",
            "74be27de-1e4e-49d9-b579-fe0b331d3642",
        ),
        (
            "dynamic([1, 'two', {\"three\": null}])",
            "[1,\"two\",{\"three\":null}]",
        ),
        ("1 // one\n", "1"),
    ]);
}

#[test]
fn operators_make_the_tables_they_should() {
    check(&[
        ("Logs | count", "Count:long", &["6"]),
        (
            "Logs | where Level == 'Error' | count as N",
            "N:long",
            &["3"],
        ),
        (
            "Hosts | take 0",
            "Computer:string Region:string Role:string",
            &[],
        ),
        ("Logs | take 2 | count", "Count:long", &["2"]),
        ("Logs | limit 10 | count", "Count:long", &["6"]),
        (
            "Hosts | project Role, R = Region, strcat(Role, '!'), strlen(Role) | where R == 'us'",
            "Role:string R:string Column1:string strlen_Role:long",
            &["spare|us|spare!|5", "gw|us|gw!|2"],
        ),
        (
            "Logs | where TimeGenerated > ago(31m) | project D.a, D['n'], D.tags[0]",
            "D_a:dynamic D_n:dynamic D_tags_0:dynamic",
            &["~|~|~"],
        ),
        (
            "Hosts | extend Role = toupper(Role), N = strlen(Role) | where N == 3",
            "Computer:string Region:string Role:string N:long",
            &["web-1|eu|WEB|3", "web-2|eu|WEB|3"],
        ),
        (
            "Hosts | project-away R* | take 1",
            "Computer:string",
            &["web-1"],
        ),
        (
            "Hosts | project-keep Ro*, Computer | where Role == 'gw'",
            "Computer:string Role:string",
            &["gw-1|gw"],
        ),
        (
            "Hosts | project-rename Zone = Region | where Zone == 'us' and Role == 'gw'",
            "Computer:string Zone:string Role:string",
            &["gw-1|us|gw"],
        ),
        (
            "Hosts | project-reorder Role, R* | where Role == 'gw'",
            "Role:string Region:string Computer:string",
            &["gw|us|gw-1"],
        ),
        ("Hosts | distinct Region", "Region:string", &["eu", "us"]),
        (
            "Hosts | distinct Region, Role | where Region == 'eu'",
            "Region:string Role:string",
            &["eu|web"],
        ),
        ("Hosts | distinct * | count", "Count:long", &["4"]),
        (
            "Logs | distinct tolower(Level)",
            "Column1:string",
            &["error", "information", "warning"],
        ),
        // Descending with nulls last, unless said otherwise.
        (
            "Logs | sort by StatusCode | project StatusCode",
            "StatusCode:int",
            &["503", "500", "404", "200", "200", "~"],
        ),
        (
            "Logs | order by StatusCode asc | project StatusCode",
            "StatusCode:int",
            &["~", "200", "200", "404", "500", "503"],
        ),
        (
            "Logs | sort by StatusCode asc nulls last, TimeGenerated desc | project StatusCode, DurationMs",
            "StatusCode:int DurationMs:real",
            &[
                "200|5.25",
                "200|10",
                "404|33.5",
                "500|120.5",
                "503|250",
                "~|~",
            ],
        ),
        (
            "Logs | sort by StatusCode nulls first | take 1 | project Computer",
            "Computer:string",
            &["db-1"],
        ),
        (
            "Logs | top 2 by DurationMs | project DurationMs",
            "DurationMs:real",
            &["250", "120.5"],
        ),
        (
            "Logs | top 2 by DurationMs asc nulls last | project DurationMs",
            "DurationMs:real",
            &["5.25", "10"],
        ),
        (
            "Logs | summarize count() by bin(TimeGenerated, 5m) | sort by TimeGenerated asc",
            "TimeGenerated:datetime count_:long",
            &["10:00:00|2", "10:05:00|2", "11:00:00|1", "11:30:00|1"],
        ),
        (
            "Logs | summarize n = count(), sum(BytesSent), avg(StatusCode), min(DurationMs), max(DurationMs) by Computer",
            "Computer:string n:long sum_BytesSent:long avg_StatusCode:real min_DurationMs:real max_DurationMs:real",
            &[
                "web-1|2|3000|350|10|120.5",
                "web-2|2|3000|453.5|33.5|250",
                "db-1|2|500|200|5.25|5.25",
            ],
        ),
        (
            "Logs | summarize countif(Level == 'Error'), dcount(UserId), dcountif(UserId, Flag), count_distinct(Computer)",
            "countif_:long dcount_UserId:long dcountif_UserId:long count_distinct_Computer:long",
            // Of users the empty one counts too.
            &["3|4|3|3"],
        ),
        (
            "Logs | summarize sumif(BytesSent, Level == 'Error'), avgif(DurationMs, Flag), minif(StatusCode, Flag), maxif(StatusCode, not(Flag))",
            "sumif_BytesSent:long avgif_DurationMs:real minif_StatusCode:int maxif_StatusCode:int",
            &["4500|185.25|500|200"],
        ),
        (
            "Logs | where false | summarize count(), sum(BytesSent), avg(BytesSent), max(StatusCode), max(Level), make_list(Level), dcount(Level)",
            "count_:long sum_BytesSent:long avg_BytesSent:real max_StatusCode:int max_Level:string list_Level:dynamic dcount_Level:long",
            &["0|0|NaN|~||[]|0"],
        ),
        (
            "Logs | where false | summarize count() by Level",
            "Level:string count_:long",
            &[],
        ),
        (
            "Logs | summarize by Computer",
            "Computer:string",
            &["db-1", "web-1", "web-2"],
        ),
        (
            "Logs | summarize count() * 2, r = round(1.0 * countif(Flag) / count(), 2) by L = tolower(Level)",
            "L:string Column1:long r:real",
            &["error|6|1", "information|4|0", "warning|2|0"],
        ),
        (
            "Logs | summarize arg_max(TimeGenerated, Level, StatusCode) by Computer",
            "Computer:string TimeGenerated:datetime Level:string StatusCode:int",
            &[
                "web-1|10:02:00|Information|200",
                "web-2|11:30:00|Error|503",
                "db-1|11:00:00|information|200",
            ],
        ),
        (
            "Logs | project Computer, DurationMs, StatusCode | summarize arg_min(DurationMs, *) by Computer",
            "Computer:string DurationMs:real StatusCode:int",
            &["web-1|10|200", "web-2|33.5|404", "db-1|5.25|200"],
        ),
        (
            "Logs | summarize (When, What) = arg_max(DurationMs, Message)",
            "When:real What:string",
            &["250|TIMEOUT: upstream Café"],
        ),
        (
            "Hosts | summarize make_set(Region), make_list(Role) by Computer | sort by Computer asc",
            "Computer:string set_Region:dynamic list_Role:dynamic",
            &[
                "gw-1|[\"us\"]|[\"gw\"]",
                "web-1|[\"eu\",\"us\"]|[\"web\",\"spare\"]",
                "web-2|[\"eu\"]|[\"web\"]",
            ],
        ),
        (
            "Logs | summarize make_set(StatusCode)",
            "set_StatusCode:dynamic",
            &["[200,404,500,503]"],
        ),
        (
            "Logs | summarize make_list(BytesSent, 2)",
            "list_BytesSent:dynamic",
            &["[1000,2000]"],
        ),
        (
            "Hosts | where Role == 'gw' | summarize take_any(Region), any(Role)",
            "Region:string any_Role:string",
            &["us|gw"],
        ),
        (
            "range x from 1 to 5 step 1 | summarize stdev(x), variance(x), percentile(x, 50), sum(x)",
            "stdev_x:real variance_x:real percentile_x_50:long sum_x:long",
            &["1.5811388300841898|2.5|3|15"],
        ),
        (
            "range x from 1 to 101 step 1 | summarize percentiles(x, 0, 50, 100)",
            "percentile_x_0:long percentile_x_50:long percentile_x_100:long",
            &["1|51|101"],
        ),
        (
            "Logs | summarize sum(Ts), avg(Ts), max(TimeGenerated), min(Ts)",
            "sum_Ts:timespan avg_Ts:timespan max_TimeGenerated:datetime min_Ts:timespan",
            // 1h + 30m + 2d + 0 - 1h, over five.
            &["2.00:30:00|09:42:00|11:30:00|-01:00:00"],
        ),
        (
            "Logs | summarize count() by startofday(TimeGenerated), hourofday(TimeGenerated)",
            "TimeGenerated:datetime Column1:int count_:long",
            &["00:00:00|10|4", "00:00:00|11|2"],
        ),
        (
            "print 1, a = 'x', now()",
            "print_0:long a:string print_2:datetime",
            &["1|x|12:00:00"],
        ),
        ("range x from 10 to 1 step -4", "x:long", &["10", "6", "2"]),
        (
            "range t from ago(2h) to now() step 1h",
            "t:datetime",
            &["10:00:00", "11:00:00", "12:00:00"],
        ),
        (
            "range r from 0.0 to 1.0 step 0.5",
            "r:real",
            &["0", "0.5", "1"],
        ),
        (
            "datatable(x: long, y: string, t: datetime) [1, 'a', datetime(2024-05-01), 2, 'b', datetime(null)]",
            "x:long y:string t:datetime",
            &["1|a|00:00:00", "2|b|~"],
        ),
        ("datatable(x: long) []", "x:long", &[]),
        (
            "Audit | getschema | project ColumnName, ColumnType",
            "ColumnName:string ColumnType:string",
            &["TimeGenerated|datetime", "Actor|string", "StatusCode|long"],
        ),
        ("Hosts | as H | serialize | count", "Count:long", &["4"]),
        (
            "Logs | mv-expand T = D.tags to typeof(string) | where isnotempty(T) | project Computer, T",
            "Computer:string T:string",
            &["web-1|x", "web-1|y", "web-1|y"],
        ),
        // A value that is missing leaves its row, an empty array or bag none.
        ("Logs | mv-expand T = D.tags | count", "Count:long", &["6"]),
        (
            "print D = dynamic([]) | mv-expand D | count",
            "Count:long",
            &["0"],
        ),
        (
            "print D = dynamic({}) | mv-expand D | count",
            "Count:long",
            &["0"],
        ),
        (
            "print D = dynamic(null) | mv-expand D | count",
            "Count:long",
            &["1"],
        ),
        (
            "print A = dynamic([]), B = dynamic([1, 2]) | mv-expand A, B",
            "A:dynamic B:dynamic",
            &["~|1", "~|2"],
        ),
        (
            "print D = dynamic([3, 4]) | mv-expand D",
            "D:dynamic",
            &["3", "4"],
        ),
    ]);
}

#[test]
fn joins_pair_the_rows_they_should() {
    check(&[
        // The default takes each key of the left once: one of web-1's two hosts, and web-2.
        (
            "Hosts | join Logs on Computer | count",
            "Count:long",
            &["4"],
        ),
        (
            "Hosts | join kind=innerunique (Logs) on Computer | count",
            "Count:long",
            &["4"],
        ),
        (
            "Hosts | join kind=inner Logs on Computer | count",
            "Count:long",
            &["6"],
        ),
        (
            "Hosts | where Region == 'eu' | join kind=inner (Hosts | where Region == 'us') on Computer",
            "Computer:string Region:string Role:string Computer1:string Region1:string Role1:string",
            &["web-1|eu|web|web-1|us|spare"],
        ),
        (
            "Logs | join kind=leftouter (Hosts | where Region == 'eu') on Computer | project Computer, Region, Computer1 | distinct *",
            "Computer:string Region:string Computer1:string",
            &["web-1|eu|web-1", "web-2|eu|web-2", "db-1||"],
        ),
        (
            "Hosts | where Region == 'us' | join kind=rightouter (Logs | project Computer, StatusCode) on Computer | project Role, Computer1, StatusCode",
            "Role:string Computer1:string StatusCode:int",
            &[
                "spare|web-1|500",
                "spare|web-1|200",
                "|web-2|404",
                "|web-2|503",
                "|db-1|~",
                "|db-1|200",
            ],
        ),
        (
            "Hosts | distinct Computer | join kind=fullouter (Logs | distinct Computer) on Computer",
            "Computer:string Computer1:string",
            &["web-1|web-1", "web-2|web-2", "gw-1|", "|db-1"],
        ),
        (
            "Hosts | join kind=leftanti Logs on Computer | project Computer",
            "Computer:string",
            &["gw-1"],
        ),
        (
            "Hosts | join kind=anti Logs on Computer | project Computer",
            "Computer:string",
            &["gw-1"],
        ),
        (
            "Hosts | join kind=leftsemi Logs on Computer | project Role",
            "Role:string",
            &["web", "spare", "web"],
        ),
        (
            "Logs | where Flag | join kind=rightsemi Hosts on Computer",
            "Computer:string Region:string Role:string",
            &["web-1|eu|web", "web-1|us|spare", "web-2|eu|web"],
        ),
        (
            "Hosts | join kind=rightanti Logs on Computer | distinct Computer",
            "Computer:string",
            &["db-1"],
        ),
        (
            "Hosts | join kind=inner (Logs | project Machine = Computer, StatusCode) on $left.Computer == $right.Machine | where StatusCode == 404",
            "Computer:string Region:string Role:string Machine:string StatusCode:int",
            &["web-2|eu|web|web-2|404"],
        ),
        (
            "Hosts | join kind=inner (Hosts | project Computer, Region) on Computer, Region | count",
            "Count:long",
            &["4"],
        ),
        (
            "Logs | where StatusCode == 404 | project Computer | lookup Hosts on Computer",
            "Computer:string Region:string Role:string",
            &["web-2|eu|web"],
        ),
        // A null matches nothing, not even a null.
        (
            "Logs | where Computer == 'db-1' | project StatusCode | join kind=inner (Logs | project StatusCode) on StatusCode | count",
            "Count:long",
            &["2"],
        ),
    ]);
}

#[test]
fn unions_put_tables_one_after_the_other() {
    check(&[
        ("union Hosts, Hosts | count", "Count:long", &["8"]),
        (
            "Hosts | union (Hosts | take 1) | count",
            "Count:long",
            &["5"],
        ),
        (
            "union withsource = T Audit, (Hosts | where Role == 'gw') | project T, Actor, Role",
            "T:string Actor:string Role:string",
            &["Audit|ann|", "Audit|bob|", "union_arg1||gw"],
        ),
        (
            "union withsource = T Audit, (Hosts | where Role == 'gw' | as Gates) | distinct T",
            "T:string",
            &["Audit", "Gates"],
        ),
        // Columns of one name and two types are two columns.
        (
            "union (Logs | where StatusCode == 404 | project StatusCode), (Audit | project StatusCode)",
            "StatusCode_int:int StatusCode_long:long",
            &["404|~", "~|1", "~|2"],
        ),
        (
            "union kind=inner (Logs | take 1), Audit",
            "TimeGenerated:datetime",
            &["10:00:00", "09:00:00", "11:59:00"],
        ),
        (
            "union isfuzzy=true Nothing, Audit | count",
            "Count:long",
            &["2"],
        ),
        ("union Aud*, Ho* | count", "Count:long", &["6"]),
    ]);
}

#[test]
fn let_names_scalars_tables_and_functions() {
    check(&[
        (
            "let n = 404; Logs | where StatusCode == n | count",
            "Count:long",
            &["1"],
        ),
        (
            "let span = 1h; let start = ago(span); Logs | where TimeGenerated >= start | count",
            "Count:long",
            &["2"],
        ),
        (
            "let E = Logs | where Level == 'Error'; E | count",
            "Count:long",
            &["3"],
        ),
        (
            "let E = Logs | where Level == 'Error'; E | union E | count",
            "Count:long",
            &["6"],
        ),
        ("let L = Logs; L | count", "Count:long", &["6"]),
        (
            "let bad = dynamic(['Error', 'Warning']); Logs | where Level in (bad) | count",
            "Count:long",
            &["4"],
        ),
        (
            "let bad = Logs | where Flag | distinct Computer; Hosts | where Computer in (bad) | count",
            "Count:long",
            &["3"],
        ),
        (
            "let twice = (x: long) { x * 2 }; print twice(21)",
            "print_0:long",
            &["42"],
        ),
        (
            "let twice = (x: long) { x * 2 }; Audit | extend Y = twice(twice(StatusCode)) | project Y",
            "Y:long",
            &["4", "8"],
        ),
        (
            "let by_level = (level: string) { Logs | where Level == level }; by_level('Error') | count",
            "Count:long",
            &["3"],
        ),
        (
            "let first_of = (T: (*), n: long = 2) { T | take n }; first_of(Logs) | count",
            "Count:long",
            &["2"],
        ),
        (
            "let f = () { let a = 1; a + 1 }; print f()",
            "print_0:long",
            &["2"],
        ),
        (
            "let m = toscalar(Logs | summarize max(TimeGenerated)); Logs | where TimeGenerated >= m - 30m | count",
            "Count:long",
            &["2"],
        ),
        (
            "let m = toscalar(Logs | where false | project Level); print strcat('<', m, '>')",
            "print_0:string",
            &["<>"],
        ),
        (
            "let T = materialize(Hosts | where Region == 'eu'); T | count",
            "Count:long",
            &["2"],
        ),
        (
            "Logs | where Computer == toscalar(Hosts | where Role == 'spare' | project Computer) | count",
            "Count:long",
            &["2"],
        ),
        (
            "Hosts | extend X = column_ifexists('Nope', 'none'), Y = column_ifexists('Role', '') | where Y == 'gw' | project X",
            "X:string",
            &["none"],
        ),
    ]);
}
