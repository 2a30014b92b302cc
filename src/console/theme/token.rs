//! The tokens a theme gives a style to. Painting indexes an array by token; nothing is looked up by text.

macro_rules! tokens {
    ($($variant:ident = $section:literal . $name:literal < $fallback:ident),* $(,)?) => {
        /// What a piece of the screen means.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Token { $($variant),* }

        impl Token {
            pub const ALL: &'static [Token] = &[$(Token::$variant),*];

            /// Section and key in a theme file.
            pub fn place(self) -> (&'static str, &'static str) {
                match self { $(Token::$variant => ($section, $name)),* }
            }

            /// The token whose style it takes when a theme does not name it and nothing better can be made of
            /// the rest; itself for the few that have no like.
            pub fn fallback(self) -> Token {
                match self { $(Token::$variant => Token::$fallback),* }
            }
        }
    };
}

tokens! {
    Base = "surface"."base" < Base,
    Raised = "surface"."raised" < Base,
    Overlay = "surface"."overlay" < Raised,
    Text = "text"."normal" < Text,
    Strong = "text"."strong" < Text,
    Muted = "text"."muted" < Text,
    Faint = "text"."faint" < Muted,
    Link = "text"."link" < Accent,
    Accent = "accent"."primary" < Accent,
    Second = "accent"."secondary" < Accent,
    Border = "border"."normal" < Border,
    BorderFocused = "border"."focused" < Accent,
    BorderDanger = "border"."danger" < Danger,
    Heading = "border"."title" < Strong,
    SelectedRow = "selection"."row" < SelectedRow,
    Match = "selection"."match" < Accent,
    Changed = "change"."changed" < Changed,
    Ok = "status"."ok" < Ok,
    Info = "status"."info" < Info,
    Warn = "status"."warn" < Warn,
    Danger = "status"."danger" < Danger,
    Neutral = "status"."neutral" < Muted,
    Pending = "request"."pending" < Warn,
    Approved = "request"."approved" < Ok,
    Denied = "request"."denied" < Danger,
    Expired = "request"."expired" < Neutral,
    Completed = "request"."completed" < Neutral,
    Failed = "request"."failed" < Danger,
    TableHeader = "table"."header" < Muted,
    Number = "table"."number" < Text,
    Time = "table"."time" < Muted,
    Id = "table"."id" < Accent,
    Bar = "bar"."base" < Raised,
    BarKey = "bar"."keys_key" < Accent,
    BarText = "bar"."keys_text" < Text,
    BarDisabled = "bar"."keys_disabled" < Faint,
    Crumb = "bar"."crumbs" < Muted,
    CrumbCurrent = "bar"."crumbs_current" < Strong,
    Simulation = "bar"."simulation" < Warn,
    Live = "bar"."mode_live" < Ok,
    Paused = "bar"."mode_paused" < Warn,
    ModalFrame = "modal"."frame" < BorderFocused,
    ModalTitle = "modal"."title" < Strong,
    Button = "modal"."button" < Field,
    ButtonFocused = "modal"."button_focused" < SelectedRow,
    ButtonDanger = "modal"."button_danger" < ButtonFocused,
    Hint = "modal"."hint" < Muted,
    Field = "modal"."field" < Overlay,
    ToastInfo = "toast"."info" < Info,
    ToastOk = "toast"."ok" < Ok,
    ToastWarn = "toast"."warn" < Warn,
    Stranger = "stranger"."text" < Text,
    StrangerLabel = "stranger"."label" < Warn,
    StrangerBar = "stranger"."bar" < StrangerLabel,
    ChartCustomer = "chart"."customer" < Ok,
    ChartMicrosoft = "chart"."microsoft" < Info,
    ChartBuffered = "chart"."buffered" < Warn,
    ChartDropped = "chart"."dropped" < Danger,
    ChartCapacity = "chart"."capacity" < Second,
    ChartThreshold = "chart"."threshold" < Faint,
    ChartAxis = "chart"."axis" < Muted,
}
