//! How lists are looked at: filter, order, columns, the pane beside them, marks and what is decided together.

use lockbox::console::app::{Effect, Input};
use lockbox::console::rows::ItemId;
use lockbox::engine::Span;
use lockbox::engine::lockbox::request::Status;

use crate::scene::{Scene, many, one};
use crate::stage::person;

const SIZE: (u16, u16) = (120, 30);

fn list(keys: &str) -> Scene {
    let mut scene = Scene::new(many(), person("ann"), SIZE);
    scene.press(keys);
    scene
}

fn rows(scene: &Scene) -> Vec<String> {
    let ids = scene.app.page().ids.iter();
    let named = |id: &ItemId| match id {
        ItemId::Request(id) => id.to_string(),
        other => format!("{other:?}"),
    };
    ids.map(named).collect()
}

#[test]
fn a_filter_has_fields_nots_and_ages_and_says_what_is_no_column() {
    let mut scene = list("g r");
    let all = rows(&scene).len();
    scene.press("/").type_text("status:denied").press("enter");
    let waiting = rows(&scene).len();
    assert!(waiting > 0 && waiting < all, "{waiting} of {all}");
    scene
        .press("esc /")
        .type_text("!status:denied")
        .press("enter");
    assert_eq!(rows(&scene).len(), all - waiting);
    scene.press("esc /").type_text("age>1s").press("enter");
    let old = rows(&scene).len();
    scene.press("esc /").type_text("!age>1s").press("enter");
    assert_eq!(rows(&scene).len(), all - old);
    scene.press("esc /").type_text("staus:waiting");
    scene.shows("staus is no column; did you mean status?");
    scene.press("esc");
    assert_eq!(rows(&scene).len(), all);
}

#[test]
fn an_age_goes_on_while_nothing_happens() {
    let mut scene = Scene::new(one(), person("ann"), SIZE);
    scene.press("g p /").type_text("left<3d").press("enter");
    assert!(rows(&scene).is_empty());
    scene.stage.wait(Span::hours(30));
    scene.text();
    assert_eq!(rows(&scene).len(), 1);
}

#[test]
fn a_list_sorts_by_key_and_by_a_click_and_the_title_says_so() {
    let mut scene = list("g r s");
    scene.shows("By REQUEST, smallest first.");
    let up = rows(&scene);
    assert!(up.is_sorted());
    scene.press("S").shows("largest first");
    let down = rows(&scene);
    assert!(down.iter().rev().eq(up.iter()));
    scene.shows("REQUEST↓");
    // A click on the same title once more: as the list has it.
    scene.text();
    scene.input(Input::Click(4, 2));
    scene.shows("In the order of the list.");
    assert_eq!(scene.app.page().view.sort, None);
    // The cursor stays on its thing whatever the order.
    scene.press("G");
    let held = scene.app.page().cursor.clone();
    scene.press("s S");
    assert_eq!(scene.app.page().cursor, held);
}

#[test]
fn columns_are_put_away_moved_scrolled_and_brought_back() {
    let mut scene = list("g r");
    scene.shows("LEVEL");
    let at = scene.app.page().blade.columns();
    let level = at
        .iter()
        .filter(|c| !c.title.is_empty())
        .position(|c| c.title == "LEVEL");
    scene.press("|");
    scene.shows("[x] LEVEL");
    for _ in 0..level.unwrap() {
        scene.press("j");
    }
    scene.press("space").shows("[ ] LEVEL");
    scene.press("K K K K K K K K esc").hides("LEVEL");
    scene.press("|");
    scene.press("space esc");
    let header = scene.text().lines().nth(2).unwrap().to_owned();
    assert!(
        header.trim_start_matches(['"', ' ']).starts_with("LEVEL"),
        "{header}"
    );
    scene.press("U U").hides("LEVEL  REQUEST");
    scene.press("shift-right").shows("1 columns left");
    scene.press("shift-left").hides("columns left");
    // What is left alone stays: one column at least.
    scene.press("| d");
    let columns = scene
        .app
        .page()
        .view
        .ordered(scene.app.page().blade.columns());
    for _ in 1..columns.len() {
        scene.press("space j");
    }
    scene.press("space").shows("One column has to stay.");
    scene.press("d esc").shows("LEVEL");
}

#[test]
fn how_a_kind_of_list_is_looked_at_is_remembered_and_taken_back() {
    let mut scene = list("g r s s /");
    scene.type_text("lb").press("enter g c g r");
    assert!(scene.app.page().view.sort.is_some());
    // A filter is called back, and never hides anything by itself.
    assert_eq!(scene.app.page().view.filter, "");
    scene.press("/ up").shows("/lb");
    scene.press("up");
    assert_eq!(scene.app.page().view.filter, "lb", "there is none before");
    scene.press("enter esc U").shows("/lb");
    scene.press("g p");
    assert_eq!(scene.app.page().view.filter, "", "another list has its own");
}

#[test]
fn what_a_row_is_about_stands_beside_the_list_or_below_it() {
    let mut scene = list("g r");
    scene.hides("Who can decide");
    scene.press("tab").shows("Who can decide");
    let width = scene.app.detail;
    scene.press("]");
    assert!(scene.app.detail > width);
    scene.input(Input::Resize(80, 24));
    scene.shows("REQUEST");
    scene.check();
    scene.press("tab");
    assert_eq!(scene.app.detail, None);
    // A row that has no page is told in full.
    scene.input(Input::Resize(120, 30));
    scene.press("g h tab").shows("WHAT HAPPENED");
    scene.shows("and no access was given.");
}

#[test]
fn several_are_denied_together_with_the_count_typed_and_one_by_one_on_the_record() {
    let mut scene = list("g p");
    let waiting = rows(&scene);
    let before = scene.app.page().ids.clone();
    scene.press("m m m").shows("3 marked");
    scene.press("d").shows("Deny 3 requests?");
    scene.shows("DENY 3");
    for id in &waiting[..3] {
        scene.shows(id);
    }
    scene.type_text("not now").press("tab");
    scene.type_text("DENY 4").press("enter");
    scene.shows("Type DENY 3 first.");
    scene
        .press("ctrl-u")
        .type_text("deny 3")
        .press("enter enter");
    scene.shows("3 denied.");
    assert_eq!(rows(&scene).len(), waiting.len() - 3);
    assert!(scene.app.page().marks.is_empty());
    for id in before.iter().take(3) {
        let ItemId::Request(id) = id else { panic!() };
        assert_eq!(scene.stage.status(*id), Status::Denied);
        let decision = scene.stage.world.lockbox.requests[id]
            .decision
            .clone()
            .unwrap();
        assert_eq!(decision.reason.raw(), "not now");
    }
    scene.press("g l").shows("Deny Lockbox Request");
}

#[test]
fn all_are_marked_and_esc_unmarks_before_it_goes_anywhere() {
    let mut scene = list("g p M");
    let count = scene.app.page().ids.len();
    scene.shows(&format!("{count} marked"));
    scene
        .press("a")
        .shows(&format!("Approve {count} requests?"));
    scene.press("enter").shows("Nothing was done");
    scene.press("esc");
    assert!(scene.app.page().marks.is_empty());
    assert_eq!(scene.app.stack.len(), 2);
    // What a filter hides is not acted on.
    scene.press("M /").type_text("lb-000001").press("enter");
    assert!(scene.app.page().marks.len() <= 1);
}

#[test]
fn a_console_that_only_reads_says_so_and_does_nothing() {
    let mut scene = list("g p");
    scene.app.readonly = true;
    let before = scene.stage.world.revision;
    scene.press("a").shows("This console only reads");
    assert!(scene.app.modal.is_none());
    scene.press("space").shows("This console only reads");
    scene.press("n").shows("This console only reads");
    assert_eq!(scene.stage.world.revision, before);
    scene.press("enter").shows("Who can decide");
}

#[test]
fn a_row_that_changed_is_tinted_until_the_next_key() {
    let mut scene = list("g r");
    scene.text();
    let ItemId::Request(id) = scene.app.page().ids[0].clone() else {
        panic!()
    };
    let before = scene.stage.status(id);
    scene.stage.wait(Span::days(5));
    scene.text();
    assert_ne!(scene.stage.status(id), before, "it expired");
    assert!(scene.app.page().changed.contains(&ItemId::Request(id)));
    scene.press("j");
    assert!(scene.app.page().changed.is_empty());
}

#[test]
fn the_cursor_follows_what_is_new_until_it_is_moved() {
    let mut scene = Scene::new(one(), person("ann"), SIZE);
    scene.press("g r f").shows("following");
    scene.stage.pending();
    scene.text();
    let newest = scene.app.page().ids.iter().max().cloned();
    assert_eq!(scene.app.page().cursor, newest);
    scene.press("k").hides("following");
}

#[test]
fn a_list_is_written_as_it_is_shown() {
    let mut scene = list("g r /");
    scene.type_text("lb-00000").press("enter s ctrl-e");
    scene.shows("Write the list to a file");
    scene.press("ctrl-u").type_text("out.txt").press("enter");
    scene.shows("a name ends with .csv, .json or .md");
    for (name, begins) in [
        ("out.csv", "request,"),
        ("out.json", "[\n  {"),
        ("out.md", "Simulation: All requests\n\n| REQUEST"),
    ] {
        scene.press("ctrl-e ctrl-u").type_text(name);
        let enter = lockbox::console::input::key::sequence("enter").unwrap();
        let effects = scene.key(enter[0]);
        let [Effect::Export { name: to, text }] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert_eq!(to, name);
        assert!(text.starts_with(begins), "{text}");
        assert!(
            text.contains("LB-000009") && !text.contains("LB-000010"),
            "{text}"
        );
    }
}

#[test]
fn a_paste_is_held_to_what_fits_and_says_so() {
    let mut scene = list("g p");
    let mega = "batch ".repeat(170_000);
    scene.input(Input::Paste(mega.clone()));
    scene.shows("Nothing takes text here.");
    scene.press("/");
    scene.input(Input::Paste("batch".into()));
    scene.hides("no more fit");
    scene.input(Input::Paste(mega.clone()));
    assert_eq!(scene.app.page().view.filter.chars().count(), 200);
    scene.press("esc a");
    scene.press("tab tab tab");
    scene.input(Input::Paste(mega));
    scene.shows("pasted characters were taken; no more fit here");
    scene.check();
}

fn with_keys(text: &str) -> Scene {
    let keymap = lockbox::console::input::keyfile::read("keys.toml", text).unwrap();
    let mut scene = Scene::with_keys(many(), person("ann"), SIZE, keymap);
    scene.press("g p");
    scene
}

#[test]
fn a_key_of_ones_own_works_and_is_what_bar_help_and_palette_show() {
    let mut scene = with_keys(
        "[[unbind]]\non = \"d\"\nscope = \"request\"\n\
         [[bind]]\non = [\"x\", \"g D\"]\ndo = \"request.deny\"\n\
         [aliases]\nno = \"request.deny\"\n",
    );
    scene.shows("x deny");
    scene.press("d").shows("d does nothing");
    scene.press("x").shows("Deny LB-");
    scene.press("esc g").shows("D   Deny");
    scene.press("D").shows("Deny LB-");
    scene.press("esc ?").shows("x  g D");
    scene.press("esc :").type_text("NO").press("enter");
    scene.shows("Deny LB-");
    scene.press("esc :").type_text("request.deny").shows("x │");
}

#[test]
fn after_the_first_key_of_a_sequence_a_panel_says_what_may_follow() {
    for size in [(120, 30), (80, 24), (40, 12)] {
        let mut scene = Scene::new(many(), person("ann"), size);
        scene.press("g").shows(" g … ");
        scene.shows(if size.0 > 40 {
            "Key vaults"
        } else {
            "v vaults"
        });
        scene.check();
        let before = scene.app.stack.len();
        scene.press("esc").hides(" g … ");
        assert_eq!(scene.app.stack.len(), before, "esc gives the sequence up");
    }
    // It can be clicked.
    let mut scene = list("g");
    let screen = scene.text();
    let (y, line) = screen
        .lines()
        .enumerate()
        .find(|(_, line)| line.contains("Access grants"))
        .unwrap();
    let x = line.chars().position(|c| c == 'A').unwrap();
    scene.input(Input::Click(
        u16::try_from(x).unwrap(),
        u16::try_from(y).unwrap(),
    ));
    scene.shows("› Access grants");
}

#[test]
fn a_count_moves_goes_to_a_row_and_never_decides() {
    let mut scene = list("g r 5 j");
    assert_eq!(scene.app.page().index, 5);
    scene.press("1 2").shows(" 12 ");
    scene.press("G");
    assert_eq!(scene.app.page().index, 11);
    scene.press("1 0 k");
    assert_eq!(scene.app.page().index, 1);
    scene.press("3 esc j");
    assert_eq!(scene.app.page().index, 2);
    scene.press("9 9 9 9 9 9 j");
    assert_eq!(scene.app.page().index, 44);
    scene.press("g p 3 a").shows("A count does nothing here");
    scene.shows("Approve LB-");
    let mut scene = list("2 n");
    scene.text();
    // Where digits are keys, they are keys.
    scene.press("g l 3").shows("Deny Lockbox Request");
}

#[test]
fn a_dot_does_the_last_thing_again_where_the_cursor_is_now() {
    let mut scene = list(".");
    scene.shows("Nothing was done yet");
    scene.press("g p d").shows("Deny LB-000020?");
    scene.press("esc j .").shows("Deny LB-000024?");
    assert!(scene.stage.world.lockbox.requests.values().count() > 0);
    // It asks again; nothing is decided by it.
    scene.press("esc g c .");
    assert!(scene.app.modal.is_none() || scene.app.page().blade.title() == "Clusters");
}

#[test]
fn the_palette_finds_actions_things_ids_and_people_and_nothing_that_may_not_be_seen() {
    let first = |scene: &mut Scene, typed: &str| {
        scene.press(":").type_text(typed).text();
        scene.press("enter");
    };
    let mut scene = Scene::new(crate::keys::keys(), person("ann"), SIZE);
    // Letters in their order, with others between.
    first(&mut scene, "gopend");
    assert_eq!(scene.app.page().blade.title(), "Pending requests");
    first(&mut scene, "clprod");
    assert_eq!(scene.app.page().blade.title(), "clprod");
    first(&mut scene, "kv-prod");
    assert_eq!(scene.app.page().blade.title(), "kv-prod");
    scene
        .press(":")
        .type_text("nobody-has-this")
        .shows("Nothing is called that.");
    scene.press("esc");

    let mut scene = list("g p");
    let id = rows(&scene)[0].clone();
    let short = id.replace("LB-0000", "lb");
    first(&mut scene, &short);
    assert_eq!(scene.app.page().blade.title(), id);
    scene
        .press(":")
        .type_text("lb999999")
        .shows("Nothing is called that.");
    scene.press("esc :").type_text("bo").shows("Act as bo");
    scene.press("esc");

    // A stranger's cluster is neither offered nor hinted at.
    let mut scene = Scene::new(crate::keys::keys(), person("con"), SIZE);
    scene.press(":").type_text("clprod").text();
    let seen = scene.text().contains("clprod");
    let listed = lockbox::console::blades::Blade::Clusters;
    scene.press("esc");
    scene.app.jump(listed);
    assert_eq!(
        seen,
        scene.text().contains("clprod"),
        "what one sees is what one finds"
    );
}

#[test]
fn back_and_forward_keep_cursor_and_filter_and_bookmarks_are_gone_to() {
    let mut scene = list("g r 3 j");
    let held = scene.app.page().cursor.clone();
    scene.press("/").type_text("lb").press("enter");
    scene.press("g p g a");
    scene.press("alt-left").shows("› Pending requests");
    scene.press("backspace").shows("› All requests");
    assert_eq!(scene.app.page().view.filter, "lb");
    scene.press("alt-right").shows("› Pending requests");
    scene
        .press("alt-right alt-right")
        .shows("There is no place after this one.");
    scene.shows("› Access grants");
    for _ in 0..10 {
        scene.press("alt-left");
    }
    scene.shows("This is where it began.");
    assert_eq!(scene.app.stack.len(), 1);

    scene.press("'").shows("There is no bookmark");
    scene.press("g r");
    scene.app.page_mut().select(&held.clone().unwrap());
    scene.press("b").shows("bookmark");
    scene.press("g a '").shows("Bookmarks");
    scene.press("enter").shows("› All requests");
    assert_eq!(scene.app.page().cursor, held);
    // Who sits down next is not told where somebody else was.
    scene.press("P").type_text("bo").press("enter");
    scene.press("'").shows("There is no bookmark");
    scene.press("alt-left").shows("This is where it began.");
    scene.press("b b").hides("bookmark  ");
}
