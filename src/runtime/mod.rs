//! The one place where the world meets wall clocks, threads and files: submit, elapse, publish.
//!
//! ```text
//! host     the synchronous core: World + journal + clock + outbox; the command line uses it directly
//! handle   one engine thread that owns a Host; faces send commands and receive views
//! clock    wall time ↔ simulated time, and who makes it run
//! effects  the outbox: facts that leave the world as files
//! logs     segments follow the world; records come in
//! query    questions are decided here, and run elsewhere
//! keys     the real keys follow the world; what people do with them
//! past     the world as it was, at any event
//! branch   what-if worlds, in memory
//! ```

pub mod branch;
pub mod clock;
pub mod effects;
pub mod error;
pub mod founding;
pub mod handle;
pub mod host;
pub mod keys;
pub mod logs;
pub mod past;
pub mod query;
mod watch;

pub use clock::{ClockCommand, ManualWall, Reading, SystemWall, Wall};
pub use error::HostError;
pub use founding::{Founding, fingerprint};
pub use handle::{Cue, Handle, Stage, View};
pub use host::{Host, Receipt};
pub use keys::{KeyImport, KeyReply, KeyUse};
pub use logs::{Block, Ingested};
pub use past::{Glimpse, Look, Only, Past};
pub use query::{Ask, Peek, Prepared, Reply, Tables};
