//! The presenter's journey by keys alone: a key is revoked, the fuses burn, data is lost; it is restored, time is
//! rewound, a branch begins and the two futures stand side by side. A test plays it, and the README's recording.

use std::time::Duration;

use super::pty::Pty;

pub const ENTER: &str = "\r";
pub const TAB: &str = "\t";
pub const ESC: &str = "\u{1b}";

/// Text of the screen with all white space and borders folded, to find sentences that were wrapped.
pub fn folded(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || "│┃┌┐└┘─║╭╮╰╯▌▐|".contains(c))
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Opens the revocation of the cluster in Korea from wherever one is.
fn revocation(console: &mut Pty) {
    console.send("gc");
    console.wait_for("› Clusters");
    console.send("/la-cluster-kr\r");
    console.send("R");
    console.wait_for("FROM THE VAULT TO THE DATA");
}

/// From consequence to consequence, until the screen shows something.
fn onward(console: &mut Pty, what: &str) {
    for _ in 0..60 {
        if console.text().contains(what) {
            break;
        }
        console.send("}");
        console.settle(Duration::from_millis(80));
    }
    console.wait_for(what);
}

/// Asks the workspace that lies on it how many requests there are.
fn ask(console: &mut Pty, first: bool) {
    console.send("gw");
    console.wait_for("› Workspaces");
    console.send("/law-payments\r");
    console.send("Q");
    if first {
        console.wait_for("Not asked yet.");
        console.send("AppRequests | count");
    }
    console.send("\u{12}");
}

/// From a question back to the list; a key too soon after Esc would be one with Alt.
fn back(console: &mut Pty) {
    console.send(ESC);
    console.wait_until("the list of workspaces", |text| {
        !text.contains("Query law-payments")
    });
}

/// From the overview of a console of 120 columns and back to its live world.
pub fn present(console: &mut Pty) {
    revocation(console);
    console.wait_for("CmkActive");

    // Disabled after a preview.
    console.send(ENTER);
    console.wait_until("what follows", |text| {
        folded(text).contains("la-cluster-kr loses access to its data")
    });
    console.linger(console.pace * 2);
    console.send(TAB);
    console.send(ENTER);
    console.wait_for("burning");

    // The fuses burn at 60 times the speed.
    for rate in [" 2x", " 10x", " 60x"] {
        console.send("=");
        console.wait_for(rate);
    }
    console.wait_until("the fuse burns down", |text| folded(text).contains("58m"));
    console.wait_until("the fuse burns on", |text| folded(text).contains("57m"));
    onward(console, "✖ Revoked");
    console.wait_for("for ever");

    // A question fails, and the loss counts.
    ask(console, true);
    console.wait_for("E-QRY-01");
    back(console);
    revocation(console);
    console.wait_until("bytes are lost", |text| {
        let text = folded(text);
        text.contains("✖ dropped") && text.contains("for ever")
    });

    // Restored, by the step of the way back.
    for _ in 0..9 {
        console.send("j");
    }
    console.send(ENTER);
    console.wait_for("Enabled");
    console.send(TAB);
    console.send(ENTER);
    onward(console, "CmkActive");
    ask(console, false);
    console.wait_until("an answer", |text| {
        text.contains("blocks opened") && !text.contains("Esc cancels")
    });
    back(console);

    // Back to just before it was disabled.
    console.send("go ");
    console.wait_for("paused");
    for _ in 0..200 {
        console.send("{");
        console.settle(Duration::from_millis(80));
        if folded(&console.text()).contains("DISABLED") {
            break;
        }
    }
    console.wait_for("PAST");
    console.wait_for("DISABLED");
    console.send("<");
    console.wait_until("what was before", |text| !text.contains("DISABLED"));

    // The past is read-only; a branch of it is not.
    console.send("gb");
    console.wait_for("BRANCH of");
    console.send("gx");
    console.wait_for("Two futures");
    console.wait_until("what was lost and what was not", |text| {
        folded(text).contains("dropped for good, modelled")
    });
    console.linger(console.pace * 2);
    console.send("ge");
    console.wait_until("the live world", |text| !text.contains("BRANCH of"));
}
