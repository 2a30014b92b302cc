use super::*;

fn load(name: &str, depth: Depth) -> Theme {
    Theme::load(Some(name), None, depth, glyphs::UNICODE).unwrap()
}

const DEPTHS: [Depth; 4] = [Depth::True, Depth::Ansi256, Depth::Ansi16, Depth::None];

fn ids() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(id, _)| *id)
}

/// Those whose colours are the same on every terminal.
fn painted() -> Vec<Theme> {
    let all: Vec<Theme> = ids()
        .map(|id| load(id, Depth::True))
        .filter(|theme| {
            theme
                .style(Token::Base)
                .bg
                .and_then(colour::exact)
                .is_some()
        })
        .collect();
    assert!(all.len() >= 9);
    all
}

fn folded(style: Style) -> bool {
    style.add_modifier.contains(Modifier::REVERSED)
}

#[test]
fn eleven_themes_ship_each_with_its_name_ground_and_origin() {
    let listed = shipped();
    assert!(listed.len() >= 11);
    for (theme, (id, text)) in listed.iter().zip(SHIPPED) {
        assert_eq!(theme.id, *id);
        assert_ne!(theme.name, *id);
        for line in [
            format!("id      = \"{id}\""),
            format!("mode    = \"{}\"", theme.mode.word()),
        ] {
            assert!(text.contains(&line), "{id}: {line}");
        }
        for key in ["author", "license", "notes"] {
            assert!(text.contains(&format!("\n{key} ")), "{id}: {key}");
        }
        let ours = text.contains("\"lockbox\"");
        assert!(ours || text.contains("\nsource "), "{id}");
    }
    let of = |mode| listed.iter().filter(|l| l.mode == mode).count();
    assert_eq!((of(Mode::Light), of(Mode::Any)), (2, 2));
}

#[test]
fn every_shipped_theme_loads_at_every_depth_and_gives_every_token_a_style() {
    for id in ids() {
        for depth in DEPTHS {
            let theme = load(id, depth);
            for (token, style) in Token::ALL.iter().zip(&theme.styles) {
                assert_ne!(*style, Style::new(), "{id} {depth:?} {token:?}");
            }
        }
    }
}

#[test]
fn the_selected_row_differs_from_the_ground_at_every_depth() {
    for id in ids() {
        for depth in DEPTHS {
            let theme = load(id, depth);
            let (row, base) = (theme.style(Token::SelectedRow), theme.style(Token::Base));
            assert!(folded(row) || row.bg != base.bg, "{id} {depth:?}: {row:?}");
            let field = theme.style(Token::Field);
            let underlined = field.add_modifier.contains(Modifier::UNDERLINED);
            let below = theme.style(Token::Overlay).bg;
            assert!(underlined || field.bg != below, "{id} {depth:?}: {field:?}");
        }
        let shown = load(id, Depth::True).style(Token::SelectedRow);
        let base = load(id, Depth::True).style(Token::Base).bg;
        if let (Some(row), Some(base)) =
            (shown.bg.and_then(colour::exact), base.and_then(colour::rgb))
        {
            let apart = sight::lab(row).difference(sight::lab(base));
            assert!(apart >= 3.0, "{id}: {apart:.1}");
        }
    }
}

/// On raised grounds lie bars and dialogs.
#[test]
fn text_and_statuses_keep_a_contrast_of_4_5_also_on_the_selected_row() {
    for theme in painted() {
        let least = if theme.name == "High Contrast" {
            7.0
        } else {
            4.5
        };
        for (word, token) in measure::INKS.into_iter().chain([("accent", Token::Accent)]) {
            for ground in [Token::Base, Token::Overlay] {
                let [plain, selected] =
                    measure::contrasts(&theme, token, ground).map(Option::unwrap);
                let name = &theme.name;
                assert!(plain >= least, "{name} {word} on {ground:?}: {plain:.2}");
                assert!(selected >= 4.5, "{name} {word} selected: {selected:.2}");
            }
        }
        for token in [
            Token::Neutral,
            Token::Second,
            Token::Match,
            Token::StrangerLabel,
        ] {
            let [plain, _] = measure::contrasts(&theme, token, Token::Base).map(Option::unwrap);
            assert!(plain >= least, "{} {token:?}: {plain:.2}", theme.name);
        }
    }
}

#[test]
fn blue_yellow_and_vermilion_are_told_apart_without_any_kind_of_cones() {
    let theme = load("okabe-ito", Depth::True);
    for eyes in sight::Eyes::ALL {
        let apart = measure::apart(&theme, eyes).unwrap();
        assert!(apart >= 15.0, "{}: {apart:.1}", eyes.word());
    }
}

#[test]
fn with_few_colours_statuses_keep_one_each_and_none_is_lost_in_the_ground() {
    let four = [Token::Ok, Token::Info, Token::Warn, Token::Danger];
    for id in ids().filter(|id| *id != "monochrome") {
        for depth in [Depth::True, Depth::Ansi256, Depth::Ansi16] {
            let theme = load(id, depth);
            let colours = four.map(|token| theme.style(token).fg.unwrap());
            for (n, colour) in colours.iter().enumerate() {
                assert!(
                    !colours[..n].contains(colour),
                    "{id} {depth:?}: {colours:?}"
                );
            }
            let ground = theme.style(Token::Base).bg;
            for token in Token::ALL {
                let style = theme.style(*token);
                let below = style.bg.or(ground);
                let lost = style
                    .fg
                    .is_some_and(|fg| Some(fg) == below && fg != Color::Reset);
                assert!(!lost, "{id} {depth:?} {token:?}: {style:?}");
            }
        }
    }
}

#[test]
fn a_stacked_chart_has_four_colours() {
    let four = [
        Token::ChartCustomer,
        Token::ChartMicrosoft,
        Token::ChartBuffered,
        Token::ChartDropped,
    ];
    for theme in painted() {
        let colours = four.map(|token| theme.style(token).fg.and_then(colour::exact).unwrap());
        let apart = sight::nearest_pair(&colours, sight::Eyes::Normal).unwrap();
        assert!(apart >= 15.0, "{}: {apart:.1}", theme.name);
    }
}

#[test]
fn who_names_no_theme_gets_one_the_terminal_can_show() {
    let of = |depth| Theme::load(None, None, depth, glyphs::ASCII).unwrap().name;
    assert_eq!(of(Depth::True), "Catppuccin Mocha");
    assert_eq!(of(Depth::Ansi256), "Catppuccin Mocha");
    assert_eq!(of(Depth::Ansi16), "Terminal");
    assert_eq!(of(Depth::None), "Monochrome");
}

#[test]
fn without_colour_no_colour_is_used_and_the_cursor_still_shows() {
    let theme = load("catppuccin-mocha", Depth::None);
    for style in &theme.styles {
        for colour in [style.fg, style.bg].into_iter().flatten() {
            assert_eq!(colour, Color::Reset);
        }
    }
    let row = theme.style(Token::SelectedRow);
    assert!(row.add_modifier.contains(Modifier::REVERSED));
}

#[test]
fn a_mistake_names_file_line_key_and_the_nearest_word() {
    let wrong = |text: &str| file::parse("mine.toml", text).unwrap_err().to_string();
    assert_eq!(
        wrong("[surface]\nbase = 3\n"),
        "mine.toml:2: a colour in quotes or a style like { fg = \"#rrggbb\", bold = true } belongs here"
    );
    assert_eq!(
        wrong("[theme]\nname = \"x\"\n[status]\nwran = \"#ffffff\"\n"),
        "mine.toml:4: [status] key \"wran\" is not known; did you mean warn?"
    );
    assert_eq!(
        wrong("[staus]\nok = \"#ffffff\"\n"),
        "mine.toml:1: section \"staus\" is not known; did you mean status?"
    );
    assert_eq!(
        wrong("[palette]\nink = \"#fff\"\n"),
        "mine.toml:2: \"#fff\" is no colour; write \"#rrggbb\""
    );
    assert_eq!(
        wrong("[palette]\nink = \"#ffffff\"\n[text]\nnormal = \"inc\"\n"),
        "mine.toml:4: colour \"inc\" is not known; did you mean ink?"
    );
    assert!(wrong("[text\n").starts_with("mine.toml:1: "));
    assert!(wrong("[text]\nnormal = { bolt = true }\n").contains("did you mean bold?"));
}

#[test]
fn all_mistakes_are_told_in_the_order_of_their_lines() {
    let text = "[theme]\nmode = \"drak\"\ncolour = \"x\"\n[text]\nnormal = \"inc\"\n[palette]\nink = \"#fff\"\n[staus]\n";
    let (_, wrong) = file::read("mine.toml", text);
    let told: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "mine.toml:2: mode \"drak\" is not known; did you mean dark?",
            "mine.toml:3: theme key \"colour\" is not known",
            "mine.toml:5: colour \"inc\" is not known; did you mean ink?",
            "mine.toml:7: \"#fff\" is no colour; write \"#rrggbb\"",
            "mine.toml:8: section \"staus\" is not known; did you mean status?",
        ]
    );
}

const SMALL: &str = r##"
[palette]
ink = "#d0d0d0"
night = "#181818"
[surface]
base = { fg = "ink", bg = "night" }
[text]
normal = "ink"
[accent]
primary = "#80b0ff"
[border]
normal = "#505050"
focused = "#80b0ff"
danger = "#ff8080"
title = "ink"
[status]
ok = "#80e080"
info = "#80d0e0"
warn = "#e0d060"
danger = "#ff8080"
neutral = "ink"
"##;

#[test]
fn a_small_theme_is_whole_and_can_be_read() {
    // The same with the terminal's own ground and inks.
    let plain = SMALL
        .replace("\"#d0d0d0\"", "\"default\"")
        .replace("\"#181818\"", "\"default\"");
    // And by day, with inks of their own.
    let day = SMALL
        .replace("#d0d0d0", "#303030")
        .replace("#181818", "#fafafa")
        .replace("#80e080", "#206020")
        .replace("#80d0e0", "#106070")
        .replace("#e0d060", "#705000")
        .replace("#ff8080", "#a01010")
        .replace("#80b0ff", "#1040a0");
    for (text, painted) in [(SMALL, true), (&plain, false), (&day, true)] {
        let load =
            |depth| Theme::load(Some("small.toml"), Some(text), depth, glyphs::ASCII).unwrap();
        for depth in DEPTHS {
            let theme = load(depth);
            for (token, style) in Token::ALL.iter().zip(&theme.styles) {
                assert_ne!(*style, Style::new(), "{depth:?} {token:?}");
            }
            let (row, base) = (theme.style(Token::SelectedRow), theme.style(Token::Base));
            assert!(folded(row) || row.bg != base.bg, "{depth:?}: {row:?}");
        }
        let theme = load(Depth::True);
        let (text, base) = (theme.style(Token::Text), theme.style(Token::Base));
        for quiet in [Token::Muted, Token::Faint] {
            assert_ne!(theme.style(quiet), text, "{quiet:?}");
        }
        if painted {
            for token in [
                Token::Raised,
                Token::Overlay,
                Token::Field,
                Token::SelectedRow,
            ] {
                assert_ne!(theme.style(token).bg, base.bg, "{token:?}");
            }
            for (word, token) in measure::INKS {
                for seen in measure::contrasts(&theme, token, Token::Overlay) {
                    assert!(seen.unwrap() >= 4.5, "{word}: {seen:?}");
                }
            }
        } else {
            assert!(folded(theme.style(Token::SelectedRow)));
        }
    }
}

#[test]
fn a_theme_of_one_colour_has_the_terminals_own_for_the_rest() {
    let text = "[status]\nok = \"#00ff00\"\n";
    let theme = Theme::load(Some("one.toml"), Some(text), Depth::True, glyphs::ASCII).unwrap();
    assert_eq!(theme.name, "one.toml");
    assert_eq!(theme.style(Token::Approved).fg, Some(Color::Rgb(0, 255, 0)));
    assert_eq!(theme.style(Token::Danger).fg, Some(Color::Red));
    assert_eq!(theme.style(Token::Base).bg, Some(Color::Reset));
}

#[test]
fn a_theme_stands_on_the_one_it_inherits() {
    let text =
        "[theme]\nname = \"Small\"\ninherits = \"catppuccin-mocha\"\n[status]\nok = \"#00ff00\"\n";
    let theme = Theme::load(Some("small.toml"), Some(text), Depth::True, glyphs::ASCII).unwrap();
    assert_eq!(theme.name, "Small");
    assert_eq!(theme.style(Token::Approved).fg, Some(Color::Rgb(0, 255, 0)));
    assert!(theme.style(Token::Base).bg.is_some());
}

fn own(id: &str, text: &str) -> Own {
    Own {
        id: id.to_owned(),
        file: format!("themes/{id}.toml"),
        text: Ok(text.to_owned()),
    }
}

#[test]
fn own_themes_come_before_those_that_ship_and_stand_on_either() {
    let library = Library {
        own: vec![
            own(
                "mine",
                "[theme]\ninherits = \"house\"\n[status]\nok = \"#00ff00\"\n",
            ),
            own(
                "house",
                "[theme]\nname = \"House\"\nmode = \"light\"\ninherits = \"nord\"\n",
            ),
            own(
                "nord",
                "[theme]\nname = \"Our Nord\"\ninherits = \"nord\"\n[status]\nwarn = \"#ffff00\"\n",
            ),
        ],
    };
    let theme = library
        .load(Some("mine"), None, Depth::True, glyphs::ASCII)
        .unwrap();
    assert_eq!((theme.name.as_str(), theme.mode), ("mine", Mode::Light));
    assert_eq!(theme.style(Token::Ok).fg, Some(Color::Rgb(0, 255, 0)));
    assert_eq!(theme.style(Token::Warn).fg, Some(Color::Rgb(255, 255, 0)));
    // Nord as it ships, under the one of the same name.
    assert_eq!(
        theme.style(Token::Danger).fg,
        load("nord", Depth::True).style(Token::Danger).fg
    );
    let listed = library.list();
    assert_eq!(listed.len(), SHIPPED.len() + 2);
    assert_eq!(listed[2].name, "Our Nord");
    assert_eq!(listed[1].mode, Mode::Light);
}

#[test]
fn what_cannot_be_found_under_a_theme_is_told_where_it_is_named() {
    let mut library = Library {
        own: vec![
            own("one", "[theme]\ninherits = \"two\"\n"),
            own("two", "\n\n[theme]\ninherits = \"one\"\n"),
            own("lost", "[theme]\nname = \"x\"\ninherits = \"nrod\"\n"),
        ],
    };
    let wrong = |library: &Library, id| {
        let loaded = library.load(Some(id), None, Depth::True, glyphs::ASCII);
        loaded.unwrap_err().to_string()
    };
    assert!(wrong(&library, "one").contains("inherits runs in a circle"));
    let lost = wrong(&library, "lost");
    assert!(
        lost.starts_with("themes/lost.toml:3: there is no theme \"nrod\"; did you mean nord?"),
        "{lost}"
    );
    assert!(wrong(&library, "onne").contains("did you mean one?"));
    library.own[1].text = Err("permission denied".to_owned());
    assert_eq!(
        wrong(&library, "one"),
        "themes/two.toml:1: cannot be read: permission denied"
    );
    assert!(library.list().iter().any(|l| l.id == "two"));
}
